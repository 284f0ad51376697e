/**
 * Broker's position against our own count (what was held at the first look, and every fill since). Orders made elsewhere have
 * fills, too, and are counted, and so are splits that the broker tells of; what is left is a transfer, a correction, or a fill
 * that nobody told.
 */
import { Big } from "../base/decimal.ts";
import type { Clock } from "../base/clock.ts";
import type { OrderJournal, HeldQuantity } from "../domain/ports.ts";
import type { Position } from "../domain/orders.ts";
import type { Alarms } from "./alarms.ts";
import { explainedBySplits, type Difference } from "./bookedSplits.ts";
import { heldQty } from "./guards/verdicts.ts";
import type { TradingApi } from "./tradingApi.ts";
import type { HeldPosition } from "./wire.ts";

export interface BooksDeps {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly clock: Clock;
  readonly alarms: Alarms;
}

/** Positions and fills are not read in the same moment, and a fill may be booked late: only what stays the same over all looks is a difference. */
const LOOKS_MS = [0, 300, 700, 1500] as const;
const OVERLAP_MS = 60_000;

/** Raises an alarm for each position that differs, and ends those of the others. `seen` are positions of just now. */
export async function compareBooks(account: string, seen: readonly HeldPosition[] | null, deps: BooksDeps, signal: AbortSignal): Promise<void> {
  const { api, journal, clock, alarms } = deps;
  let positions = seen ?? (await api.positions(signal));
  let differing: ReadonlyMap<string, Difference> | null = null;
  for (const waitMs of LOOKS_MS) {
    if (waitMs > 0) {
      await clock.sleep(waitMs, signal);
      const mark = await journal.fillsReadTo(account, signal);
      positions = await api.positions(signal);
      if (mark !== null) await journal.note(account, { orders: [], fills: await api.fills(mark - OVERLAP_MS, signal) }, signal);
    }
    const books = await journal.books(account, signal);
    if (books === null) return;
    const now = differences(books, positions);
    differing = differing === null ? now : new Map([...now].filter(([symbol, one]) => isSame(one, differing?.get(symbol))));
    if (differing.size === 0) break;
  }
  const left = new Map(differing ?? []);
  for (const symbol of await alarms.bookSplits(account, await explainedBySplits(left, api, signal), signal)) left.delete(symbol);
  const raise = [...left].map(([symbol, { expected, found }]) => ({
    code: "books-differ" as const,
    symbol,
    orderId: null,
    message: `The broker holds ${found.toFixed()} ${symbol}, the books say ${expected.toFixed()}: a transfer, a correction, a split that it does not tell of, or a fill that was not told.`,
    blocksEntries: true,
  }));
  await alarms.change(account, { raise, end: [{ code: "books-differ", symbols: [...left.keys()], allBut: true }] }, signal);
}

/** Stocks as the books count them; crypto pays fees in units, options end by themselves. */
export function heldQuantities(positions: readonly HeldPosition[]): readonly HeldQuantity[] {
  return positions.flatMap((position) => (position.isStock ? [{ symbol: position.symbol, qty: heldQty(position) }] : []));
}

export function isSameHoldings(one: readonly HeldQuantity[], other: readonly HeldQuantity[]): boolean {
  const counts = new Map(one.map(({ symbol, qty }) => [symbol, qty]));
  return one.length === other.length && other.every(({ symbol, qty }) => counts.get(symbol)?.eq(qty) === true);
}

/** Positions with `external` where not all of it went through this state folder. */
export async function markPositions<P extends HeldPosition>(
  account: string,
  positions: readonly P[],
  journal: OrderJournal,
  signal: AbortSignal,
): Promise<readonly P[]> {
  const books = await journal.books(account, signal);
  const own = new Map((books ?? []).map(({ symbol, ownQty }) => [symbol, ownQty]));
  const isExternal = (position: P) => !heldQty(position).eq(own.get(position.symbol) ?? 0);
  return positions.map((position) => (isExternal(position) ? { ...position, external: true satisfies Position["external"] } : position));
}

function differences(books: readonly HeldQuantity[], positions: readonly HeldPosition[]): ReadonlyMap<string, Difference> {
  const found = new Map(heldQuantities(positions).map(({ symbol, qty }) => [symbol, qty]));
  const expected = new Map(books.map(({ symbol, qty }) => [symbol, qty]));
  const others = new Set(positions.filter((position) => !position.isStock).map(({ symbol }) => symbol));
  const symbols = [...new Set([...found.keys(), ...expected.keys()])].filter((symbol) => isStockSymbol(symbol) && !others.has(symbol));
  return new Map(
    symbols.flatMap((symbol) => {
      const one = { expected: expected.get(symbol) ?? new Big(0), found: found.get(symbol) ?? new Big(0) };
      return one.expected.eq(one.found) ? [] : [[symbol, one] as const];
    }),
  );
}

function isSame(one: Difference, other: Difference | undefined): boolean {
  return other !== undefined && one.expected.minus(one.found).eq(other.expected.minus(other.found));
}

/** "BTC/USD" is crypto, "AAPL270115C00190000" an option. */
function isStockSymbol(symbol: string): boolean {
  return !symbol.includes("/") && !/\d{6}[CP]\d{8}$/.test(symbol);
}
