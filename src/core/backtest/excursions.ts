/**
 * How far a trade was under water and ahead while it lasted (Sweeney, "Campaign Trading", 1996): the worst and the best
 * price against and for it, of the bars from its entry to the one before its exit, and of the exit itself.
 */
import type { BacktestRequest } from "../domain/backtest.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { LedgerTrade } from "./ledger.ts";

/** In percent of the entry price; both are 0 or more. */
export function excursions(
  { side, entryIndex, exitIndex, entryPrice, exitPrice, finalized }: LedgerTrade,
  { time, high, low }: BarSeries,
  clock: Float64Array,
  fill: BacktestRequest["fill"],
): { readonly maePct: number; readonly mfePct: number } {
  const isOwnClock = time === clock;
  const at = (index: number) => (isOwnClock ? index : barAt(time, clock[index]!));
  // A trade that began at a close has not seen that bar; one that ended at a close has.
  const first = at(entryIndex) + (fill === "close" ? 1 : 0);
  const end = at(exitIndex) + (finalized || fill === "close" ? 1 : 0);
  let top = Math.max(entryPrice, exitPrice);
  let bottom = Math.min(entryPrice, exitPrice);
  for (let i = first; i < end; i++) {
    if (high[i]! > top) top = high[i]!;
    if (low[i]! < bottom) bottom = low[i]!;
  }
  const up = (top / entryPrice - 1) * 100;
  const down = (1 - bottom / entryPrice) * 100;
  return side === "long" ? { maePct: down, mfePct: up } : { maePct: up, mfePct: down };
}

/** Number of the last bar at or before `now`. */
function barAt(time: Float64Array, now: number): number {
  let low = 0;
  let high = time.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (time[middle]! <= now) low = middle;
    else high = middle - 1;
  }
  return low;
}
