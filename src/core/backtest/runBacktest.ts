/**
 * One backtest from request to result: has the engine picked and run, counts, hashes. Pure: no process, no file, no clock
 * but the one that measures `durationMs`.
 */
import type { BacktestRequest, BacktestResult, BacktestTrade, Params, Sizing } from "../domain/backtest.ts";
import { datasetIdentity, sliceBars, type BarSeries, type Dataset } from "../domain/bars.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { chooseEngine, runChosen, type LoadedStrategy } from "./engines.ts";
import { ENGINE_VERSION } from "./engineVersion.ts";
import type { LedgerTrade } from "./ledger.ts";
import type { SimpleOutcome } from "./simpleEngine.ts";
import { parseParams } from "./params.ts";
import { inferPeriodsPerYear } from "./periods.ts";
import { statistics, tradeReturnPct } from "./statistics.ts";
import { firstTradedBar, tradingFrom } from "./tradeFrom.ts";

export function runBacktest(request: BacktestRequest, strategy: LoadedStrategy, dataset: Dataset): BacktestResult {
  const started = performance.now();
  const definition = strategy.definition;
  const params = parseParams(definition, request.params);
  const bars = between(dataset, request.from, request.to);
  const chosen = chooseEngine(definition, request.engine);
  const first = firstTradedBar(bars, request);
  const trading = first === 0 ? strategy : { ...strategy, definition: tradingFrom(definition, first, request.fill) };
  const { outcome, engine, reason } = runChosen(chosen, { request, strategy: trading, params, bars });
  const periodsPerYear = request.periodsPerYear ?? inferPeriodsPerYear(bars.time);
  // The close before the first traded bar is where the money starts from.
  const begin = Math.max(0, first - 1);
  const [equity, time] = [outcome.equity.subarray(begin), bars.time.subarray(begin)];
  const all = statistics({ ...outcome, equity, time, cash: request.cash, periodsPerYear, riskFree: request.riskFree });
  const stats = first === 0 ? all : { ...all, exposurePct: (outcome.barsHeld / (bars.time.length - first)) * 100 };
  if (!Number.isFinite(stats.finalEquity))
    throw new TradingError(
      "not-finite",
      `${definition.name} on ${dataset.info.name}: the equity is no longer a finite number; the prices differ by too many orders of magnitude.`,
    );
  const iso = (index: number) => new Date(bars.time[index]!).toISOString();
  return {
    schema: "quantdesk.backtest/1",
    strategy: definition.name,
    params,
    engine,
    engineReason: reason,
    dataset: { ...dataset.info, bars: bars.time.length, from: iso(0), to: iso(bars.time.length - 1) },
    costs: { ...request.costs, fill: request.fill, sizing: sizingText(request.sizing) },
    ...(request.fill === "close" ? { sameBarFill: true as const } : {}),
    warnings: [...(dataset.warnings ?? []), ...warningsOf(request, outcome, bars)],
    trades: outcome.trades.map((trade) => publicTrade(trade, iso)),
    stats,
    ...(request.withEquity ? { equity: Array.from(equity, (value, t) => [iso(begin + t), value] as const) } : {}),
    simulated: dataset.series.simulated,
    runHash: runHash(request, strategy, params, dataset),
    durationMs: performance.now() - started,
  };
}

/** The bars that a run uses. Throws when there are none. */
export function between(dataset: Dataset, from: number | undefined, to: number | undefined): BarSeries {
  const { series, info } = dataset;
  let first = 0;
  let end = series.time.length;
  if (from !== undefined) while (first < end && series.time[first]! < from) first++;
  if (to !== undefined) while (end > first && series.time[end - 1]! > to) end--;
  if (end - first < 1)
    throw badInput(
      "no-bars",
      `${info.name} has no bars in the range that was asked for.`,
      info.from === null ? "The data set is empty." : `It holds ${info.from.slice(0, 10)} to ${info.to?.slice(0, 10)}.`,
    );
  return first === 0 && end === series.time.length ? series : sliceBars(series, first, end);
}

function publicTrade(trade: LedgerTrade, iso: (index: number) => string): BacktestTrade {
  return {
    side: "long",
    entryIndex: trade.entryIndex,
    exitIndex: trade.exitIndex,
    entryTime: iso(trade.entryIndex),
    exitTime: iso(trade.exitIndex),
    entryPrice: trade.entryPrice,
    exitPrice: trade.exitPrice,
    size: trade.size,
    fees: trade.entryFee + trade.exitFee,
    pnl: trade.pnl,
    pnlPct: tradeReturnPct(trade),
    bars: trade.exitIndex - trade.entryIndex,
    finalized: trade.finalized,
  };
}

function sizingText(sizing: Sizing): string {
  switch (sizing.kind) {
    case "all-in":
    case "whole-shares":
      return sizing.kind;
    case "fixed":
      return `fixed:${sizing.units}`;
    case "percent":
      return `percent:${sizing.percent}`;
  }
}

function warningsOf(request: BacktestRequest, outcome: SimpleOutcome, bars: BarSeries): string[] {
  const warnings: string[] = [];
  if (request.fill === "close")
    warnings.push("Filled at the close of the signal's own bar (--fill close): that price is known only when it is too late to trade at it.");
  if (outcome.skipped > 0)
    warnings.push(`${outcome.skipped} ${outcome.skipped === 1 ? "entry was" : "entries were"} not filled: the cash did not reach for the size asked for.`);
  if (outcome.trades.length === 0) warnings.push(`No trade in ${bars.time.length} ${bars.time.length === 1 ? "bar" : "bars"}.`);
  return warnings;
}

/** Same request, code, bars and engine version: same hash, and same result but for `durationMs`. */
function runHash(request: BacktestRequest, strategy: LoadedStrategy, params: Params, dataset: Dataset): string {
  // Whether the curve is handed out too changes no figure.
  const { data: _label, strategy: _where, withEquity: _shown, ...rest } = request;
  return sha256(
    canonicalJson({
      ...rest,
      params,
      strategy: { name: strategy.definition.name, hash: strategy.hash },
      data: datasetIdentity(dataset.info),
      engineVersion: ENGINE_VERSION,
    }),
  );
}
