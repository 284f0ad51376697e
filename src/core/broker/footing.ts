/**
 * What open orders stand on: the asset they name may be renamed, stopped or taken from trading, and a split or merger changes
 * what their prices and quantities mean. Alpaca cancels some of them and adjusts others; either way a person should know.
 */
import type { Order } from "../domain/orders.ts";
import type { AlarmChange } from "../domain/ports.ts";
import type { Alarms } from "./alarms.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface FootingDeps {
  readonly api: TradingApi;
  readonly alarms: Alarms;
}

const MOST_SYMBOLS = 100;
const DAY_MS = 86_400_000;
/** How far ahead an announced split is told. */
const AHEAD_MS = 7 * DAY_MS;

/** Raises alarms for the open orders; those of other symbols end. */
export async function checkFooting(account: string, open: readonly Order[], now: number, deps: FootingDeps, signal: AbortSignal): Promise<void> {
  const { api, alarms } = deps;
  const oldest = new Map<string, Order>();
  for (const order of open) {
    const known = oldest.get(order.symbol);
    if (known === undefined || order.submittedAt < known.submittedAt) oldest.set(order.symbol, order);
  }
  const symbols = [...oldest.keys()].slice(0, MOST_SYMBOLS);
  const raise: Array<AlarmChange["raise"][number]> = [];
  const add = (code: AlarmChange["raise"][number]["code"], symbol: string, message: string) =>
    raise.push({ code, symbol, orderId: oldest.get(symbol)?.id ?? null, message, blocksEntries: false });
  for (const symbol of symbols) {
    const asset = await api.asset(oldest.get(symbol)?.assetId ?? symbol, signal);
    if (asset === null) add("not-tradable", symbol, `The broker no longer knows ${symbol}, which an open order is for.`);
    else if (asset.symbol !== symbol) add("symbol-changed", symbol, `${symbol}, which an open order is for, is now ${asset.symbol}.`);
    else if (!asset.tradable) add("not-tradable", symbol, `${symbol}, which an open order is for, cannot be traded at the moment (halted, or delisted).`);
  }
  if (symbols.length > 0) {
    const since = Math.min(...[...oldest.values()].map((order) => order.submittedAt));
    for (const action of await api.corporateActions(symbols, { from: Math.max(since, now - 90 * DAY_MS), to: Math.max(since, now) + AHEAD_MS }, signal)) {
      const order = oldest.get(action.symbol);
      if (order === undefined || action.date < dayOf(order.submittedAt)) continue;
      add(
        action.kind,
        action.symbol,
        `${action.symbol}, which an open order is for: ${action.text} on ${action.date}. Look at the order's price and quantity.`,
      );
    }
  }
  const standing = (code: AlarmChange["raise"][number]["code"]) => ({
    code,
    symbols: raise.filter((alarm) => alarm.code === code).map((alarm) => alarm.symbol),
    allBut: true,
  });
  await alarms.change(account, { raise, end: [standing("not-tradable"), standing("symbol-changed"), standing("split"), standing("merger")] }, signal);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
