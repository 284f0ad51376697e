/** Candidates of scanners and opinions of analysts. */

export interface Candidate {
  readonly symbol: string;
  /** Finite; higher is better, comparable within one scanner. */
  readonly score: number;
  readonly reason: string;
  /** The number behind the reason, where there is one. */
  readonly value?: number;
}

export interface MergedCandidate {
  readonly symbol: string;
  readonly score: number;
  readonly reasons: ReadonlyArray<{ readonly scanner: string; readonly text: string; readonly value: number | null }>;
  readonly new: boolean;
}

/** Whether a scanner or a source that keeps failing is turned off. */
export interface CircuitState {
  readonly state: "closed" | "open" | "half-open";
  /** In a row, so far. */
  readonly failures: number;
  /** ISO 8601 UTC; then one trial goes through. Null unless it was opened. */
  readonly openUntil: string | null;
}

/** CONTRACTS.md, `scan --json`. */
export interface ScannerRun {
  readonly name: string;
  readonly pipeline: string;
  readonly status: "ok" | "timeout" | "error" | "skipped" | "open-circuit";
  readonly candidates: number;
  readonly durationMs: number;
  readonly startedMs: number;
  readonly error: string | null;
  /** After this run. */
  readonly circuit: CircuitState;
  /** Candidates that were left out because the market does not know their symbol; absent when there were none. */
  readonly unknownSymbols?: readonly string[];
}

export interface ToolCall {
  readonly scanner: string;
  readonly tool: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly error: string | null;
}

export interface ScanResult {
  readonly mode: "concurrent" | "sequential";
  readonly durationMs: number;
  readonly scanners: readonly ScannerRun[];
  readonly candidates: readonly MergedCandidate[];
  readonly toolLog: readonly ToolCall[];
  readonly simulated: boolean;
  /** The time that counted as now, ISO 8601 UTC. */
  readonly asOf: string;
  /** Circuits of the sources behind the scanners, by name. */
  readonly sources: Readonly<Record<string, CircuitState["state"]>>;
  /** Symbols of the last scan that this one did not find. */
  readonly gone: readonly string[];
}

/** What `scan --verify` found; `ok` is false when any check failed. */
export interface ScanVerification {
  readonly schema: "quantdesk.scan-verify/1";
  readonly ok: boolean;
  readonly checks: ReadonlyArray<{ readonly name: string; readonly ok: boolean; readonly text: string }>;
  readonly concurrentMs: number;
  readonly sequentialMs: number;
  /** Sequential over concurrent time of eight scanners that each wait equally long. */
  readonly speedup: number;
  readonly durationMs: number;
}

export type Action = "BUY" | "HOLD" | "SELL";

export interface Opinion {
  readonly analyst: string;
  readonly stance: "bullish" | "neutral" | "bearish";
  /** 0 to 1. */
  readonly confidence: number;
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly tools: ReadonlyArray<{
    readonly name: string;
    readonly startMs: number;
    readonly endMs: number;
    readonly cached: boolean;
    readonly error: string | null;
  }>;
}

/** CONTRACTS.md, `analyze --json`. */
export interface Analysis {
  readonly symbol: string;
  readonly action: Action;
  readonly confidence: number;
  /** Share of equity, 0 to 1. */
  readonly size: number;
  readonly stop: number | null;
  readonly target: number | null;
  readonly reasons: readonly string[];
  readonly opinions: readonly Opinion[];
  readonly cache: { readonly hits: number; readonly misses: number };
  readonly missing: readonly string[];
  readonly durationMs: number;
  readonly simulated: boolean;
}

export interface NewsItem {
  readonly headline: string;
  readonly summary: string;
  readonly source: string;
  readonly url: string;
  readonly symbols: readonly string[];
  readonly at: number;
}

/** One trade of a director, officer or large holder in shares of their own company, as filed with the SEC (Form 4). */
export interface InsiderTransaction {
  readonly symbol: string;
  readonly name: string;
  /** The form's transaction code: "P" bought on the market, "S" sold on it; grants, options and gifts have others. */
  readonly code: string;
  /** Shares gained, negative when given away. */
  readonly change: number;
  /** US dollars a share; 0 where none was paid. */
  readonly price: number;
  /** Day of the trade, and when it became public, UTC milliseconds. */
  readonly tradedAt: number;
  readonly filedAt: number;
  /** Of the filing; empty when the source gives none. */
  readonly url: string;
}

/** When a company reports, past or to come. */
export interface EarningsDate {
  readonly symbol: string;
  /** New York date, YYYY-MM-DD. */
  readonly date: string;
  readonly when: "before-open" | "after-close" | "during" | "unknown";
  /** US dollars a share; null where nobody said. */
  readonly epsEstimate: number | null;
  /** Null before the report. */
  readonly epsActual: number | null;
}

/** What a company is, and its figures; null where the source has none. */
export interface Company {
  readonly symbol: string;
  readonly name: string;
  readonly industry: string;
  readonly exchange: string;
  readonly country: string;
  readonly currency: string;
  /** In `currency`. */
  readonly marketCap: number | null;
  readonly sharesOutstanding: number | null;
  readonly peRatio: number | null;
  readonly priceToBook: number | null;
  /** Earnings a share over the trailing twelve months, in `currency`. */
  readonly epsTtm: number | null;
  readonly dividendYieldPct: number | null;
  readonly beta: number | null;
  readonly week52High: number | null;
  readonly week52Low: number | null;
  readonly returnOnEquityPct: number | null;
  readonly netMarginPct: number | null;
  /** Total debt over equity: 1 means as much of one as of the other. */
  readonly debtToEquity: number | null;
  /** Against the same quarter or twelve months a year before. */
  readonly revenueGrowthPct: number | null;
  /** Which source told it: "finnhub", "alphavantage". */
  readonly source: string;
}

export interface SocialPost {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  /** Where it stands, such as "r/stocks". */
  readonly community: string;
  readonly at: number;
  /** Votes for less votes against. */
  readonly votes: number;
  readonly comments: number;
  /** Symbols that it names for certain, each once. */
  readonly symbols: readonly string[];
}

export interface Mover {
  readonly symbol: string;
  readonly price: number;
  readonly changePct: number;
}

export interface ActiveSymbol {
  readonly symbol: string;
  readonly volume: number;
  readonly trades: number;
}

export interface Asset {
  readonly symbol: string;
  readonly name: string;
  readonly tradable: boolean;
  readonly fractionable: boolean;
  readonly shortable: boolean;
}
