/** quantdesk analyze */
import type { Command } from "commander";
import { writeWhole } from "../../core/base/files.ts";
import { badInput } from "../../core/base/errors.ts";
import type { ConfigOverride } from "../../core/config/load.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { notYet } from "../failure.ts";
import { duration } from "../format.ts";
import { list, oneOf, outputFile, symbol } from "../parse.ts";
import { reading } from "../flags.ts";

interface AnalyzeFlags extends CommonFlags {
  readonly provider?: "rules" | "openai" | "vscode";
  readonly analysts?: readonly string[];
  readonly analyst?: string | boolean;
  readonly trace?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly baseUrl?: string;
  readonly model?: string;
}

export function addAnalyzeCommand(program: Command, context: Context): void {
  reading(program.command("analyze <symbol>").description("Let analysts judge a symbol: BUY, HOLD or SELL with reasons."))
    .option("--provider <name>", "rules, openai or vscode", oneOf("--provider", ["rules", "openai", "vscode"]))
    .option("--analysts <a,b>", "only these", list)
    .option("--no-analyst <a>", "without this one")
    .option("--trace <file>", "write the trace as OpenTelemetry-shaped JSON", outputFile("--trace"))
    .option("--record <dir>", "keep every model call")
    .option("--replay <dir>", "use kept model calls")
    .option("--base-url <url>", "OpenAI-compatible endpoint")
    .option("--model <name>", "model name")
    .action((name: string, flags: AnalyzeFlags) => {
      if (flags.provider === "vscode")
        throw badInput("no-vscode", "--provider vscode works inside VS Code only, where its language models are.", "Use --provider rules.");
      if (flags.provider === "openai") throw notYet("analyze --provider openai");
      if (typeof flags.analyst === "string") throw notYet("analyze --no-analyst");
      for (const flag of ["record", "replay", "baseUrl", "model"] as const)
        if (flags[flag] !== undefined) throw notYet(`analyze --${flag.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
      const overrides: ConfigOverride[] = flags.provider === undefined ? [] : [{ key: "analysts.provider", value: flags.provider, source: "flag" }];
      const wanted = symbol(name);
      return withSession(
        context,
        flags,
        async (session) => {
          const { io } = context;
          const analysis = await session.analyze(
            wanted,
            { onLine: (line) => io.say(line), ...(flags.analysts === undefined ? {} : { analysts: flags.analysts }) },
            context.signal,
          );
          if (flags.trace !== undefined) {
            const { traceJson } = await import("../../core/domain/trace.ts");
            await writeWhole(flags.trace, JSON.stringify(traceJson(analysis), null, 2));
          }
          if (flags.json === true) {
            io.json({ schema: "quantdesk.analysis/1", ...analysis });
            return;
          }
          io.data(
            `${analysis.simulated ? "SIMULATED " : ""}${analysis.symbol}: ${io.styleData("bold", analysis.action)}, confidence ${Math.round(analysis.confidence * 100)} %, in ${duration(analysis.durationMs)}`,
          );
          for (const opinion of analysis.opinions) io.data(`  ${opinion.analyst}: ${opinion.stance}. ${opinion.text}`);
          for (const reason of analysis.reasons) io.data(`  - ${reason}`);
          if (analysis.missing.length > 0) io.data(`  Missing: ${analysis.missing.join(", ")}`);
        },
        { overrides },
      );
    });
}
