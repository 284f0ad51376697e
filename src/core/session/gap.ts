/**
 * Gap attribution out of the journal: the fills of orders that name the run which proposed them (their reason begins with
 * "run:HASH"), against that run's backtest over the same days.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Big } from "../base/decimal.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { BacktestResult } from "../domain/backtest.ts";
import type { BarSeries, Dataset } from "../domain/bars.ts";
import type { BacktestSpec } from "../domain/desk.ts";
import { attributeGap, GAP_PARTS, totalGap, type GapBook, type GapDay, type GapFill, type GapMark, type GapResult } from "../domain/gap.ts";
import { newYorkDate } from "../domain/nyse.ts";
import type { Side } from "../domain/orders.ts";
import type { JournalledOrder, MarketData, RunDetails, RunRecord, Store, StoredFill } from "../domain/ports.ts";
import { proposalOf } from "../domain/preview.ts";

export interface GapQuery {
  /** YYYY-MM-DD, New York, both included. */
  readonly from: string;
  readonly to: string;
  /** Beginning of a run's hash: every fill of these days is held against it, whatever its order says. */
  readonly run?: string;
}

interface GapParts {
  readonly store: Pick<Store, "journalledOrders" | "fills" | "runsByHash" | "strategyText">;
  readonly data: MarketData;
  readonly dataset: (spec: BacktestSpec, signal: AbortSignal) => Promise<Dataset>;
  readonly backtest: (spec: BacktestSpec, signal: AbortSignal) => Promise<BacktestResult>;
  readonly codeHash: (spec: BacktestSpec) => Promise<string>;
}

type Money = Readonly<Record<"backtest" | "actual" | "difference", string>> & { readonly parts: Readonly<Record<(typeof GAP_PARTS)[number], string>> };

/** CONTRACTS.md, `gap --json`; money in US dollars. */
export interface GapReport extends Money {
  readonly schema: "quantdesk.gap/1";
  readonly from: string;
  readonly to: string;
  readonly simulated: boolean;
  readonly runs: ReadonlyArray<
    Money & {
      readonly runHash: string;
      readonly strategy: string;
      readonly symbol: string;
      readonly account: string;
      /** What a reader must know: code that changed, prices that were not to be had. */
      readonly notes: readonly string[];
      readonly days: ReadonlyArray<Money & { readonly date: string }>;
    }
  >;
}

const MOST_ORDERS = 10_000;
const PAGE = 5000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A close before the first day is looked for so many days back. */
const LOOK_BACK_DAYS = 10;
const MOST_DAYS = 366;

export async function gapReport({ from, to, run }: GapQuery, parts: GapParts, signal: AbortSignal): Promise<GapReport> {
  const [first, last] = [dateOf(from, "--from"), dateOf(to, "--to")];
  if (first > last) throw badInput("bad-time", `from (${from}) is after to (${to}).`, "Swap them.");
  if (last - first > MOST_DAYS * DAY_MS) throw badInput("bad-time", `${from} to ${to} is more than a year.`, "Ask for it in parts.");
  const groups = await fillsByRun({ from, to, ...(run === undefined ? {} : { run }) }, parts.store, signal);
  if (groups.length === 0)
    throw new TradingError("no-fills", `No fill from ${from} to ${to} is of an order that names the run which proposed it.`, {
      hint: "Orders do so when their reason begins with run:HASH; --run HASH holds all fills of these days against that run.",
    });
  const runs: Array<GapReport["runs"][number]> = [];
  const results: GapResult[] = [];
  let simulated = false;
  for (const group of groups) {
    const found = await compare(group, { first, last, from, to }, parts, signal);
    results.push(...found.days);
    simulated ||= found.simulated;
    const { strategy } = group.run;
    runs.push({
      runHash: group.run.runHash,
      strategy,
      symbol: group.symbol,
      account: group.account,
      notes: found.notes,
      ...money(totalGap(found.days)),
      days: found.days.map((day) => ({ date: day.date, ...money(day) })),
    });
  }
  return { schema: "quantdesk.gap/1", from, to, simulated, ...money(totalGap(results)), runs };
}

interface Group {
  readonly run: RunRecord;
  readonly account: string;
  readonly symbol: string;
  /** Of its orders, also before the first day; oldest first. */
  readonly fills: readonly StoredFill[];
  readonly orders: ReadonlyMap<string, JournalledOrder>;
}

async function fillsByRun({ from, to, run }: GapQuery, store: GapParts["store"], signal: AbortSignal): Promise<readonly Group[]> {
  const orders = await store.journalledOrders(null, MOST_ORDERS, signal);
  const byId = new Map(orders.flatMap((order) => (order.orderId === null ? [] : [[order.orderId, order] as const])));
  const groups = new Map<string, Group>();
  const records = new Map<string, RunRecord>();
  for (const account of new Set(orders.map((order) => order.account))) {
    for (let offset = 0; ; offset += PAGE) {
      const page = await store.fills(account, { limit: PAGE, offset }, signal);
      for (const fill of page) {
        const order = byId.get(fill.orderId);
        const hash = run ?? (order === undefined ? undefined : runIn(order));
        if (hash === undefined) continue;
        const record = records.get(hash) ?? (await recordOf(hash, store, signal));
        records.set(hash, record);
        const key = `${account} ${record.runHash} ${fill.symbol}`;
        const group = groups.get(key) ?? { run: record, account, symbol: fill.symbol, fills: [], orders: byId };
        groups.set(key, { ...group, fills: [...group.fills, fill] });
      }
      if (page.length < PAGE) break;
    }
  }
  return [...groups.values()].filter(({ fills }) => fills.some(({ at }) => isBetween(newYorkDate(at), from, to)));
}

function runIn(order: JournalledOrder): string | undefined {
  const { kind, id } = proposalOf({ origin: order.origin, ...(order.why === null ? {} : { why: order.why }) });
  return kind === "run" ? id : undefined;
}

async function recordOf(hash: string, store: GapParts["store"], signal: AbortSignal): Promise<RunRecord> {
  const found = (await store.runsByHash(hash, signal)).find(({ details }) => details?.kind === "backtest");
  if (found === undefined) throw new TradingError("unknown-run", `The ledger has no backtest ${hash}.`, { kind: "usage", hint: "quantdesk runs lists them." });
  return found;
}

interface Window {
  readonly first: number;
  readonly last: number;
  readonly from: string;
  readonly to: string;
}

async function compare(group: Group, window: Window, parts: GapParts, signal: AbortSignal) {
  const notes: string[] = [];
  const { from: _from, to: _to, equity: _equity, checkLookAhead: _proof, ...rest } = (group.run.details as RunDetails).spec;
  const spec: BacktestSpec = { ...rest, origin: "gap" };
  const [now, dataset] = [await parts.backtest(spec, signal), await parts.dataset(spec, signal)];
  const then = await asItWas(group.run, spec, now, notes, parts, signal);
  const dataMarks = marksOf(dataset.series);
  const market = await marketOf(group, window, dataset.series, notes, parts.data, signal);
  const marketMarks = marksOf(market.daily);
  const slipped = slippageOf(now);
  const scale = scaleOf(group, then);
  const planned = (result: BacktestResult) => plannedFills(result, { symbol: group.symbol, scale, slipped, dataset: dataset.series, market: market.daily });
  const [plannedNow, plannedThen] = [planned(now), planned(then)];
  const done = group.fills.map((fill): GapFill => {
    const price = new Big(fill.price);
    return { symbol: fill.symbol, side: fill.side, qty: new Big(fill.qty), price, fee: new Big(0), at: fill.at, market: market.at(fill.at) ?? price };
  });
  const days: GapResult[] = [];
  for (const [date, mark] of marketMarks) {
    const dataMark = dataMarks.get(date);
    if (!isBetween(date, window.from, window.to)) continue;
    if (dataMark === undefined) notes.push(`${date} is not in the backtest's data: the market's prices stand for them.`);
    const day: GapDay = {
      date,
      now: bookOn(date, plannedNow, group.symbol),
      traded: bookOn(date, plannedThen, group.symbol),
      actual: bookOn(date, done, group.symbol),
      dataMarks: new Map([[group.symbol, dataMark ?? mark]]),
      marketMarks: new Map([[group.symbol, mark]]),
    };
    days.push(attributeGap(day));
  }
  return { days, notes, simulated: now.simulated || market.daily.simulated };
}

/** The backtest with the strategy's text as it was when it traded, where that was kept and is another by now. */
async function asItWas(
  run: RunRecord,
  spec: BacktestSpec,
  now: BacktestResult,
  notes: string[],
  parts: GapParts,
  signal: AbortSignal,
): Promise<BacktestResult> {
  if (run.codeHash === undefined || (await parts.codeHash(spec)) === run.codeHash) return now;
  const text = await parts.store.strategyText(run.codeHash, signal);
  if (text === null) {
    notes.push(`${spec.strategy} has changed since, and its text of then was not kept: what that changed is among the other parts.`);
    return now;
  }
  notes.push(`${spec.strategy} has changed since.`);
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-gap-"));
  try {
    const strategy = join(folder, basename(spec.strategy));
    await writeFile(strategy, text, { mode: 0o600 });
    return await parts.backtest({ ...spec, strategy }, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Market {
  readonly daily: BarSeries;
  /** The price of the minute that holds an instant. */
  readonly at: (time: number) => Big | undefined;
}

async function marketOf(
  { symbol, fills }: Group,
  { first, last }: Window,
  dataset: BarSeries,
  notes: string[],
  data: MarketData,
  signal: AbortSignal,
): Promise<Market> {
  const to = last + 2 * DAY_MS;
  try {
    const daily = (await data.bars([symbol], { timeframe: "1Day", from: first - LOOK_BACK_DAYS * DAY_MS, to }, signal)).get(symbol);
    const inside = fills.map(({ at }) => at).filter((at) => at >= first && at < to);
    const minutes = (await data.bars([symbol], { timeframe: "1Min", from: Math.min(...inside) - MINUTE_MS, to: Math.max(...inside) + MINUTE_MS }, signal)).get(
      symbol,
    );
    if (daily === undefined || daily.time.length === 0) throw new TradingError("no-bars", "there are none");
    const byMinute = new Map(Array.from(minutes?.time ?? [], (time, at) => [Math.floor(time / MINUTE_MS), minutes?.open[at] as number]));
    if (byMinute.size === 0) notes.push(`There are no minute bars of ${symbol}: timing counts as slippage.`);
    return {
      daily,
      at: (time) => {
        const price = byMinute.get(Math.floor(time / MINUTE_MS));
        return price === undefined ? undefined : new Big(price);
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    notes.push(`The market's prices of ${symbol} could not be had (${TradingError.from(error, "failed").message}): those of the backtest stand for them.`);
    return { daily: dataset, at: () => undefined };
  }
}

/** The last close of each New York date, with the one before. */
function marksOf(series: BarSeries): ReadonlyMap<string, GapMark> {
  const closes = new Map<string, number>();
  for (let t = 0; t < series.time.length; t++) closes.set(dayOf(series, t), series.close[t] as number);
  const marks = new Map<string, GapMark>();
  let before: Big | undefined;
  for (const [date, value] of closes) {
    const close = new Big(value);
    marks.set(date, { before: before ?? close, close });
    before = close;
  }
  return marks;
}

/** Daily bars of files are stamped with UTC midnight, those of the market with New York's. */
function dayOf(series: BarSeries, t: number): string {
  return dateAt(series.time[t] as number);
}

function dateAt(time: number): string {
  return time % DAY_MS === 0 ? new Date(time).toISOString().slice(0, 10) : newYorkDate(time);
}

function opensOf(series: BarSeries): ReadonlyMap<string, number> {
  const opens = new Map<string, number>();
  for (let t = series.time.length - 1; t >= 0; t--) opens.set(dayOf(series, t), series.open[t] as number);
  return opens;
}

/** Share of the price that the backtest's own slippage adds to a market order. */
function slippageOf({ costs }: BacktestResult): Big {
  return new Big(costs.slippageBps).div(10_000);
}

/** The orders say how many, the strategy only when: sizes of the backtest are brought to those of the orders. */
function scaleOf({ fills, orders }: Group, { trades }: BacktestResult): Big {
  for (const fill of fills) {
    if (fill.side !== "buy") continue;
    const trade = trades.findLast(({ entryTime }) => dateAt(Date.parse(entryTime)) <= newYorkDate(fill.at));
    const asked = qtyIn(orders.get(fill.orderId)) ?? new Big(fill.qty);
    if (trade !== undefined && trade.size > 0) return asked.div(new Big(trade.size));
  }
  return new Big(1);
}

function qtyIn(order: JournalledOrder | undefined): Big | undefined {
  try {
    const { qty } = JSON.parse(order?.body ?? "{}") as { qty?: string | number };
    return qty === undefined ? undefined : new Big(qty);
  } catch {
    return undefined;
  }
}

interface PlanOf {
  readonly symbol: string;
  readonly scale: Big;
  readonly slipped: Big;
  readonly dataset: BarSeries;
  readonly market: BarSeries;
}

function plannedFills({ trades }: BacktestResult, { symbol, scale, slipped, dataset, market }: PlanOf): readonly GapFill[] {
  const [ours, theirs] = [opensOf(dataset), opensOf(market)];
  const one = (side: Side, time: string, price: number, qty: Big, fee: Big): GapFill => {
    const at = Date.parse(time);
    const paid = new Big(price);
    const slippage = paid.minus(paid.div(side === "buy" ? slipped.plus(1) : new Big(1).minus(slipped)));
    const [own, other] = [ours.get(dateAt(at)), theirs.get(dateAt(at))];
    const moved = own === undefined || other === undefined ? new Big(0) : new Big(other).minus(own);
    return { symbol, side, qty, price: paid, fee, at, market: paid.minus(slippage).plus(moved), slippage };
  };
  return trades.flatMap(({ side, entryTime, exitTime, entryPrice, exitPrice, size, fees, finalized }) => {
    const qty = new Big(size).times(scale);
    const [fee, inValue, outValue] = [new Big(fees).times(scale), new Big(entryPrice), new Big(exitPrice)];
    const entryFee = fee.times(inValue).div(inValue.plus(outValue));
    const [opens, closes]: [Side, Side] = side === "long" ? ["buy", "sell"] : ["sell", "buy"];
    const entry = one(opens, entryTime, entryPrice, qty, entryFee);
    return finalized ? [entry] : [entry, one(closes, exitTime, exitPrice, qty, fee.minus(entryFee))];
  });
}

function bookOn(date: string, fills: readonly GapFill[], symbol: string): GapBook {
  const before = fills.filter(({ at }) => dateAt(at) < date);
  const held = before.reduce((sum, { side, qty }) => (side === "buy" ? sum.plus(qty) : sum.minus(qty)), new Big(0));
  return { fills: fills.filter(({ at }) => dateAt(at) === date), held: new Map([[symbol, held]]) };
}

function money({ backtest, actual, difference, parts }: Omit<GapResult, "date">): Money {
  return {
    backtest: backtest.toFixed(2),
    actual: actual.toFixed(2),
    difference: difference.toFixed(2),
    parts: Object.fromEntries(GAP_PARTS.map((part) => [part, parts[part].toFixed(2)])) as Money["parts"],
  };
}

function isBetween(date: string, from: string, to: string): boolean {
  return date >= from && date <= to;
}

function dateOf(text: string, what: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw badInput("bad-time", `${what} is "${text}", which is no date.`, "Write it like 2026-11-20.");
  return at;
}
