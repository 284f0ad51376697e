/** quantdesk test FILE… */
import { relative } from "node:path";
import type { Command } from "commander";
import type { AssertionReport, AssertionResult, ExpectationResult } from "../../core/domain/assertionReport.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { common } from "../flags.ts";
import { duration } from "../format.ts";
import { finiteNumber } from "../parse.ts";

const MARKS = { passed: "✓", failed: "✗", error: "✗", timeout: "⏱️" } as const;

export function addTestCommand(program: Command, context: Context): void {
  common(program.command("test <files...>").description("Run files of strategy assertions (expectBacktest); exit code 1 when one fails."))
    .option("--timeout <s>", "seconds for each file, its backtests included", finiteNumber("--timeout", 0.1, 86_400), 120)
    .action((files: readonly string[], flags: CommonFlags & { readonly timeout: number }) =>
      withSession(context, flags, async (session) => {
        let shown = "";
        const report = await session.test(
          files,
          {
            timeoutMs: flags.timeout * 1000,
            onBacktest: (file, done) => {
              if (file !== shown) context.io.say(`\n${context.io.style("bold", file)}`);
              shown = file;
              show(context, file, done);
            },
          },
          context.signal,
        );
        if (report.failed > 0 || report.passed === 0) context.exitCode = EXIT.failed;
        if (flags.json === true) context.io.json(report);
        else summary(context, report);
      }),
    );
}

function show({ io }: Context, file: string, { backtest, simulated, assertions }: ExpectationResult): void {
  io.say(`  ${backtest}${simulated ? " SIMULATED" : ""}`);
  for (const one of assertions) {
    io.say(`    ${io.style(one.status === "passed" ? "green" : "red", MARKS[one.status])} ${one.name}`);
    if (one.message !== undefined) io.say(`      ${io.style("red", one.message)}${placeOf(file, one)}`);
  }
}

function placeOf(file: string, { line, trade }: AssertionResult): string {
  const which =
    trade === undefined
      ? ""
      : `; trade ${trade.number}, bars ${trade.entryIndex} to ${trade.exitIndex}, ${trade.entryTime.slice(0, 10)} to ${trade.exitTime.slice(0, 10)}`;
  return `${which}${line === null ? "" : `\n      at ${relative(process.cwd(), file)}:${line}`}`;
}

function summary({ io }: Context, report: AssertionReport): void {
  for (const { error } of report.files) if (error !== null) io.say(`\n${io.style("red", MARKS.error)} ${error}`);
  io.data(`${report.passed} passed, ${report.failed} failed in ${duration(report.durationMs)}`);
}
