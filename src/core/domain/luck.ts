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
