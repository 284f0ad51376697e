/** Gap attribution out of the journal: fills, each against the backtest that it belongs to (gapGroups.ts), over the same days. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Big } from "../base/decimal.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { BacktestResult } from "../domain/backtest.ts";
import type { BarSeries, CorporateAction, Dataset } from "../domain/bars.ts";
import type { BacktestSpec } from "../domain/desk.ts";
import { attributeGap, GAP_PARTS, totalGap, type GapDay, type GapFill, type GapResult } from "../domain/gap.ts";
import type { MarketData, RunDetails, RunRecord, Store } from "../domain/ports.ts";
import { bookOn, dateAt, marksOf, ONE, plannedFills, pricesOf, scaleOf } from "./gapBooks.ts";
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
  const market = await marketOf(group, window, ours, notes, parts.data, signal);
  const prices = pricesOf(dataset, ours, market.actions);
  const dataMarks = marksOf(ours, prices.applied, prices.asTraded);
  const marketMarks = marksOf(market.daily, market.actions, () => ONE);
  const planFor = { symbol: group.symbol, slipped: new Big(now.costs.slippageBps).div(10_000), dataset: ours, market: market.daily, prices };
  const scale = scaleOf(group, tradesOf(then, group.symbol), prices);
  const planned = (result: BacktestResult) => plannedFills(tradesOf(result, group.symbol), { ...planFor, scale });
  const [plannedNow, plannedThen] = [planned(now), planned(then)];
  const done = group.fills.map((fill): GapFill => {
    const price = new Big(fill.price);
    const fee = charged.ofFills.get(fill.executionId) ?? ZERO;
    return { symbol: fill.symbol, side: fill.side, qty: new Big(fill.qty), price, fee, at: fill.at, market: market.at(fill.at) ?? price };
  });
  const book = (date: string, fills: readonly GapFill[]) => bookOn(date, fills, group.symbol, market.actions);
  const days: GapResult[] = [];
  for (const [date, mark] of marketMarks) {
    const dataMark = dataMarks.get(date);
    if (!isBetween(date, window.from, window.to)) continue;
    if (dataMark === undefined) notes.push(`${date} is not in the backtest's data: the market's prices stand for them.`);
    const day: GapDay = {
      date,
      now: book(date, plannedNow),
      traded: book(date, plannedThen),
      actual: { ...book(date, done), charges: heldFor(date, group.symbol, charged) },
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
  /** As traded. */
  readonly daily: BarSeries;
  /** Of the symbol since the first day, oldest first. */
  readonly actions: readonly CorporateAction[];
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
    const from = first - LOOK_BACK_DAYS * DAY_MS;
    const daily = (await data.bars([symbol], { timeframe: "1Day", from, to, adjustment: "raw" }, signal)).get(symbol);
    const inside = fills.map(({ at }) => at).filter((at) => at >= first && at < to);
    const minutes = (
      await data.bars([symbol], { timeframe: "1Min", from: Math.min(...inside) - MINUTE_MS, to: Math.max(...inside) + MINUTE_MS, adjustment: "raw" }, signal)
    ).get(symbol);
    if (daily === undefined || daily.time.length === 0) throw new TradingError("no-bars", "there are none");
    const byMinute = new Map(Array.from(minutes?.time ?? [], (time, at) => [Math.floor(time / MINUTE_MS), minutes?.open[at] as number]));
    if (byMinute.size === 0) notes.push(`There are no minute bars of ${symbol}: timing counts as slippage.`);
    const actions = await actionsOf(symbol, { from: Math.min(from, ...fills.map(({ at }) => at)), to: Math.max(to, Date.now()) }, notes, data, signal);
    return {
      daily,
      actions,
      at: (time) => {
        const price = byMinute.get(Math.floor(time / MINUTE_MS));
        return price === undefined ? undefined : new Big(price);
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    notes.push(`The market's prices of ${symbol} could not be had (${TradingError.from(error, "failed").message}): those of the backtest stand for them.`);
    return { daily: dataset, actions: [], at: () => undefined };
  }
}

/** Prices count without them; a failure costs a sentence. */
async function actionsOf(
  symbol: string,
  range: { readonly from: number; readonly to: number },
  notes: string[],
  data: MarketData,
  signal: AbortSignal,
): Promise<readonly CorporateAction[]> {
  try {
    return (await data.corporateActions?.([symbol], range, signal))?.get(symbol) ?? [];
  } catch (error) {
    signal.throwIfAborted();
    notes.push(`Splits and dividends of ${symbol} could not be read (${TradingError.from(error, "failed").message}): they count as none.`);
    return [];
  }
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
