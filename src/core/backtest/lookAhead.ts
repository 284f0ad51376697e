/**
 * Proves that a strategy does not look ahead: with the later bars cut off, its signals and orders up to the cut must be
 * what they are on the whole series. Short series are cut at every bar; long ones after every signal and at even steps, as
 * far as the work allows, and once a cut shows a difference all cuts before it are tried too, so that the first bar is named.
 * What a file keeps from run to run is later bars as well: copies of it that were never run see cut series alone.
 */
import type { BacktestRequest, Params } from "../domain/backtest.ts";
import { sliceBars, type BarSeries } from "../domain/bars.ts";
import type { StrategyDefinition } from "../domain/strategy.ts";
import { TradingError } from "../base/errors.ts";
import { clockOf } from "./clock.ts";
import { onBarOf, signalArrays, type LoadedStrategy } from "./engines.ts";
import { runEvent } from "./eventEngine.ts";
import { parseParams } from "./params.ts";
import type { Portfolio } from "./portfolio.ts";

export interface LookAhead {
  /** First bar whose signal or orders are others when later bars are cut off, from 0. */
  readonly bar: number;
  /** ISO 8601 UTC. */
  readonly time: string;
  /** "entries", "exits", "shortEntries", "shortExits" or "orders". */
  readonly what: string;
  /** It already differs in a second run over the same bars. */
  readonly isRepeatable: boolean;
}

export interface LookAheadCheck {
  readonly found: LookAhead | null;
  /** How many cuts were tried. */
  readonly cuts: number;
  /** Every bar was cut at. */
  readonly exhaustive: boolean;
}

interface Checked {
  readonly strategy: LoadedStrategy;
  readonly params: Params;
  readonly series: readonly BarSeries[];
  readonly rules: Pick<BacktestRequest, "cash" | "costs" | "sizing" | "fill">;
}

/** What the strategy says at each time, by kind: equal texts or numbers mean equal decisions. */
type Decisions = Readonly<Record<string, ArrayLike<number | string>>>;

/** The decisions on the first bars, so many. */
type Decide = (end: number) => Decisions;

/** Bars that all cut runs together may visit: about a second each. onBar() is given no later bar, so fewer cuts will do. */
const MAX_VISITS = { signals: 10_000_000, orders: 1_500_000 };
const MAX_MS = 15_000;

export function checkLookAhead(run: Checked): LookAheadCheck {
  const clock = clockOf(run.series);
  const { definition } = run.strategy;
  const forms = [
    ...(definition.signals === undefined ? [] : [{ decide: signalDecisions, visits: MAX_VISITS.signals }]),
    ...(definition.onBar === undefined ? [] : [{ decide: orderDecisions, visits: MAX_VISITS.orders }]),
  ];
  let cuts = 0;
  let exhaustive = true;
  for (const { decide, visits } of forms) {
    const unused = (run.strategy.unused ?? []).map((definition) => ({ ...run, strategy: { ...run.strategy, definition } }));
    const check = checkForm(
      clock,
      visits,
      (end) => decide(cutOff(run, clock, end)),
      unused.map((copy) => (end: number) => {
        run.strategy.forget?.();
        return decide(cutOff(copy, clock, end));
      }),
    );
    cuts += check.cuts;
    exhaustive &&= check.exhaustive;
    if (check.found !== null) return { ...check, cuts };
  }
  return { found: null, cuts, exhaustive };
}

/**
 * For tests of one's own strategies: throws a `look-ahead` error that names the first bar at which `strategy` looks ahead on
 * `bars`. A few hundred bars on which it trades both ways are enough.
 */
export function assertNoLookAhead(strategy: StrategyDefinition, bars: BarSeries, params: Params = {}): void {
  const { found } = checkLookAhead({
    strategy: { definition: strategy, hash: "" },
    params: parseParams(strategy, params),
    series: [bars],
    rules: { cash: 10_000, costs: { feeRate: 0, slippageBps: 0 }, sizing: { kind: "all-in" }, fill: "next-open" },
  });
  if (found !== null) throw lookAheadError(strategy.name, found);
}

/** As an error that names strategy, bar and what to do. */
export function lookAheadError(name: string, { bar, time, what, isRepeatable }: LookAhead): TradingError {
  const data = { bar, time };
  if (!isRepeatable)
    return new TradingError("look-ahead", `${name} decides otherwise in a second run over the same bars, first at bar ${bar} (${time}): its ${what} differ.`, {
      hint: "It keeps something from run to run, which may be later bars, or uses chance or the clock. Let it depend on the bars it is given alone.",
      data,
    });
  return new TradingError("look-ahead", `${name} looks ahead: its ${what} at bar ${bar} (${time}) are others when the bars after it are cut off.`, {
    hint: "Use only values at or before the bar: no negative shift, no mean, maximum or scale of the whole series, no count of all bars.",
    data,
  });
}

function checkForm(clock: Float64Array, visits: number, decide: Decide, unused: readonly Decide[]): LookAheadCheck {
  const n = clock.length;
  const whole = decide(n);
  const tell = (bar: number, what: string, isRepeatable: boolean): LookAhead => ({ bar, time: new Date(clock[bar]!).toISOString(), what, isRepeatable });
  const again = difference(whole, decide(n), n);
  if (again !== undefined) return { found: tell(again.bar, again.what, false), cuts: 1, exhaustive: false };
  const ends = cutsOf(whole, n, visits);
  const started = performance.now();
  let tried = 0;
  let last = 0;
  let best: { readonly bar: number; readonly what: string } | undefined;
  const at = (end: number) => {
    tried++;
    const found = cutDifference(whole, decide, end);
    if (found !== undefined && (best === undefined || found.bar < best.bar)) best = found;
    return found;
  };
  for (const end of ends) {
    if (at(end) !== undefined) break;
    last = end;
    if (performance.now() - started > MAX_MS) break;
  }
  const isWhole = ends.length === n - 1 && (last === n - 1 || best !== undefined);
  if (best === undefined) {
    const kept = keptDifference(whole, n, unused);
    return { found: kept === undefined ? null : tell(kept.bar, kept.what, true), cuts: tried, exhaustive: isWhole || n < 2 };
  }
  // A bar before may only show at a cut between the last clean one and this.
  for (let end = last + 1; end <= best.bar && performance.now() - started < 2 * MAX_MS; end++) at(end);
  return { found: tell(best.bar, best.what, true), cuts: tried, exhaustive: isWhole };
}

/** Of copies that are given the bars up to a decision and nothing else: the first decisions, and others over the whole series. */
function keptDifference(whole: Decisions, n: number, unused: readonly Decide[]) {
  const decisive = decisiveEnds(whole, n);
  const half = unused.length >> 1;
  const apart = Math.max(1, Math.floor(decisive.length / Math.max(1, half)));
  const ends = new Set([...decisive.slice(0, unused.length - half), ...decisive.filter((_end, i) => i % apart === 0)]);
  const found = [...ends].slice(0, unused.length).map((end, i) => cutDifference(whole, unused[i]!, end));
  return found.filter((one) => one !== undefined).sort((x, y) => x.bar - y.bar)[0];
}

/** Cuts right after a decision. */
function decisiveEnds(whole: Decisions, n: number): readonly number[] {
  const ends: number[] = [];
  for (let t = 0; t < n - 1; t++) if (Object.values(whole).some((values) => Boolean(values[t]))) ends.push(t + 1);
  return ends;
}

/** A strategy that cannot do with so few bars says nothing about them. */
function cutDifference(whole: Decisions, decide: (end: number) => Decisions, end: number) {
  try {
    return difference(whole, decide(end), end);
  } catch {
    return undefined;
  }
}

function difference(whole: Decisions, part: Decisions, end: number): { readonly bar: number; readonly what: string } | undefined {
  let first: { readonly bar: number; readonly what: string } | undefined;
  for (const what of new Set([...Object.keys(whole), ...Object.keys(part)])) {
    const [a, b] = [whole[what], part[what]];
    for (let t = 0; t < (first?.bar ?? end); t++) if ((a?.[t] ?? 0) !== (b?.[t] ?? 0)) first = { bar: t, what };
  }
  return first;
}

/** Numbers of bars to keep, ascending: all, or those that end with a decision and others between them. */
function cutsOf(whole: Decisions, n: number, visits: number): readonly number[] {
  const most = Math.max(20, Math.floor((2 * visits) / Math.max(1, n)));
  if (n - 1 <= most) return Array.from({ length: Math.max(0, n - 1) }, (_value, i) => i + 1);
  const decisive = decisiveEnds(whole, n);
  const step = Math.max(1, Math.ceil(decisive.length / (most / 2)));
  const even = Math.max(1, Math.floor(n / (most / 2)));
  const chosen = new Set(decisive.filter((_end, i) => i % step === 0));
  for (let end = even; end < n; end += even) chosen.add(end);
  return [...chosen].sort((a, b) => a - b);
}

function cutOff(run: Checked, clock: Float64Array, end: number): Checked {
  if (end >= clock.length) return run;
  const after = clock[end]!;
  const series = run.series.map((bars) => {
    let to = Math.min(end, bars.time.length);
    while (to > 0 && bars.time[to - 1]! >= after) to--;
    return sliceBars(bars, 0, to);
  });
  return { ...run, series };
}

function signalDecisions({ strategy, params, series }: Checked): Decisions {
  const signals = signalArrays({ strategy, params, series });
  return Object.fromEntries(Object.entries(signals).map(([what, values]) => [what, Uint8Array.from(values as ArrayLike<number>, (value) => (value ? 1 : 0))]));
}

/** Orders that work after each close, and the position. */
function orderDecisions({ strategy, params, series, rules }: Checked): Decisions {
  const clock = clockOf(series);
  const orders: string[] = [];
  const watch = (account: Portfolio) => {
    let text = "";
    for (const leg of account.legs) if (leg.orders.length > 0) text += `${leg.number}${JSON.stringify(leg.orders)}`;
    orders.push(text);
  };
  const onBar = onBarOf(strategy, params);
  if (onBar !== undefined && clock.length > 0) runEvent(series, clock, onBar, params, rules, watch);
  return { orders };
}
