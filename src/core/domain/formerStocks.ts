/** Stocks that are traded no more, and what became of them: renamed, bought for cash, worthless. Dates and rates are real. */
import type { Listing } from "./simulatedUniverse.ts";

export type Ending =
  | { readonly kind: "name_change"; readonly newSymbol: string }
  /** USD a share. */
  | { readonly kind: "cash_merger"; readonly rate: number }
  | { readonly kind: "worthless_removal" };

export interface FormerStock {
  readonly symbol: string;
  readonly name: string;
  readonly listing: Listing;
  /** New York date of the first day without it. */
  readonly date: string;
  readonly ending: Ending;
}

function renamed(symbol: string, name: string, listing: Listing, date: string, newSymbol: string): FormerStock {
  return { symbol, name, listing, date, ending: { kind: "name_change", newSymbol } };
}

function bought(symbol: string, name: string, listing: Listing, date: string, rate: number): FormerStock {
  return { symbol, name, listing, date, ending: { kind: "cash_merger", rate } };
}

export const FORMER_STOCKS: readonly FormerStock[] = [
  renamed("UTX", "United Technologies Corporation", "NYSE", "2020-04-03", "RTX"),
  renamed("FB", "Meta Platforms, Inc.", "NASDAQ", "2022-06-09", "META"),
  renamed("ANTM", "Anthem, Inc.", "NYSE", "2022-06-28", "ELV"),
  renamed("GPS", "The Gap, Inc.", "NYSE", "2024-08-22", "GAP"),
  renamed("SQ", "Block, Inc.", "NYSE", "2025-01-21", "XYZ"),
  bought("CTXS", "Citrix Systems, Inc.", "NASDAQ", "2022-10-03", 104),
  bought("TWTR", "Twitter, Inc.", "NYSE", "2022-10-28", 54.2),
  bought("ATVI", "Activision Blizzard, Inc.", "NASDAQ", "2023-10-13", 95),
  bought("SGEN", "Seagen Inc.", "NASDAQ", "2023-12-14", 229),
  bought("SPLK", "Splunk Inc.", "NASDAQ", "2024-03-18", 157),
  { symbol: "BBBY", name: "Bed Bath & Beyond Inc.", listing: "NASDAQ", date: "2023-10-02", ending: { kind: "worthless_removal" } },
];
