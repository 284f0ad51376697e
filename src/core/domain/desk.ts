/** What fronts ask of a session and what they are told, without the rooms behind it. */
import type { Big } from "../base/decimal.ts";
import type { EngineName, ExtraCosts, Params, Sizing } from "./backtest.ts";
import type { Timeframe } from "./bars.ts";
import type { Account, TradingMode } from "./orders.ts";
import type { ConnectionState, LagStats } from "./ports.ts";

export interface SessionStatus {
  readonly connection: ConnectionState;
  readonly mode: TradingMode;
  readonly simulated: boolean;
  readonly account: Account | null;
  /** Of the process that the session lives in. */
  readonly lag: LagStats;
  readonly at: number;
}

/** A backtest as people ask for it: names and references that the session resolves. */
export interface BacktestSpec extends ExtraCosts {
  /** Path of a CSV file, "sample:sp500", "sample:simulated", or a symbol; several with commas for a strategy that holds several. */
  readonly data: string;
  /** What alpha and beta are measured against, as `data` names prices; the first symbol itself when absent. */
  readonly benchmark?: string;
  /** Built-in name or path of a .ts file. */
  readonly strategy: string;
  readonly params?: Params;
  readonly engine?: EngineName | "auto";
  readonly cash?: number;
  readonly feeRate?: number;
  readonly slippageBps?: number;
  readonly sizing?: Sizing;
  readonly fill?: "next-open" | "close";
  readonly from?: string;
  readonly to?: string;
  /** IANA name of the zone of a file's times that say none; UTC when absent. */
  readonly timeZone?: string;
  /** Of a symbol's bars; 1Day when absent. */
  readonly timeframe?: Timeframe;
  readonly periodsPerYear?: number;
  readonly riskFree?: number;
  readonly equity?: boolean;
  /** Who asks, for the trial ledger: "cell:<notebook>#<cell>", "agent"; the session's front when absent. */
  readonly origin?: string;
  /** Runs it although the store has its result. */
  readonly fresh?: boolean;
  /** Proves first that the strategy does not look ahead. */
  readonly checkLookAhead?: boolean;
}

/** What a person is asked before real money moves. */
export interface LiveQuestion {
  readonly account: Account;
  /** What will happen, as "Buy 40 AAPL, limit 231.40". */
  readonly words: string;
  /** US dollars; null when it moves none, or no price is known. */
  readonly value: Big | null;
}

export type { Placed } from "./orders.ts";
