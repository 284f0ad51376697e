/** Gap attribution out of the journal: fills, each against the backtest that it belongs to (gapGroups.ts), over the same days. */
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
import type { JournalledOrder, MarketData, RunDetails, RunRecord, Store } from "../domain/ports.ts";
import { chargesOf, type AccountActivities, type Charges } from "./gapCharges.ts";
import { fillsByRun, isBetween, OWN, type GapQuery, type GapStore, type Group, type Grouped } from "./gapGroups.ts";

export interface GapParts {
  readonly store: GapStore & Pick<Store, "strategyText">;
  readonly data: MarketData;
  /** What the broker tells of an account between two instants. Throws where it cannot be asked. */
  readonly activities: AccountActivities;
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
  /** Fills of these days that no run of the ledger can be held against; they are in no sum. */
  readonly unattributed: Grouped["unattributed"];
}

const ZERO = new Big(0);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A close before the first day is looked for so many days back. */
const LOOK_BACK_DAYS = 10;
const MOST_DAYS = 366;
const BOOKED_WITHIN_DAYS = 7;

export async function gapReport({ from, to, run }: GapQuery, parts: GapParts, signal: AbortSignal): Promise<GapReport> {
  const [first, last] = [dateOf(from, "--from"), dateOf(to, "--to")];
  if (first > last) throw badInput("bad-time", `from (${from}) is after to (${to}).`, "Swap them.");
  if (last - first > MOST_DAYS * DAY_MS) throw badInput("bad-time", `${from} to ${to} is more than a year.`, "Ask for it in parts.");
  const { groups, unattributed, fills } = await fillsByRun({ from, to, ...(run === undefined ? {} : { run }) }, parts.store, signal);
  if (groups.length === 0)
    throw new TradingError("no-fills", `No fill from ${from} to ${to} can be held against a backtest.`, {
      hint: "Orders name the run that proposed them by --proposed-by run:HASH; --run HASH holds all fills of these days against that run.",
    });
  const runs: Array<GapReport["runs"][number]> = [];
  const results: GapResult[] = [];
  let simulated = false;
  const window = { first, last, from, to };
  const charges = new Map<string, Charged>();
  for (const group of groups) {
    const charged = charges.get(group.account) ?? (await chargesIn(window, group.account, fills, parts, signal));
    charges.set(group.account, charged);
    const found = await compare(group, window, charged, parts, signal);
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
  return { schema: "quantdesk.gap/1", from, to, simulated, ...money(totalGap(results)), runs, unattributed };
}

type Charged = Charges & { readonly notes: readonly string[] };

/** A broker that cannot be asked costs a sentence: fees then count as nothing. */
async function chargesIn({ first, last }: Window, account: string, fills: Grouped["fills"], { activities }: GapParts, signal: AbortSignal): Promise<Charged> {
  try {
    // Fees are booked up to some days after their trades.
    const told = await activities(account, { after: first - DAY_MS, until: last + BOOKED_WITHIN_DAYS * DAY_MS }, signal);
    const charges = chargesOf(told, fills.get(account) ?? [], dateAt);
    const { left } = charges;
    return { ...charges, notes: left.eq(0) ? [] : [`Charges of ${left.toFixed()} dollars are for no fill that is known here: they are in no part.`] };
  } catch (error) {
    signal.throwIfAborted();
    const note = `What account ${account} was charged could not be read (${TradingError.from(error, "failed").message}): fees count as 0.`;
    return { ofFills: new Map(), ofHolding: [], left: new Big(0), notes: [note] };
  }
}

interface Window {
  readonly first: number;
  readonly last: number;
  readonly from: string;
  readonly to: string;
}

async function compare(group: Group, window: Window, charged: Charged, parts: GapParts, signal: AbortSignal) {
  const notes: string[] = [...charged.notes];
  if (group.guessed.size > 0) {
    const orders = group.guessed.size === 1 ? "1 order names" : `${group.guessed.size} orders name`;
    notes.push(`${orders} no run: held against the newest backtest of ${group.symbol} before ${group.guessed.size === 1 ? "it" : "them"}.`);
  }
  const { from: _from, to: _to, equity: _equity, checkLookAhead: _proof, ...rest } = (group.run.details as RunDetails).spec;
  const spec: BacktestSpec = { ...rest, origin: OWN };
  const [now, dataset] = [await parts.backtest(spec, signal), await parts.dataset(spec, signal)];
  const then = await asItWas(group.run, spec, now, notes, parts, signal);
  const ours = seriesOf(dataset, group.symbol);
  const dataMarks = marksOf(ours);
  const market = await marketOf(group, window, ours, notes, parts.data, signal);
  const marketMarks = marksOf(market.daily);
  const slipped = slippageOf(now);
  const scale = scaleOf(group, tradesOf(then, group.symbol));
  const planned = (result: BacktestResult) =>
    plannedFills(tradesOf(result, group.symbol), { symbol: group.symbol, scale, slipped, dataset: ours, market: market.daily });
  const [plannedNow, plannedThen] = [planned(now), planned(then)];
  const done = group.fills.map((fill): GapFill => {
    const price = new Big(fill.price);
    return {
      symbol: fill.symbol,
      side: fill.side,
      qty: new Big(fill.qty),
      price,
      fee: charged.ofFills.get(fill.executionId) ?? ZERO,
      at: fill.at,
      market: market.at(fill.at) ?? price,
    };
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
      actual: { ...bookOn(date, done, group.symbol), charges: heldFor(date, group.symbol, charged) },
      dataMarks: new Map([[group.symbol, dataMark ?? mark]]),
      marketMarks: new Map([[group.symbol, mark]]),
    };
    days.push(attributeGap(day));
  }
  return { days, notes, simulated: now.simulated || market.daily.simulated };
}

/** Of a backtest of several symbols the one that was traded; a single one may be a file of another name. */
function seriesOf({ series, others = [] }: Dataset, symbol: string): BarSeries {
  return others.find((other) => other.symbol === symbol) ?? series;
}

function tradesOf({ trades }: BacktestResult, symbol: string): BacktestResult["trades"] {
  return trades.filter((trade) => trade.symbol === undefined || trade.symbol === symbol);
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
function scaleOf({ fills, orders }: Group, trades: BacktestResult["trades"]): Big {
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

function plannedFills(trades: BacktestResult["trades"], { symbol, scale, slipped, dataset, market }: PlanOf): readonly GapFill[] {
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

function heldFor(date: string, symbol: string, { ofHolding }: Charges): Big {
  return ofHolding.reduce((sum, one) => (one.date === date && one.symbol === symbol ? sum.plus(one.amount) : sum), ZERO);
}

function money({ backtest, actual, difference, parts }: Omit<GapResult, "date">): Money {
  return {
    backtest: backtest.toFixed(2),
    actual: actual.toFixed(2),
    difference: difference.toFixed(2),
    parts: Object.fromEntries(GAP_PARTS.map((part) => [part, parts[part].toFixed(2)])) as Money["parts"],
  };
}

function dateOf(text: string, what: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw badInput("bad-time", `${what} is "${text}", which is no date.`, "Write it like 2026-11-20.");
  return at;
}
