/** The trades of a backtest as CSV, for spreadsheets. */
import { csvText } from "../base/csvText.ts";
import type { BacktestResult } from "./backtest.ts";

const TIMES = ["side", "entryIndex", "exitIndex", "entryTime", "exitTime"] as const;
const FIGURES = ["entryPrice", "exitPrice", "size", "fees", "pnl", "pnlPct", "bars", "maePct", "mfePct", "finalized"] as const;

/** One row per trade, oldest first; numbers with a point, times ISO 8601 UTC. The same text for the same run. */
export function tradesCsv({ strategy, dataset, trades }: Pick<BacktestResult, "strategy" | "dataset" | "trades">): string {
  const columns = [...TIMES, ...FIGURES];
  const rows = trades.map((trade, at) => [at + 1, strategy, trade.symbol ?? dataset.name, ...columns.map((name) => trade[name])]);
  return csvText(["trade", "strategy", "data", ...columns], rows);
}
