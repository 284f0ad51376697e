/** What an account was worth as time went by: equity at closes as it was noted, within the day out of its fills and the prices of then. */
import { Big } from "../base/decimal.ts";
import { newYorkDate, tradingDays } from "../domain/nyse.ts";
import { badRequest } from "./apiError.ts";
import type { Engine } from "./engine.ts";
import type { AccountState, EquityPoint } from "./ledger.ts";
import type { Market } from "./market.ts";
import { choice, time, type Query } from "./query.ts";

const DAY_MS = 86_400_000;
const MINUTE = 60_000;
const STEPS: Readonly<Record<string, number>> = { "1Min": MINUTE, "5Min": 5 * MINUTE, "15Min": 15 * MINUTE, "1H": 60 * MINUTE };

export function portfolioHistory(parts: { readonly engine: Engine; readonly market: Market }, account: AccountState, query: Query, now: number) {
  if (["start", "end", "period"].every((name) => (query[name] ?? "") !== "")) throw badRequest("only two of start, end and period are accepted");
  const isPerDay = choice(query, "pnl_reset", "per_day", ["per_day", "no_reset"]) === "per_day";
  choice(query, "intraday_reporting", "market_hours", ["market_hours", "extended_hours", "continuous"]);
  const match = /^(\d{1,3})([DWMA])$/.exec(query["period"] ?? "1M");
  if (match === null) throw badRequest("invalid period");
  const asked = Number(match[1]) * { D: 1, W: 7, M: 31, A: 366 }[match[2] as "D" | "W" | "M" | "A"];
  const end = Math.min(time(query, "end") ?? endOfDate(time(query, "date_end")) ?? now, now);
  const start = time(query, "start") ?? end - asked * DAY_MS;
  const days = (end - start) / DAY_MS;
  const timeframe = query["timeframe"] || (days < 7 ? "1Min" : days < 30 ? "15Min" : "1D");
  const step = STEPS[timeframe];
  if (step === undefined && timeframe !== "1D") throw badRequest(`invalid timeframe: ${timeframe}`);
  // A month has up to 31 days.
  if (step !== undefined && days > (step === MINUTE ? 7 : 31))
    throw badRequest(`timeframe ${timeframe} is for ${step === MINUTE ? "7 days" : "a month"} at most`);
  const past =
    step === undefined
      ? account.equityPoints.filter((point) => point.at >= start && point.at <= end)
      : pointsWithin(parts.market, account, { start, end: Math.min(end, now - 1), step });
  const points = end >= now ? [...past, { at: now, equity: parts.engine.figures(account).equity }] : past;
  const { startCash } = account.record;
  const before = account.equityPoints.findLast((point) => point.at < (points[0]?.at ?? start));
  const base = (step === undefined ? (points[0]?.equity ?? startCash) : (before?.equity ?? startCash)).toNumber();
  const equity = points.map((point) => point.equity.round(4).toNumber());
  const bases = step === undefined || !isPerDay ? equity.map(() => base) : dayBases(account, points);
  const gains = equity.map((value, i) => [value, bases[i] as number] as const);
  return {
    timestamp: points.map((point) => Math.floor(point.at / 1000)),
    equity,
    profit_loss: gains.map(([value, from]) => Math.round((value - from) * 10_000) / 10_000),
    profit_loss_pct: gains.map(([value, from]) => (from === 0 ? 0 : Number(((value - from) / from).toFixed(10)))),
    base_value: base,
    base_value_asof: newYorkDate(before?.at ?? points[0]?.at ?? now),
    timeframe,
  };
}

/** For each point, the equity at the last close before its day: within the day gains begin anew each morning. */
function dayBases({ equityPoints, record }: AccountState, points: readonly EquityPoint[]): readonly number[] {
  const known = new Map<string, number>();
  const baseOf = (date: string) => (equityPoints.findLast(({ at }) => newYorkDate(at) < date)?.equity ?? record.startCash).toNumber();
  return points.map(({ at }) => {
    const date = newYorkDate(at);
    const base = known.get(date) ?? baseOf(date);
    known.set(date, base);
    return base;
  });
}

function endOfDate(at: number | undefined): number | undefined {
  return at === undefined ? undefined : at + DAY_MS - 1;
}

/** Walks fills and payments forward, one point per step of open time. */
function pointsWithin(
  market: Market,
  { record, fills, payments }: AccountState,
  range: { readonly start: number; readonly end: number; readonly step: number },
): readonly EquityPoint[] {
  const from = Math.max(range.start, record.createdAt);
  const moves = [
    ...fills.map((fill) => {
      const qty = fill.side === "buy" ? fill.qty : fill.qty.times(-1);
      return { at: fill.at, symbol: fill.symbol, qty, cash: qty.times(fill.price).times(-1) };
    }),
    ...payments.map((payment) => ({ at: payment.at, symbol: payment.symbol, qty: payment.kind === "split" ? payment.qty : new Big(0), cash: payment.amount })),
  ].sort((a, b) => a.at - b.at);
  let cash = record.startCash;
  const held = new Map<string, Big>();
  let next = 0;
  const points: EquityPoint[] = [];
  for (const day of tradingDays(newYorkDate(from), newYorkDate(range.end))) {
    for (let at = day.open; at <= day.close; at += range.step) {
      if (at < from || at > range.end) continue;
      for (let move = moves[next]; move !== undefined && move.at <= at; move = moves[++next]) {
        cash = cash.plus(move.cash);
        const qty = (held.get(move.symbol) ?? new Big(0)).plus(move.qty);
        if (qty.eq(0)) held.delete(move.symbol);
        else held.set(move.symbol, qty);
      }
      let equity = cash;
      for (const [symbol, qty] of held) equity = equity.plus(qty.times(market.last(symbol, at)));
      points.push({ at, equity });
    }
  }
  return points;
}
