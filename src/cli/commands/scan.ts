/** quantdesk scan */
import type { Command } from "commander";
import type { ConfigOverride } from "../../core/config/load.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT, notYet } from "../failure.ts";
import { fixed } from "../format.ts";
import { table } from "../io.ts";
import { finiteNumber, list, wholeNumber } from "../parse.ts";
import { common, reading } from "../flags.ts";

interface ScanFlags extends CommonFlags {
  readonly scanners?: readonly string[];
  readonly pipeline?: string;
  readonly scanner?: readonly string[];
  readonly sequential?: boolean;
  readonly workers?: number;
  readonly timeout?: number;
  readonly every?: string;
  readonly asOf?: string;
  readonly data?: string;
  readonly verify?: boolean;
  readonly strict?: boolean;
}

export function addScanCommand(program: Command, context: Context): void {
  reading(program.command("scan").description("Run scanners side by side and rank their candidates."))
    .option("--scanners <a,b>", "only these", list)
    .option("--pipeline <p>", "only this pipeline")
    .option("--scanner <file>", "a scanner file of yours, repeatable", (file: string, before: readonly string[] = []) => [...before, file])
    .option("--sequential", "one after another; finds the same candidates")
    .option("--workers <n>", "scanners at once", wholeNumber("--workers", 1, 64))
    .option("--timeout <s>", "seconds for each scanner", finiteNumber("--timeout", 0.01, 3600))
    .option("--every <s>", "again every so many seconds")
    .option("--as-of <date>", "as on that day")
    .option("--data <dir>", "prices for --as-of")
    .option("--verify", "compare concurrent with sequential, and the timeout and error cases")
    .option("--strict", "exit code 1 when any scanner fails")
    .action((flags: ScanFlags) => {
      for (const [flag, value] of [
        ["--every", flags.every],
        ["--as-of", flags.asOf],
        ["--data", flags.data],
      ] as const) {
        if (value !== undefined) throw notYet(`scan ${flag}`);
      }
      const overrides: ConfigOverride[] = [];
      if (flags.workers !== undefined) overrides.push({ key: "scanners.maxWorkers", value: flags.workers, source: "flag" });
      if (flags.timeout !== undefined) overrides.push({ key: "scanners.timeoutSeconds", value: flags.timeout, source: "flag" });
      return withSession(context, flags, (session) => (flags.verify === true ? verify(context, session, flags) : scan(context, session, flags)), { overrides });
    });

  common(program.command("scanners").description("List the scanners.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const names = session.scanner.names;
      if (flags.json === true) context.io.json({ schema: "quantdesk.scanners/1", scanners: names });
      else context.io.data(names.join("\n"));
    }),
  );
}

type Session = import("../../core/session.ts").Session;

async function scan(context: Context, session: Session, flags: ScanFlags): Promise<void> {
  const { io } = context;
  const result = await session.scan(
    {
      onLine: (line) => io.say(line),
      ...(flags.scanners === undefined ? {} : { scanners: flags.scanners }),
      ...(flags.pipeline === undefined ? {} : { pipeline: flags.pipeline }),
      ...(flags.scanner === undefined ? {} : { files: flags.scanner }),
      ...(flags.sequential === true ? { sequential: true } : {}),
    },
    context.signal,
  );
  const failed = result.scanners.filter((scanner) => scanner.status !== "ok" && scanner.status !== "skipped");
  if (!result.scanners.some((scanner) => scanner.status === "ok") || (flags.strict === true && failed.length > 0)) context.exitCode = EXIT.failed;
  if (flags.json === true) {
    io.json({ schema: "quantdesk.scan/1", ...result });
    return;
  }
  if (result.simulated) io.say(io.style("bold", "SIMULATED market"));
  io.data(
    result.candidates.length === 0
      ? "No candidates."
      : table(
          ["Symbol", "Score", "New", "Why"],
          result.candidates.slice(0, 25).map((c) => [c.symbol, fixed(c.score), c.new ? "new" : "", c.reasons.map((r) => `${r.scanner}: ${r.text}`).join("; ")]),
        ),
  );
}

async function verify(context: Context, session: Session, flags: ScanFlags): Promise<void> {
  const result = await session.scanner.verify({ onLine: (line) => context.io.say(line) }, context.signal);
  if (!result.ok) context.exitCode = EXIT.failed;
  if (flags.json === true) context.io.json(result);
  else context.io.data(result.ok ? "Concurrent and sequential agree; timeouts and errors stay with their scanner." : "Concurrent and sequential differ.");
}
