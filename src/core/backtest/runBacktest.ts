/**
 * One backtest from request to result: has the engine picked and run, counts, hashes. Pure: no process, no file, no clock
 * but the one that measures `durationMs`.
 */
import type { BacktestRequest, BacktestResult, BacktestTrade, Params, Sizing } from "../domain/backtest.ts";
import { datasetIdentity, pricesInfo, type BarSeries, type Dataset } from "../domain/bars.ts";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { benchmarkWarnings } from "./benchmark.ts";
import type { LoadedStrategy } from "./engines.ts";
import { ENGINE_VERSION } from "./engineVersion.ts";
import { excursions } from "./excursions.ts";
import { isoTime } from "./isoTime.ts";
import type { LedgerTrade, Outcome } from "./ledger.ts";
import { checkLookAhead, lookAheadError } from "./lookAhead.ts";
import { measure } from "./measure.ts";
import type { RunMemory } from "./runMemory.ts";
import { tradeReturnPct } from "./statistics.ts";

/** `memory`: what the caller keeps from one run to the next. Nothing of it is in the result. */
export function runBacktest(request: BacktestRequest, strategy: LoadedStrategy, dataset: Dataset, memory?: RunMemory): BacktestResult {
  const started = performance.now();
  const { params, series, clock, outcome, engine, reason, begin, stats } = measure(request, strategy, dataset, undefined, memory);
  const iso = (index: number) => isoTime(clock[index]!);
  const { benchmark } = dataset;
  const check = request.checkLookAhead === true ? checkLookAhead({ strategy, params, series, rules: request }) : undefined;
  if (check?.found != null) throw lookAheadError(strategy.file ?? strategy.definition.name, check.found);
  return {
    schema: "quantdesk.backtest/1",
    strategy: strategy.definition.name,
    params,
    engine,
    engineReason: reason,
    dataset: { ...dataset.info, bars: clock.length, from: iso(0), to: iso(clock.length - 1) },
    ...(benchmark === undefined ? {} : { benchmark: { name: benchmark.info.name, ...pricesInfo(benchmark.info) } }),
    costs: { ...request.costs, fill: request.fill, sizing: sizingText(request.sizing) },
    riskFree: request.riskFree,
    ...(request.fill === "close" ? { sameBarFill: true as const } : {}),
    warnings: [...(dataset.warnings ?? []), ...benchmarkWarnings(clock, dataset), ...warningsOf(request, outcome, clock.length)],
    ...(check === undefined ? {} : { lookAhead: { ok: true as const, cuts: check.cuts, exhaustive: check.exhaustive } }),
    trades: outcome.trades.map((trade) => publicTrade(trade, series, clock, iso, request.fill)),
    stats,
    ...(request.withEquity ? { equity: Array.from(outcome.equity.subarray(begin), (value, t) => [iso(begin + t), value] as const) } : {}),
    simulated: dataset.series.simulated,
    runHash: runHash(request, strategy, params, dataset),
    durationMs: performance.now() - started,
  };
}

function publicTrade(
  trade: LedgerTrade,
  series: readonly BarSeries[],
  clock: Float64Array,
  iso: (index: number) => string,
  fill: BacktestRequest["fill"],
): BacktestTrade {
  const bars = series[trade.leg]!;
  const { maePct, mfePct } = excursions(trade, bars, clock, fill);
  // One literal without spreads: a run over many bars has thousands of trades.
  const shown: BacktestTrade = {
    side: trade.side,
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
    maePct,
    mfePct,
    finalized: trade.finalized,
  };
  if (series.length === 1 && trade.carry === 0) return shown;
  return { ...(series.length === 1 ? {} : { symbol: bars.symbol }), ...shown, ...(trade.carry === 0 ? {} : { carry: trade.carry }) };
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

function warningsOf(request: BacktestRequest, outcome: Outcome, bars: number): string[] {
  const warnings: string[] = [];
  if (request.fill === "close")
    warnings.push("Filled at the close of the signal's own bar (--fill close): that price is known only when it is too late to trade at it.");
  if (outcome.skipped > 0)
    warnings.push(`${outcome.skipped} ${outcome.skipped === 1 ? "entry was" : "entries were"} not filled: the cash did not reach for the size asked for.`);
  if (outcome.trades.length === 0) warnings.push(`No trade in ${bars} ${bars === 1 ? "bar" : "bars"}.`);
  const { marginCalls = 0 } = outcome;
  if (marginCalls > 0)
    warnings.push(
      `${marginCalls} margin ${marginCalls === 1 ? "call" : "calls"}: the equity no longer covered the positions, and all were closed at the next open.`,
    );
  if (outcome.marginCalls !== undefined && isBelowZero(outcome.equity)) warnings.push("The account owed more than it had: its equity fell below zero.");
  return warnings;
}

function isBelowZero(equity: Float64Array): boolean {
  for (let t = 0; t < equity.length; t++) if (equity[t]! < 0) return true;
  return false;
}

/** Same request, code, bars and engine version: same hash, and same result but for `durationMs`. */
function runHash(request: BacktestRequest, strategy: LoadedStrategy, params: Params, dataset: Dataset): string {
  // Whether the curve is handed out too, or the strategy checked, changes no figure.
  const { data: _label, strategy: _where, withEquity: _shown, checkLookAhead: _checked, ...rest } = request;
  return sha256(
    canonicalJson({
      ...rest,
      params,
      strategy: { name: strategy.definition.name, hash: strategy.hash },
      data: datasetIdentity(dataset.info),
      ...(dataset.benchmark === undefined ? {} : { benchmark: datasetIdentity(dataset.benchmark.info) }),
      engineVersion: ENGINE_VERSION,
    }),
  );
}
