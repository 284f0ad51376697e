/** quantdesk walk-forward */
import type { Command } from "commander";
import { pricesText } from "../../core/domain/bars.ts";
import { badInput } from "../../core/base/errors.ts";
import { writeWhole } from "../../core/base/files.ts";
import { walkForwardSentence } from "../../core/domain/luck.ts";
import type { WalkForwardResult, WalkForwardSpec } from "../../core/domain/walkForward.ts";
import { withSession, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { duration, fixed, paramsText, percent } from "../format.ts";
import { table } from "../io.ts";
import { outputFile } from "../parse.ts";
import { poolOverrides } from "../runFlags.ts";
import { addSweepFlags, costsText, sweepSpec, withBar, type SweepFlags } from "../sweepFlags.ts";

interface WalkForwardFlags extends SweepFlags {
  readonly train?: string;
  readonly test?: string;
  readonly anchored?: boolean;
  readonly report?: string;
  readonly equity?: boolean;
}

export function addWalkForwardCommand(program: Command, context: Context): void {
  addSweepFlags(program.command("walk-forward").description("Choose parameters on past bars and try them on the bars after, again and again."))
    .option("--train <length>", "to choose on: bars (500) or a duration (2y, 6m, 13w, 90d)")
    .option("--test <length>", "to try on, right after it")
    .option("--anchored", "train on everything since the first bar")
    .option("--equity", "with the equity curve of the test windows")
    .option("--report <file>", "write an HTML page, as --heatmap does", outputFile("--report"))
    .action((flags: WalkForwardFlags) => walkForward(context, flags));
}

async function walkForward(context: Context, flags: WalkForwardFlags): Promise<void> {
  const { io } = context;
  const spec = walkForwardSpec(flags);
  await withSession(
    context,
    flags,
    async (session) => {
      const done = await withBar(io, (onProgress) => session.walkForward(spec, { onProgress }, context.signal));
      const { result } = done;
      const isCut = result.cancelled > 0;
      if (result.stats === null || isCut || (flags.strict === true && result.succeeded < result.run)) context.exitCode = EXIT.failed;
      for (const file of new Set([flags.report, flags.heatmap].filter((name) => name !== undefined))) {
        await writeWhole(file, await session.walkForwardReport(done));
        io.say(`Report: ${file}`);
      }
      const equity = flags.equity === true ? { equity: Array.from(done.equity, (value, i) => [new Date(done.time[i]!).toISOString(), value]) } : {};
      if (flags.json === true) io.json({ ...result, ...equity });
      else print(context, result);
    },
    { overrides: poolOverrides(flags) },
  );
}

function walkForwardSpec(flags: WalkForwardFlags): WalkForwardSpec {
  const { train, test, anchored = false } = flags;
  const spec = sweepSpec("walk-forward", flags);
  if (train === undefined) throw badInput("bad-usage", "walk-forward needs --train.", "For example --train 2y --test 6m, or --train 500 --test 100.");
  if (test === undefined) throw badInput("bad-usage", "walk-forward needs --test.", "For example --train 2y --test 6m, or --train 500 --test 100.");
  return { ...spec, train, test, anchored };
}

function print({ io }: Context, result: WalkForwardResult): void {
  const cancelled = result.cancelled === 0 ? "" : `, ${result.cancelled} cancelled`;
  io.say(
    `${result.simulated ? "SIMULATED " : ""}${result.strategy} on ${result.dataset} (${pricesText(result.prices)}); ${costsText(io, result.costs)}: ${result.windows.length} windows (${result.anchored ? "anchored, " : ""}train ${result.train}, test ${result.test}), ${result.succeeded} of ${result.combinations} backtests in training succeeded, ${result.failed} failed, ${result.timedOut} timed out${cancelled}, with ${result.workers} workers in ${duration(result.durationMs)}.`,
  );
  for (const warning of result.warnings ?? []) io.say(`${io.style("yellow", "Note:")} ${warning}`);
  for (const [i, { error }] of result.windows.entries()) if (error !== undefined) io.say(`${io.style("yellow", "Note:")} window ${i + 1}: ${error}`);
  io.data(
    result.windows.length === 0
      ? "No result."
      : table(
          ["Tested from", "to", "Parameters", "Sharpe in training", "in test", "Return", "Worst fall", "Trades"],
          result.windows.map(({ test, params, inSample, outOfSample }) => [
            test.from.slice(0, 10),
            test.to.slice(0, 10),
            params === null ? "–" : paramsText(params),
            fixed(inSample?.sharpe ?? null),
            fixed(outOfSample?.sharpe ?? null),
            percent(outOfSample?.totalReturnPct ?? null),
            percent(outOfSample === null || outOfSample.maxDrawdownPct === 0 ? (outOfSample?.maxDrawdownPct ?? null) : -outOfSample.maxDrawdownPct),
            String(outOfSample?.trades ?? "–"),
          ]),
        ),
  );
  io.say(walkForwardSentence(result));
}
