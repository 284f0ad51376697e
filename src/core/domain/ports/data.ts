/** Prices and public information. */
import type { Adjustment, BarSeries, CorporateAction, Timeframe } from "../bars.ts";
import type { Quote } from "../orders.ts";
import type { ActiveSymbol, Asset, Company, EarningsDate, InsiderTransaction, Mover, NewsItem, SocialPost } from "../research.ts";
import type { PoolStats, SourceCacheStats } from "./net.ts";

export interface BarQuery {
  readonly timeframe: Timeframe;
  readonly from?: number;
  readonly to?: number;
  /** Newest bars per symbol. */
  readonly limit?: number;
  /** Of the prices for splits and dividends; the setting data.adjustment when absent. */
  readonly adjustment?: Adjustment;
}

export interface MarketData {
  /** Symbols without data are absent from the answer. */
  bars(symbols: readonly string[], query: BarQuery, signal: AbortSignal): Promise<ReadonlyMap<string, BarSeries>>;
  quotes(symbols: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Quote>>;
  movers(top: number, signal: AbortSignal): Promise<{ readonly gainers: readonly Mover[]; readonly losers: readonly Mover[] }>;
  mostActive(top: number, signal: AbortSignal): Promise<readonly ActiveSymbol[]>;
  news(symbols: readonly string[], limit: number, signal: AbortSignal): Promise<readonly NewsItem[]>;
  assets(signal: AbortSignal): Promise<readonly Asset[]>;
  /** Splits and dividends with ex-dates between two instants, by symbol, oldest first. Absent where the source knows of none. */
  corporateActions?(
    symbols: readonly string[],
    range: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly CorporateAction[]>>;
  readonly simulated: boolean;
}

/** Who has daily bars beside the market data service; Yahoo's are unofficial, and off unless the user turns them on. */
export type BarVendor = "alphavantage" | "yahoo";

export interface VendorBars {
  /** Oldest first; may reach beyond the range. Alpha Vantage's are as traded, Yahoo's adjusted for splits. */
  dailyBars(vendor: BarVendor, symbol: string, range: { readonly from: number; readonly to: number }, signal: AbortSignal): Promise<BarSeries>;
}

/** How a public source stands. */
export interface SourceStatus {
  /** "finnhub", "alphavantage", "reddit", "yahoo". */
  readonly name: string;
  readonly state: "real" | "simulated" | "off";
  /** Why it is off, and what to do. */
  readonly missing: { readonly reason: string; readonly remedy: string } | null;
  readonly breaker: PoolStats["breaker"];
  /** When the open circuit lets one request through, UTC milliseconds. */
  readonly openUntil: number | null;
  readonly requests: number;
  readonly retries: number;
  readonly cache: SourceCacheStats;
}

/** What is published about companies, each kind by a source of its own that may need a key. */
export type PublicKind = "insiders" | "earnings" | "posts" | "company";

export interface PublicData {
  /** Why this kind cannot be had, in a few words without a colon ("no FINNHUB_API_KEY"), and what to do; undefined when it can. Never waits. */
  missing(kind: PublicKind): { readonly reason: string; readonly remedy: string } | undefined;
  /** Traded or filed between two New York dates (YYYY-MM-DD, both included), newest first; of every symbol when `symbol` is absent. */
  insiders(query: { readonly from: string; readonly to: string; readonly symbol?: string }, signal: AbortSignal): Promise<readonly InsiderTransaction[]>;
  /** Reports between two New York dates, both included, earliest first; of every symbol when `symbol` is absent. */
  earnings(query: { readonly from: string; readonly to: string; readonly symbol?: string }, signal: AbortSignal): Promise<readonly EarningsDate[]>;
  /** The newest posts of the communities that are read, newest first. */
  posts(limit: number, signal: AbortSignal): Promise<readonly SocialPost[]>;
  /** Null for a company that no source knows. */
  company(symbol: string, signal: AbortSignal): Promise<Company | null>;
  /** How each source stands; never waits. */
  sources(): readonly SourceStatus[];
  /** State of each source's circuit, by the source's name; never waits. */
  circuits(): Readonly<Record<string, PoolStats["breaker"]>>;
  readonly simulated: boolean;
}
