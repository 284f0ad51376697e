/** One dashboard frame out of the session. */
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import type { DashboardData, RunRow } from "../../core/domain/ports.ts";
import type { Position } from "../../core/domain/orders.ts";
import type { DashboardFrame, PositionFigures, RunFigures } from "../../webview/protocol.ts";
import type { Desk } from "../desk.ts";
import { paramWords, type ParamOrder } from "../paramWords.ts";
import { modeWord } from "../words.ts";

const READ_WITHIN_MS = 10_000;
const POINTS = 2000; // of the equity line; more than a screen has columns
const NO_STATISTICS = { results: 0, trials: 0, withSharpe: 0, meanSharpe: null, bestSharpe: null, profitable: 0, meanDurationMs: null };
const NOTHING: DashboardData = { runs: 0, statistics: NO_STATISTICS, best: [], recent: [], sources: [], equity: [], candidates: [] };

export async function dashboardFrame(desk: Desk): Promise<DashboardFrame> {
  const session = await desk.session();
  const { BUILTIN_STRATEGIES } = await import("../../core/session.ts");
  const signal = AbortSignal.timeout(READ_WITHIN_MS);
  const { connection, mode, account } = session.status();
  let error: string | null = null;
  let data = NOTHING;
  let positions: readonly Position[] | null = null;
  try {
    [data, positions] = await Promise.all([
      session.store.dashboard(account?.accountNumber ?? null, signal),
      connection === "connected" ? session.broker.getPositions(signal) : null,
    ]);
  } catch (failure) {
    error = TradingError.from(failure, "failed").message;
  }
  return {
    at: Date.now(),
    refreshSeconds: session.config["dashboard.refreshSeconds"],
    trusted: vscode.workspace.isTrusted,
    connection,
    mode: modeWord(mode),
    account:
      account === null
        ? null
        : {
            accountNumber: account.accountNumber,
            equity: account.equity.toNumber(),
            lastEquity: account.lastEquity.toNumber(),
            cash: account.cash.toNumber(),
            buyingPower: account.buyingPower.toNumber(),
          },
    positions: positions?.map(positionFigures) ?? null,
    runs: data.runs,
    statistics: data.statistics,
    sources: data.sources.map(({ kind, title, url, source, symbols, at, readBy }) => ({ kind, title, url, source, symbols, at, readBy })),
    best: data.best.map((run) => runFigures(run, BUILTIN_STRATEGIES)),
    recent: data.recent.map((run) => runFigures(run, BUILTIN_STRATEGIES)),
    equity: thinned(data.equity),
    candidates: data.candidates.map(({ symbol, score, new: isNew, reasons }) => ({
      symbol,
      score,
      new: isNew,
      reasons: reasons.map(({ scanner, text }) => ({ scanner, text })),
    })),
    error,
  };
}

function positionFigures(position: Position): PositionFigures {
  const sign = position.side === "short" && position.qty.gt(0) ? -1 : 1;
  return {
    symbol: position.symbol,
    qty: position.qty.toNumber() * sign,
    paid: position.avgEntryPrice.toNumber(),
    last: position.currentPrice?.toNumber() ?? null,
    value: position.marketValue?.toNumber() ?? null,
    profit: position.unrealizedPl?.toNumber() ?? null,
  };
}

function runFigures(run: RunRow, builtins: readonly ParamOrder[]): RunFigures {
  const { runHash, at, front, strategy, dataset, sharpe, totalReturnPct, maxDrawdownPct, trades, durationMs, simulated } = run;
  return {
    runHash,
    at,
    front,
    strategy,
    params: paramWords(strategy, run.params, builtins),
    dataset,
    sharpe,
    totalReturnPct,
    maxDrawdownPct,
    trades,
    durationMs,
    simulated,
  };
}

/** Every n-th point and always the last one. */
function thinned<T>(points: readonly T[]): readonly T[] {
  if (points.length <= POINTS) return points;
  const step = Math.ceil(points.length / POINTS);
  return points.filter((_, index) => index % step === 0 || index === points.length - 1);
}
