/** What crosses between the extension and its webviews: plain data one way, names of allow-listed commands the other. */
import type { SourceItem } from "../core/domain/ports.ts";

/** Commands that a webview may ask for; each still goes through its own questions and guards. */
export const WEBVIEW_COMMANDS = [
  "startSession",
  "connect",
  "buy",
  "sell",
  "killSwitch",
  "backtest",
  "scan",
  "newStrategy",
  "newNotebook",
  "openLog",
  "manageTrust",
] as const;
export type WebviewCommand = (typeof WEBVIEW_COMMANDS)[number];

export interface AccountFigures {
  readonly accountNumber: string;
  readonly equity: number;
  readonly lastEquity: number;
  readonly cash: number;
  readonly buyingPower: number;
}

export interface RunFigures {
  readonly runHash: string;
  readonly at: number;
  readonly front: string;
  readonly strategy: string;
  /** In words, in the strategy's own order: "10/20". */
  readonly params: string;
  readonly dataset: string;
  readonly sharpe: number | null;
  readonly totalReturnPct: number;
  readonly maxDrawdownPct: number;
  readonly trades: number;
  readonly durationMs: number;
  readonly simulated: boolean;
}

export interface CandidateFigures {
  readonly symbol: string;
  readonly score: number;
  readonly new: boolean;
  readonly reasons: ReadonlyArray<{ readonly scanner: string; readonly text: string }>;
}

export interface PositionFigures {
  readonly symbol: string;
  readonly qty: number;
  readonly paid: number;
  readonly last: number | null;
  readonly value: number | null;
  readonly profit: number | null;
}

/** Of all stored results; null where there is none to take it of. */
export interface StoredFigures {
  readonly results: number;
  readonly withSharpe: number;
  readonly meanSharpe: number | null;
  readonly profitable: number;
  readonly meanDurationMs: number | null;
}

/** Everything that the dashboard shows, at once: the last frame is always enough to draw. */
export interface DashboardFrame {
  readonly at: number;
  readonly refreshSeconds: number;
  readonly trusted: boolean;
  readonly connection: "disconnected" | "connecting" | "connected" | "stale";
  readonly mode: "SIMULATED" | "PAPER" | "LIVE";
  readonly account: AccountFigures | null;
  readonly positions: readonly PositionFigures[] | null;
  readonly runs: number;
  readonly statistics: StoredFigures;
  /** The 20 latest. */
  readonly sources: readonly SourceItem[];
  readonly best: readonly RunFigures[];
  readonly recent: readonly RunFigures[];
  readonly equity: ReadonlyArray<{ readonly at: number; readonly equity: number }>;
  readonly candidates: readonly CandidateFigures[];
  /** Why the stored figures could not be read. */
  readonly error: string | null;
}

export interface LagFigures {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface PerformanceFrame {
  readonly at: number;
  readonly running: boolean;
  /** Of the extension host's loop; null before the first second. */
  readonly lag: LagFigures | null;
  /** P50 of each second, oldest first, at most two minutes. */
  readonly history: readonly number[];
  readonly operations: { readonly perSecond: number | null; readonly total: number; readonly failed: number; readonly successRate: number | null } | null;
  /** What passes a limit, beside the loop's lag: one sentence each. */
  readonly alerts: readonly string[];
}
