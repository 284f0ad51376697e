/** quantdesk sweep */
import type { Command } from "commander";
import { writeWhole } from "../../core/base/files.ts";
import { luckSentence } from "../../core/domain/luck.ts";
import type { SweepResult } from "../../core/domain/sweep.ts";
import { withSession, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { duration, fixed, paramsText, percent } from "../format.ts";
import { table } from "../io.ts";
import { poolOverrides } from "../runFlags.ts";
import { addSweepFlags, costsText, sweepSpec, withBar, type SweepFlags } from "../sweepFlags.ts";

export function addSweepCommand(program: Command, context: Context): void {
  addSweepFlags(program.command("sweep").description("Run a strategy with many combinations of its parameters.")).action((flags: SweepFlags) =>
    sweep(context, flags),
  );
}

async function sweep(context: Context, flags: SweepFlags): Promise<void> {
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
      if (flags.json === true) io.json(result);
      else print(context, result);
    },
    { overrides: poolOverrides(flags) },
  );
}

function print({ io }: Context, result: SweepResult): void {
  const cancelled = result.cancelled === 0 ? "" : `, ${result.cancelled} cancelled`;
  io.say(
    `${result.simulated ? "SIMULATED " : ""}${result.strategy} on ${result.dataset}; ${costsText(io, result.costs)}: ${result.succeeded} of ${result.combinations} combinations succeeded, ${result.failed} failed, ${result.timedOut} timed out${cancelled}, with ${result.workers} workers in ${duration(result.durationMs)} (${Math.round(result.throughput).toLocaleString("en-US")} a second), ${result.how}.`,
  );
  if (result.stopped !== null)
    io.say(result.stopped === "budget" ? "Stopped by its budget of time (--budget)." : "Stopped: nothing better came for as long as --patience says.");
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
  if (doubt !== "") io.say(doubt);
}
