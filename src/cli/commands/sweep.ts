/** quantdesk sweep */
import type { Command } from "commander";
import { pricesText } from "../../core/domain/bars.ts";
import { writeWhole } from "../../core/base/files.ts";
import { doubtSentences, luckSentence } from "../../core/domain/luck.ts";
import type { SweepResult } from "../../core/domain/sweep.ts";
import { withSession, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { duration, fixed, paramsText, percent } from "../format.ts";
import { table } from "../io.ts";
import { outputFile } from "../parse.ts";
import { poolOverrides } from "../runFlags.ts";
import { addSweepFlags, costsText, sweepSpec, withBar, type SweepFlags } from "../sweepFlags.ts";

export function addSweepCommand(program: Command, context: Context): void {
  addSweepFlags(program.command("sweep").description("Run a strategy with many combinations of its parameters."))
    .option("--report <file>", "write an HTML report of the best one, with the heat map", outputFile("--report"))
    .action((flags: SweepFlags & { readonly report?: string }) => sweep(context, flags));
}

async function sweep(context: Context, flags: SweepFlags & { readonly report?: string }): Promise<void> {
  const { io } = context;
  const spec = sweepSpec("sweep", flags);
  await withSession(
    context,
    flags,
    async (session) => {
      const done = await withBar(io, (onProgress) => session.sweep(spec, { onProgress }, context.signal));
      const { result } = done;
      const isCut = result.cancelled > 0 && result.stopped === null;
      if (result.succeeded === 0 || isCut || (flags.strict === true && result.succeeded < result.run)) context.exitCode = EXIT.failed;
      if (flags.heatmap !== undefined) {
        await writeWhole(flags.heatmap, await session.heatmap(done));
        io.say(`Heat map: ${flags.heatmap}`);
      }
      const [best] = result.best;
      if (flags.report !== undefined && best !== undefined) {
        const { grid: _grid, where: _where, method: _method, trials: _trials, seed: _seed, top: _top, ...run } = spec;
        const one = { ...run, params: best.params, equity: true };
        await writeWhole(
          flags.report,
          await session.report(spec.data, await session.backtest(one, context.signal), { spec: one, sweep: done }, context.signal),
        );
        io.say(`Report of the best: ${flags.report}`);
      }
      if (flags.json === true) io.json(result);
      else print(context, result);
    },
    { overrides: poolOverrides(flags) },
  );
}

function print({ io }: Context, result: SweepResult): void {
  const cancelled = result.cancelled === 0 ? "" : `, ${result.cancelled} cancelled`;
  io.say(
    `${result.simulated ? "SIMULATED " : ""}${result.strategy} on ${result.dataset}${result.prices === undefined ? "" : ` (${pricesText(result.prices)})`}; ${costsText(io, result.costs)}: ${result.succeeded} of ${result.combinations} combinations succeeded, ${result.failed} failed, ${result.timedOut} timed out${cancelled}, with ${result.workers} workers in ${duration(result.durationMs)} (${Math.round(result.throughput).toLocaleString("en-US")} a second), ${result.how}.`,
  );
  if (result.stopped !== null)
    io.say(result.stopped === "budget" ? "Stopped by its budget of time (--budget)." : "Stopped: nothing better came for as long as --patience says.");
  for (const warning of result.warnings ?? []) io.say(`${io.style("yellow", "Note:")} ${warning}`);
  for (const { params: tried, code, message } of result.failures) io.say(`${io.style("yellow", "Note:")} ${paramsText(tried)}: ${message} (${code})`);
  io.data(
    result.best.length === 0
      ? "No result."
      : table(
          ["Parameters", "Sharpe", "Not luck", "Return", "Worst fall", "Trades"],
          result.best.map(({ params: tried, stats, deflatedSharpe }) => [
            paramsText(tried),
            fixed(stats.sharpe),
            deflatedSharpe === null ? "–" : `${(deflatedSharpe * 100).toFixed(0)} %`,
            percent(stats.totalReturnPct),
            percent(stats.maxDrawdownPct === 0 ? 0 : -stats.maxDrawdownPct),
            String(stats.trades),
          ]),
        ),
  );
  const doubt = luckSentence(result);
  for (const sentence of [doubt, ...doubtSentences(result)]) if (sentence !== "") io.say(sentence);
}
