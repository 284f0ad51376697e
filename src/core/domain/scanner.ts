/** The scanner contract: what a scanner file exports and the tools it gets. */
import type { BarSeries, Timeframe } from "./bars.ts";
import type { ActiveSymbol, Candidate, EarningsDate, InsiderTransaction, Mover, NewsItem, SocialPost } from "./research.ts";

export type Thresholds = Readonly<Record<string, number>>;

/** Deeply frozen, and a copy of each scanner's own. */
export interface ScanState<T extends Thresholds = Thresholds> {
  /** Symbols to look at. */
  readonly universe: readonly string[];
  /** UTC milliseconds that count as now. */
  readonly asOf: number;
  /** The scanner's thresholds, as the settings `scanners.<name>.<threshold>` have them, else its own. */
  readonly settings: T;
}

/** New York dates, YYYY-MM-DD, both included. */
export interface DateRange {
  readonly from: string;
  readonly to: string;
}

/** Every call is logged, uses the scan's connection pool, and ends with the scanner's deadline. */
export interface ScanTools {
  readonly signal: AbortSignal;
  bars(symbols: readonly string[], options: { readonly timeframe: Timeframe; readonly limit: number }): Promise<ReadonlyMap<string, BarSeries>>;
  movers(top: number): Promise<{ readonly gainers: readonly Mover[]; readonly losers: readonly Mover[] }>;
  mostActive(top: number): Promise<readonly ActiveSymbol[]>;
  news(symbols: readonly string[], limit: number): Promise<readonly NewsItem[]>;
  /** Insiders' trades that were made or filed in the range, of every symbol, newest first. */
  insiders(range: DateRange): Promise<readonly InsiderTransaction[]>;
  /** Earnings reports in the range, of every symbol, earliest first. */
  earnings(range: DateRange): Promise<readonly EarningsDate[]>;
  /** The newest posts of the communities that are read. */
  posts(limit: number): Promise<readonly SocialPost[]>;
}

export interface ScannerDefinition<T extends Thresholds = Thresholds> {
  readonly name: string;
  readonly pipeline: string;
  /** Data and keys it needs, checked before it runs: "bars", "movers", "news", "insiders", "earnings", "posts", "key:FINNHUB_API_KEY". */
  readonly needs: readonly string[];
  /** Numbers that it compares with, by name, and what they are unless a setting says otherwise. */
  readonly thresholds?: T;
  scan(state: ScanState<T>, tools: ScanTools): Promise<readonly Candidate[]>;
}

/** Declares a scanner; a scanner file exports its answer as default. */
export function defineScanner<K extends string = string>(definition: ScannerDefinition<Readonly<Record<K, number>>>): ScannerDefinition {
  return definition;
}
