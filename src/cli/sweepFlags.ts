/** The flags of a sweep, which a walk-forward analysis has too, and the progress of its combinations. */
import type { Command } from "commander";
import { badInput } from "../core/base/errors.ts";
import type { SweepProgress, SweepSpec } from "../core/domain/sweep.ts";
import type { CommonFlags } from "./context.ts";
import { notYet } from "./failure.ts";
import { reading } from "./flags.ts";
import type { Io } from "./io.ts";
import { finiteNumber, oneOf, outputFile, params, wholeNumber } from "./parse.ts";
import { progressBar } from "./progress.ts";
import { addRunFlags, runShape, type PoolFlags, type RunFlags } from "./runFlags.ts";

export interface SweepFlags extends CommonFlags, RunFlags, PoolFlags {
  /** False with --no-cache. */
  readonly cache?: boolean;
  readonly grid?: string;
  readonly where?: string;
  readonly method?: "grid" | "random" | "tpe";
  readonly trials?: number;
  readonly seed?: number;
  readonly patience?: number;
  readonly budget?: number;
  readonly folds?: number;
  readonly purge?: number;
  readonly embargo?: number;
  readonly executor?: "local" | "bullmq";
  readonly redis?: string;
  readonly top?: number;
  readonly heatmap?: string;
  readonly strict?: boolean;
}

export function addSweepFlags(command: Command): Command {
  return addRunFlags(
    reading(command)
      .option("--data <ref>", "FILE.csv, FILE.parquet, sample:sp500, sample:simulated or a symbol")
      .option("--strategy <name>", "a built-in name (quantdesk strategies) or FILE.ts")
      .option("--grid <k=from:to:step,…>", 'what to try, like "fast=5:50:5,slow=20|50|200"')
      .option("--where <condition>", 'only combinations that meet it, like "fast < slow"')
      .option("--method <name>", "grid (all), random, or tpe (search by what was found)", oneOf("--method", ["grid", "random", "tpe"]))
      .option("--trials <n>", "for random and tpe: how many (100)", wholeNumber("--trials", 1, 1_000_000))
      .option("--seed <n>", "for random and tpe: another seed, other draws", wholeNumber("--seed", 0))
      .option("--patience <n>", "stop when none of so many was better than what there was", wholeNumber("--patience", 1, 1_000_000))
      .option("--budget <s>", "begin no combination after so many seconds", finiteNumber("--budget", 0.001, 1e6))
      .option("--folds <n>", "cross-validate: choose on all but one fold of the time, look at that fold", wholeNumber("--folds", 2, 50))
      .option("--purge <bars>", "for --folds: left out of the training on both sides of a fold (a hundredth)", wholeNumber("--purge", 0, 1e7))
      .option("--embargo <bars>", "for --folds: left out after those behind a fold (a hundredth)", wholeNumber("--embargo", 0, 1e7))
      .option("--params <k=v,…>", "parameters that stay as they are", params)
      .option("--workers <n>", "threads", wholeNumber("--workers", 1, 64))
      .option("--timeout <s>", "seconds for each combination", finiteNumber("--timeout", 0.01, 86_400))
      .option("--executor <name>", "local or bullmq", oneOf("--executor", ["local", "bullmq"]))
      .option("--redis <url>", "for --executor bullmq")
      .option("--no-cache", "run again what the store has")
      .option("--top <n>", "how many of the best to show", wholeNumber("--top", 0, 1000))
      .option("--heatmap <file>", "write an HTML page", outputFile("--heatmap")),
  ).option("--strict", "exit code 1 when any combination fails");
}

export function sweepSpec(command: string, flags: SweepFlags): SweepSpec {
  const { data, strategy, grid, method } = flags;
  if (flags.executor === "bullmq" || flags.redis !== undefined) throw notYet(`${command} --executor bullmq`);
  if (data === undefined) throw badInput("bad-usage", `${command} needs --data.`, "For example --data sample:simulated.");
  if (strategy === undefined) throw badInput("bad-usage", `${command} needs --strategy.`, "quantdesk strategies lists them.");
  if (grid === undefined) throw badInput("bad-usage", `${command} needs --grid.`, 'For example --grid "fast=5:50:5,slow=20:200:10".');
  if (method !== "random" && method !== "tpe" && (flags.trials !== undefined || flags.seed !== undefined))
    throw badInput(
      "bad-usage",
      `${flags.trials === undefined ? "--seed" : "--trials"} is for --method random or tpe.`,
      "Add --method random, or leave it out.",
    );
  const { folds, purge, embargo } = flags;
  if (folds === undefined && (purge !== undefined || embargo !== undefined))
    throw badInput("bad-usage", `${purge === undefined ? "--embargo" : "--purge"} is for --folds.`, "Add --folds 5, or leave it out.");
  const crossValidation =
    folds === undefined ? {} : { crossValidation: { folds, ...(purge === undefined ? {} : { purge }), ...(embargo === undefined ? {} : { embargo }) } };
  return {
    ...(flags.cache === false ? { fresh: true } : {}),
    ...runShape(flags),
    ...crossValidation,
    data,
    strategy,
    grid,
    ...(flags.where === undefined ? {} : { where: flags.where }),
    ...(method === undefined ? {} : { method }),
    ...(flags.trials === undefined ? {} : { trials: flags.trials }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.patience === undefined ? {} : { patience: flags.patience }),
    ...(flags.budget === undefined ? {} : { budgetMs: flags.budget * 1000 }),
    ...(flags.top === undefined ? {} : { top: flags.top }),
  };
}

/** Runs it with a bar of the combinations done. */
export async function withBar<T>(io: Io, run: (onProgress: (progress: SweepProgress) => void) => Promise<T>): Promise<T> {
  let bar: ReturnType<typeof progressBar> | undefined;
  let shown = 0;
  try {
    return await run((progress) => {
      bar ??= progressBar(io, "Combinations", progress.combinations);
      for (; shown < progress.done; shown++) bar.step();
    });
  } finally {
    bar?.stop();
  }
}

/** No costs is a thing to see. */
export function costsText(io: Io, { feeRate, slippageBps }: { readonly feeRate: number; readonly slippageBps: number }): string {
  return `fee ${feeRate * 100} %, ${slippageBps === 0 ? io.style("yellow", "slippage: none") : `slippage ${slippageBps} bps`}`;
}
