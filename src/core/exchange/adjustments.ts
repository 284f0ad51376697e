/** Bars of the past as they would have been in today's shares: adjusted for splits, for dividends, or for both, as Alpaca does. */
import { addDays, newYorkDate, tradingDay, tradingDayUpTo, type TradingDay } from "../domain/nyse.ts";
import { badRequest } from "./apiError.ts";
import type { Market } from "./market.ts";
import type { MarketBar } from "./marketBar.ts";

export interface Adjustment {
  readonly split: boolean;
  readonly dividend: boolean;
}

/** `raw`, or a comma list of `split`, `dividend`, `spin-off` (there are none) and `all`. Throws 400 for anything else. */
export function readAdjustment(text: string | undefined): Adjustment {
  const parts = (text === undefined || text === "" ? "raw" : text).split(",");
  for (const part of parts) if (!["raw", "split", "dividend", "spin-off", "all"].includes(part)) throw badRequest(`invalid adjustment: ${part}`);
  const has = (part: string) => parts.includes(part) || parts.includes("all");
  return { split: has("split"), dividend: has("dividend") };
}

/** Adjusts bars that begin at or after `from` for what has happened since, up to `now`. */
export function adjusterOf(market: Market, symbol: string, { split, dividend }: Adjustment, range: { readonly from: number; readonly now: number }) {
  const events = split || dividend ? market.events(symbol, newYorkDate(Math.max(range.from, 0)), newYorkDate(range.now)) : [];
  // From the last one back: what is before an event has been through all later ones as well.
  const steps: Array<{ readonly before: number; readonly price: number; readonly shares: number }> = [];
  let [price, shares] = [1, 1];
  for (const event of events.reverse()) {
    const day = tradingDay(event.exDate) as TradingDay;
    if (event.kind === "split" && split) {
      price *= event.oldRate / event.newRate;
      shares *= event.newRate / event.oldRate;
    } else if (event.kind === "dividend" && dividend) price *= 1 - event.rate / market.dailyBar(symbol, tradingDayUpTo(addDays(day.date, -1))).c;
    steps.push({ before: day.midnight, price, shares });
  }
  return (bar: MarketBar): MarketBar => {
    const step = steps.findLast(({ before }) => bar.t < before);
    if (step === undefined) return bar;
    const to4 = (value: number) => Math.round(value * step.price * 10_000) / 10_000;
    return { ...bar, o: to4(bar.o), h: to4(bar.h), l: to4(bar.l), c: to4(bar.c), vw: to4(bar.vw), v: Math.round(bar.v * step.shares) };
  };
}
