/** The scanner contract: what a scanner file exports and the tools it gets. */
import type { BarSeries, Timeframe } from "./bars.ts";
import type { ActiveSymbol, Candidate, Mover, NewsItem } from "./research.ts";

export interface ScanState {
  /** Symbols to look at. */
  readonly universe: readonly string[];
  /** UTC milliseconds that count as now. */
  readonly asOf: number;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
}

/** Every call is logged, uses the scan's connection pool, and ends with the scanner's deadline. */
export interface ScanTools {
  readonly signal: AbortSignal;
  bars(symbols: readonly string[], options: { readonly timeframe: Timeframe; readonly limit: number }): Promise<ReadonlyMap<string, BarSeries>>;
  movers(top: number): Promise<{ readonly gainers: readonly Mover[]; readonly losers: readonly Mover[] }>;
  mostActive(top: number): Promise<readonly ActiveSymbol[]>;
  news(symbols: readonly string[], limit: number): Promise<readonly NewsItem[]>;
}

export interface ScannerDefinition {
  readonly name: string;
  readonly pipeline: string;
  /** Data and keys it needs, checked before it runs: "bars", "movers", "news", "key:FINNHUB_API_KEY". */
  readonly needs: readonly string[];
  scan(state: ScanState, tools: ScanTools): Promise<readonly Candidate[]>;
}

/** Declares a scanner; a scanner file exports its answer as default. */
export function defineScanner(definition: ScannerDefinition): ScannerDefinition {
  return definition;
}
