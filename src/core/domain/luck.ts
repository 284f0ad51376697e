/** What a sweep's best result is worth, in words. */
import type { BacktestStats } from "./backtest.ts";
import type { SweepResult } from "./sweep.ts";
import type { WalkForwardResult } from "./walkForward.ts";

/** One or two sentences; empty when there is no result to doubt. */
export function luckSentence({
  best,
  luckSharpe,
  trialsCounted,
  pbo,
}: Pick<SweepResult, "luckSharpe" | "trialsCounted" | "pbo"> & {
  readonly best: ReadonlyArray<{ readonly stats: Pick<BacktestStats, "sharpe">; readonly deflatedSharpe: number | null }>;
}): string {
  const [first] = best;
  if (first?.stats.sharpe == null || luckSharpe === null) return "";
  const tried = trialsCounted.toLocaleString("en-US");
  const chance = first.deflatedSharpe;
  const verdict =
    chance === null
      ? ""
      : chance < 0.5
        ? " This result is probably luck."
        : chance < 0.95
          ? " Luck cannot be ruled out."
          : " It is hard to explain by luck alone.";
  const split =
    pbo === null ? "" : ` In ${(pbo * 100).toFixed(0)} % of ways to split the time in two halves, the best of one half was below the middle in the other.`;
  return `With ${tried} trials on these prices, a Sharpe ratio of ${luckSharpe.toFixed(2)} is what chance gives; the best has ${first.stats.sharpe.toFixed(2).replace("-", "\u2212")}.${verdict}${split}`;
}

/** Sentences beside the first: what the neighbours, other draws of its trades and the folds say of the best; empty when nothing is to be said. */
export function doubtSentences({
  best,
  stability,
  monteCarlo,
  crossValidation,
}: Pick<SweepResult, "stability" | "monteCarlo" | "crossValidation"> & {
  readonly best: ReadonlyArray<{ readonly stats: Pick<BacktestStats, "sharpe"> }>;
}): readonly string[] {
  const sentences: string[] = [];
  if (stability !== null) {
    const { verdict, neighbours, medianSharpe, share } = stability;
    const what = { plateau: "The best stands on a plateau", slope: "The best stands on a slope", spike: "The best is a spike, a sign of luck" }[verdict];
    sentences.push(
      `${what}: its ${neighbours} neighbours on the grid have a middle Sharpe ratio of ${number(medianSharpe, 2)}, ${number(share * 100, 0)} % of its own.`,
    );
  }
  if (monteCarlo !== null) {
    const { trades, draws, returnPct, maxDrawdownPct, lossProbability } = monteCarlo;
    sentences.push(
      `Its ${trades} trades drawn anew ${draws.toLocaleString("en-US")} times return ${number(returnPct.p5, 0)} % to ${number(returnPct.p95, 0)} % (5th to 95th of 100), lose money in ${number(lossProbability * 100, 0)} of 100 draws, and fall by up to ${number(maxDrawdownPct.p95, 0)} %.`,
    );
  }
  if (crossValidation !== null && crossValidation.outOfSampleSharpe !== null) {
    const inside = best[0]?.stats.sharpe ?? null;
    sentences.push(
      `Chosen on the other ${crossValidation.folds.length - 1} of ${crossValidation.folds.length} folds each time, the best has a Sharpe ratio of ${number(crossValidation.outOfSampleSharpe, 2)} on the folds left out${inside === null ? "" : `, against ${number(inside, 2)} on everything`}.`,
    );
  }
  return sentences;
}

/** What the test windows say about the training. */
export function walkForwardSentence({
  windows,
  stats,
  efficiencyPct,
  inSampleCagrPct,
  probabilisticSharpe,
  run,
}: Pick<WalkForwardResult, "efficiencyPct" | "inSampleCagrPct" | "probabilisticSharpe" | "run"> & {
  readonly windows: readonly unknown[];
  readonly stats: Pick<BacktestStats, "totalReturnPct" | "sharpe" | "maxDrawdownPct" | "cagrPct"> | null;
}): string {
  if (stats === null) return "No window was tested.";
  const tested = `${windows.length} test ${windows.length === 1 ? "window" : "windows"} after ${run.toLocaleString("en-US")} backtests in training: return ${number(stats.totalReturnPct, 1)} %, Sharpe ratio ${stats.sharpe === null ? "undefined" : number(stats.sharpe, 2)}, worst fall ${stats.maxDrawdownPct.toFixed(1)} %.`;
  const kept =
    stats.cagrPct === null || inSampleCagrPct === null
      ? ""
      : efficiencyPct === null
        ? ` Not even in training did it grow.`
        : ` ${number(stats.cagrPct, 1)} % a year, after ${number(inSampleCagrPct, 1)} % a year in training: ${efficiencyPct < 50 ? "most of that was fitted to the past" : "most of that was kept"}.`;
  const doubt =
    probabilisticSharpe === null
      ? ""
      : probabilisticSharpe < 0.5
        ? " It lost against doing nothing."
        : probabilisticSharpe < 0.95
          ? ` Luck cannot be ruled out: a Sharpe ratio above zero has a probability of ${(probabilisticSharpe * 100).toFixed(0)} %.`
          : ` A Sharpe ratio above zero has a probability of ${(probabilisticSharpe * 100).toFixed(0)} %.`;
  return `${tested}${kept}${doubt}`;
}

function number(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", "\u2212");
}
