/** The opening and closing auctions of a day, as far as they have been held. */
import type { TradingDay } from "../domain/nyse.ts";
import type { Market } from "./market.ts";
import { primaryVenue } from "./venues.ts";
import { instant } from "./wire.ts";

export function auctionsJson(market: Market, symbol: string, day: TradingDay, now: number) {
  const { o, c, v } = market.dailyBar(symbol, day);
  const x = primaryVenue(market.stock(symbol));
  // The auction's print and the official price that follows from it.
  const prints = (at: number, price: number, size: number, codes: readonly [string, string]) => [
    { t: instant(at), x, p: price, s: size, c: codes[0] },
    { t: instant(at + 100), x, p: price, c: codes[1] },
  ];
  return {
    d: day.date,
    o: prints(day.open, o, Math.round(v * 0.015), ["O", "Q"]),
    c: day.close > now ? [] : prints(day.close, c, Math.round(v * 0.06), ["6", "M"]),
  };
}
