/**
 * Splits that the broker tells of in the account's activities and that explain a difference between books and positions to the
 * last share: the books follow them, once each, and a person is told. What they leave unexplained stays a difference.
 */
import { Big } from "../base/decimal.ts";
import type { Activity } from "../domain/orders.ts";
import type { BookedSplit } from "../domain/ports.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface Difference {
  readonly expected: Big;
  readonly found: Big;
}

/** Alpaca books a split within days of it. */
const LOOK_BACK_MS = 10 * 86_400_000;
const MOST_ROWS = 500;

/** Those of the differences that splits of the last days explain exactly. */
export async function explainedBySplits(differing: ReadonlyMap<string, Difference>, api: TradingApi, signal: AbortSignal): Promise<readonly BookedSplit[]> {
  if (differing.size === 0) return [];
  const { at } = await api.clock(signal);
  const rows = await api.activities({ types: ["SPLIT"], after: at - LOOK_BACK_MS, direction: "desc", limit: MOST_ROWS }, signal);
  return [...differing].flatMap(([symbol, { expected, found }]) => {
    const ids = explanation(
      rows.filter((row) => row.type === "SPLIT" && row.symbol === symbol),
      found.minus(expected),
    );
    if (ids === null) return [];
    const message = `A split has changed ${expected.toFixed()} ${symbol} into ${found.toFixed()}; the books follow. Orders, stops and alerts of before may mean the old price.`;
    return [{ symbol, expected, found, activityIds: ids, message }];
  });
}

/** The fewest newest rows that come to `change` (a broker may book a split as what goes and what comes); null when none do. */
function explanation(newestFirst: readonly Activity[], change: Big): readonly string[] | null {
  let sum = new Big(0);
  for (const [i, row] of newestFirst.entries()) {
    sum = sum.plus(row.qty ?? 0);
    if (sum.eq(change)) return newestFirst.slice(0, i + 1).map(({ id }) => id);
  }
  return null;
}
