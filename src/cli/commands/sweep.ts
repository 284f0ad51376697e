/** quantdesk sweep */
import type { Command } from "commander";
import { badInput } from "../../core/base/errors.ts";
import { writeWhole } from "../../core/base/files.ts";
import { luckSentence } from "../../core/domain/luck.ts";
import type { Sweep, SweepResult, SweepSpec } from "../../core/domain/sweep.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT, notYet } from "../failure.ts";
import { reading } from "../flags.ts";
import { duration, fixed, paramsText, percent } from "../format.ts";
import { table } from "../io.ts";
import { finiteNumber, oneOf, outputFile, params, wholeNumber } from "../parse.ts";
import { progressBar } from "../progress.ts";
import { addRunFlags, poolOverrides, runShape, type PoolFlags, type RunFlags } from "../runFlags.ts";

interface SweepFlags extends CommonFlags, RunFlags, PoolFlags {
  readonly grid?: string;
  readonly where?: string;
  readonly method?: "grid" | "random" | "tpe";
  readonly trials?: number;
  readonly seed?: number;
  readonly executor?: "local" | "bullmq";
  readonly redis?: string;
  readonly top?: number;
  readonly heatmap?: string;
  readonly strict?: boolean;
}

export function addSweepCommand(program: Command, context: Context): void {
  addRunFlags(
    reading(program.command("sweep").description("Run a strategy with many combinations of its parameters."))
      .option("--data <ref>", "FILE.csv, sample:sp500, sample:simulated or a symbol")
      .option("--strategy <name>", "a built-in name (quantdesk strategies) or FILE.ts")
      .option("--grid <k=from:to:step,…>", 'what to try, like "fast=5:50:5,slow=20|50|200"')
      .option("--where <condition>", 'only combinations that meet it, like "fast < slow"')
      .option("--method <name>", "grid (all), random or tpe", oneOf("--method", ["grid", "random", "tpe"]))
      .option("--trials <n>", "for --method random: how many", wholeNumber("--trials", 1, 1_000_000))
      .option("--seed <n>", "for --method random: another seed, other draws", wholeNumber("--seed", 0))
      .option("--params <k=v,…>", "parameters that stay as they are", params)
      .option("--workers <n>", "threads", wholeNumber("--workers", 1, 64))
      .option("--timeout <s>", "seconds for each combination", finiteNumber("--timeout", 0.01, 86_400))
      .option("--executor <name>", "local or bullmq", oneOf("--executor", ["local", "bullmq"]))
      .option("--redis <url>", "for --executor bullmq")
      .option("--no-cache", "run what was run before again; it always is in this version")
      .option("--top <n>", "how many of the best to show", wholeNumber("--top", 0, 1000))
      .option("--heatmap <file>", "write an HTML page", outputFile("--heatmap")),
  )
    .option("--strict", "exit code 1 when any combination fails")
    .action((flags: SweepFlags) => sweep(context, flags));
}

async function sweep(context: Context, flags: SweepFlags): Promise<void> {
  const { io } = context;
  const spec = specOf(flags);
  const overrides = poolOverrides(flags);
  await withSession(
    context,
    flags,
    async (session) => {
      let bar: ReturnType<typeof progressBar> | undefined;
      let shown = 0;
      let done: Sweep;
      try {
        done = await session.sweep(
          spec,
          {
            onProgress: (progress) => {
              bar ??= progressBar(io, "Combinations", progress.combinations);
              for (; shown < progress.done; shown++) bar.step();
            },
          },
          context.signal,
        );
      } finally {
        bar?.stop();
      }
      const { result } = done;
      if (result.succeeded === 0 || result.cancelled > 0 || (flags.strict === true && result.succeeded < result.run)) context.exitCode = EXIT.failed;
      if (flags.heatmap !== undefined) {
        await writeWhole(flags.heatmap, await session.heatmap(done));
        io.say(`Heat map: ${flags.heatmap}`);
      }
      if (flags.json === true) io.json(result);
      else print(context, result);
    },
    { overrides },
  );
}

function specOf(flags: SweepFlags): SweepSpec {
  const { data, strategy, grid, method } = flags;
  if (method === "tpe") throw notYet("sweep --method tpe");
  if (flags.executor === "bullmq" || flags.redis !== undefined) throw notYet("sweep --executor bullmq");
  if (data === undefined) throw badInput("bad-usage", "sweep needs --data.", "For example --data sample:simulated.");
  if (strategy === undefined) throw badInput("bad-usage", "sweep needs --strategy.", "quantdesk strategies lists them.");
  if (grid === undefined) throw badInput("bad-usage", "sweep needs --grid.", 'For example --grid "fast=5:50:5,slow=20:200:10".');
  if (method !== "random" && (flags.trials !== undefined || flags.seed !== undefined))
    throw badInput("bad-usage", `${flags.trials === undefined ? "--seed" : "--trials"} is for --method random.`, "Add --method random, or leave it out.");
  return {
    ...runShape(flags),
    data,
    strategy,
    grid,
    ...(flags.where === undefined ? {} : { where: flags.where }),
    ...(method === undefined ? {} : { method }),
    ...(flags.trials === undefined ? {} : { trials: flags.trials }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.top === undefined ? {} : { top: flags.top }),
  };
}

function print({ io }: Context, result: SweepResult): void {
  const { feeRate, slippageBps } = result.costs;
  const costs = `fee ${feeRate * 100} %, ${slippageBps === 0 ? io.style("yellow", "slippage: none") : `slippage ${slippageBps} bps`}`;
  const cancelled = result.cancelled === 0 ? "" : `, ${result.cancelled} cancelled`;
  io.say(
    `${result.simulated ? "SIMULATED " : ""}${result.strategy} on ${result.dataset}; ${costs}: ${result.succeeded} of ${result.combinations} combinations succeeded, ${result.failed} failed, ${result.timedOut} timed out${cancelled}, with ${result.workers} workers in ${duration(result.durationMs)} (${Math.round(result.throughput).toLocaleString("en-US")} a second), ${result.how}.`,
  );
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
