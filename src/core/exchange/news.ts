/** Made-up headlines about made-up prices: each says SIMULATED, and follows from the day's move, so that seeds repeat. */
import { hash32 } from "../base/random.ts";
import { newYorkDate, tradingDayUpTo, addDays } from "../domain/nyse.ts";
import type { Market } from "./market.ts";
import { instant } from "./wire.ts";

const UP = ["climbs after upbeat outlook", "rallies as orders beat expectations", "gains on analyst upgrade", "rises on strong demand"];
const DOWN = ["slips on cautious guidance", "falls after analyst downgrade", "drops on margin worries", "retreats as costs rise"];
const FLAT = ["little changed ahead of results", "steady as investors wait", "trades sideways in quiet session"];

export interface NewsRow {
  readonly id: number;
  readonly at: number;
  readonly symbols: readonly string[];
  readonly headline: string;
  readonly summary: string;
}

/** About every third stock has a headline a day, published between 07:00 and 15:00 New York; newest first. */
export function newsOf(market: Market, symbols: readonly string[], range: { readonly from: number; readonly to: number; readonly limit: number }): NewsRow[] {
  const rows: NewsRow[] = [];
  if (market.source.kind === "replay") return rows; // nothing is made up about recorded prices
  const firstDate = newYorkDate(range.from);
  for (let day = tradingDayUpTo(newYorkDate(range.to)); day.date >= firstDate && rows.length < range.limit; day = tradingDayUpTo(addDays(day.date, -1))) {
    const ofDay: NewsRow[] = [];
    for (const symbol of symbols) {
      const draw = hash32(`${market.seed}/news/${symbol}/${day.date}`) >>> 0;
      if (draw % 3 !== 0) continue;
      const at = day.midnight + 7 * 3_600_000 + (draw % 28_800) * 1000;
      if (at > range.to || at < range.from) continue;
      ofDay.push({ id: draw % 1_000_000_000, at, symbols: [symbol], ...wording(market, symbol, at, draw) });
    }
    rows.push(...ofDay.sort((a, b) => b.at - a.at));
  }
  return rows.slice(0, range.limit);
}

/** Written from what was known at its time: the price then against the close before. */
function wording(market: Market, symbol: string, at: number, draw: number): { readonly headline: string; readonly summary: string } {
  const name = market.stock(symbol).name.replace(/,? Inc\.$| Corporation$| & Company$/, "");
  const before = market.previousClose(symbol, at);
  const movePct = (market.last(symbol, at) / before - 1) * 100;
  const texts = movePct > 0.4 ? UP : movePct < -0.4 ? DOWN : FLAT;
  const text = texts[draw % texts.length] as string;
  return {
    headline: `SIMULATED: ${name} ${text}`,
    summary: `SIMULATED news, made up by the paper exchange: ${symbol} stands ${movePct >= 0 ? "up" : "down"} ${Math.abs(movePct).toFixed(1)} % from its previous close of ${before.toFixed(2)}.`,
  };
}

export function newsJson(row: NewsRow) {
  return {
    id: row.id,
    headline: row.headline,
    author: "Quantdesk paper exchange",
    created_at: instant(row.at),
    updated_at: instant(row.at),
    summary: row.summary,
    content: "",
    url: `https://simulated.invalid/news/${row.id}`,
    images: [],
    symbols: row.symbols,
    source: "simulated",
  };
}
