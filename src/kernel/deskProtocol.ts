/** Desk calls as they cross from the runner through the front to the owner of the session. */
export const DESK_METHODS = [
  "connect",
  "disconnect",
  "account",
  "positions",
  "portfolio",
  "setProvider",
  "orders",
  "order",
  "price",
  "buy",
  "sell",
  "cancel",
  "cancelAll",
  "preview",
  "replace",
  "closePosition",
  "closeAll",
  "killSwitch",
  "limits",
  "alarms",
  "audit",
  "bars",
  "scan",
  "analyze",
  "backtest",
  "backtests",
  "computeFeatures",
  "getTickerFeatures",
  "generateTickerSignal",
  "generateSignalsForWatchlist",
  "performance",
] as const;
/** Long work, and what is asked about it while it runs: deskRunning.ts makes methods of them. */
export const RUNNING_METHODS = ["sweep", "walkForward", "progress", "stop"] as const;
export type DeskMethod = (typeof DESK_METHODS)[number] | (typeof RUNNING_METHODS)[number];

/** What an answer is, so that the runner can draw it. */
export type DrawKind =
  | "plain"
  | "account"
  | "positions"
  | "portfolio"
  | "orders"
  | "order"
  | "placed"
  | "preview"
  | "quote"
  | "limits"
  | "killSwitch"
  | "alarms"
  | "audit"
  | "bars"
  | "scan"
  | "analysis"
  | "backtest"
  | "batch"
  | "sweep"
  | "walkForward"
  | "features"
  | "performance";

export interface DeskCall {
  readonly name: DeskMethod;
  readonly args: readonly unknown[];
  readonly run: number;
}

export interface DeskAnswer {
  readonly kind: DrawKind;
  readonly value: unknown;
}

/** Which cell asks. */
export interface DeskCaller {
  readonly cellId: string;
}

/** The owner's side: answers desk calls out of its session. Throws a TradingError. */
export interface DeskHandlers {
  call(name: string, args: readonly unknown[], caller: DeskCaller, signal: AbortSignal): Promise<DeskAnswer>;
}
