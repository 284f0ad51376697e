/**
 * Assertions about a strategy's behaviour, for files that `quantdesk test` runs:
 *
 *   import { expectBacktest } from "quantdesk";
 *   expectBacktest({ data: "sample:sp500", strategy: "sma_cross" })
 *     .during("2020-03").drawdownUnder(15)
 *     .during("all").tradesBetween(10, 500).stat("sharpe", { min: 0.2 });
 *
 * Declaring runs nothing. Costs are a fee of 10 bps and slippage of 5 bps a side unless the request says otherwise.
 */
import { TradingError } from "../base/errors.ts";
import * as checks from "./assertionChecks.ts";
import type { Finding } from "./assertionChecks.ts";
import type { BacktestResult, BacktestStats, BacktestTrade } from "./backtest.ts";
import type { BacktestSpec } from "./desk.ts";

/** "2020", "2020-03", "2020-03-16", two of them as { from, to } (both included), or "all". UTC. */
export type Period = string | { readonly from: string; readonly to: string };

type StatName = { [K in keyof BacktestStats]: BacktestStats[K] extends number | null ? K : never }[keyof BacktestStats];

export interface BacktestExpectation {
  /** What follows looks at this part only; "all" ends it. Trades belong to a part when they are entered in it. */
  during(period: Period): BacktestExpectation;
  /** The deepest fall of equity below its highest close since the part began stays under so many percent. */
  drawdownUnder(percent: number): BacktestExpectation;
  /** Equity at the end of the part over that before it, in percent. */
  returnAbove(percent: number): BacktestExpectation;
  returnBelow(percent: number): BacktestExpectation;
  tradesBetween(least: number, most: number): BacktestExpectation;
  /** No fill in the last so many minutes of a session; New York's regular hours unless `close` ("16:00" in UTC) says otherwise. */
  noTradeInLast(minutes: number, options?: { readonly close?: string }): BacktestExpectation;
  holdsAtMost(bars: number): BacktestExpectation;
  everyTrade(name: string, holds: (trade: BacktestTrade) => boolean): BacktestExpectation;
  /** A statistic of the whole run, within bounds; one that is undefined fails. */
  stat(name: StatName, bounds: { readonly min?: number; readonly max?: number }): BacktestExpectation;
  /** Anything else about the whole run: throws, or answers what is wrong; nothing or true when all is well. */
  check(name: string, look: (result: BacktestResult) => unknown): BacktestExpectation;
}

export interface DeclaredCheck {
  readonly name: string;
  /** Of the assertion in its file. */
  readonly line: number | null;
  readonly look: (result: BacktestResult) => Finding | null;
}

export interface DeclaredExpectation {
  readonly spec: BacktestSpec;
  readonly checks: readonly DeclaredCheck[];
}

/** Where declarations go while `quantdesk test` loads a file; its process puts it there. */
const LIST = Symbol.for("quantdesk.expectations");

/** Begins to collect what is declared in this process. */
export function collectExpectations(): readonly DeclaredExpectation[] {
  const list: DeclaredExpectation[] = [];
  Object.assign(globalThis, { [LIST]: list });
  return list;
}

/** Declares what a backtest must show; each method adds one assertion. Throws outside of `quantdesk test`. */
export function expectBacktest(spec: BacktestSpec): BacktestExpectation {
  const list = (globalThis as { [LIST]?: DeclaredExpectation[] })[LIST];
  if (list === undefined) throw new TradingError("not-here", "expectBacktest() works in files that quantdesk test runs.");
  const declared: DeclaredCheck[] = [];
  list.push({ spec, checks: declared });
  let part: checks.Part = { name: "all", from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const within = () => (part.name === "all" ? "" : ` in ${part.name}`);
  const add = (name: string, look: DeclaredCheck["look"]) => {
    declared.push({ name, line: callerLine(), look });
    return expectation;
  };
  const expectation: BacktestExpectation = {
    during: (period) => {
      part = checks.partOf(period);
      return expectation;
    },
    drawdownUnder: (percent) => {
      const [now, limit] = [part, checks.finite("drawdownUnder", percent)];
      return add(`drawdown${within()} under ${limit} %`, (result) => checks.drawdownUnder(result, now, limit));
    },
    returnAbove: (percent) => {
      const [now, limit] = [part, checks.finite("returnAbove", percent)];
      return add(`return${within()} above ${limit} %`, (result) => checks.returnWithin(result, now, { min: limit }));
    },
    returnBelow: (percent) => {
      const [now, limit] = [part, checks.finite("returnBelow", percent)];
      return add(`return${within()} below ${limit} %`, (result) => checks.returnWithin(result, now, { max: limit }));
    },
    tradesBetween: (least, most) => {
      const now = part;
      return add(`${least} to ${most} trades${within()}`, (result) => checks.tradesBetween(result, now, least, most));
    },
    noTradeInLast: (minutes, options = {}) => {
      const [now, least] = [part, checks.finite("noTradeInLast", minutes)];
      return add(`no trade in the last ${least} minutes${within()}`, (result) => checks.noTradeInLast(result, now, least, options.close));
    },
    holdsAtMost: (bars) => {
      const [now, most] = [part, checks.finite("holdsAtMost", bars)];
      return add(`holds at most ${most} bars${within()}`, (result) =>
        checks.everyTrade(
          result,
          now,
          (trade) => trade.bars <= most,
          (trade) => `was held for ${trade.bars} bars`,
        ),
      );
    },
    everyTrade: (name, holds) => {
      const now = part;
      return add(`every trade${within()}: ${name}`, (result) => checks.everyTrade(result, now, holds, () => "does not hold"));
    },
    stat: (name, bounds) => add(`${name} ${checks.boundsText(bounds)}`, (result) => checks.statWithin(result, name, bounds)),
    check: (name, look) => add(name, (result) => checks.custom(look, result)),
  };
  return expectation;
}

/** The line of the file that is being loaded, from the stack: the first that is a file of the person. */
function callerLine(): number | null {
  const lines = (new Error().stack ?? "").split("\n").filter((line) => line.includes("quantdesk-file="));
  const found = /quantdesk-file=[^:)]*:(\d+)/.exec(lines[0] ?? "");
  return found === null ? null : Number(found[1]);
}
