/**
 * Daily bars from Yahoo Finance's chart address. UNOFFICIAL: it is no published interface, may end or change any day, and its
 * terms are for personal use; it is off unless the user turns it on, and never the only source of anything.
 */
import * as v from "valibot";
import type { BarSeries } from "../domain/bars.ts";
import { newYorkDate, tradingMidnights } from "../domain/nyse.ts";
import type { SourceClient } from "../domain/ports.ts";
import { badAnswer, bodyOf, fieldOf, type VendorName } from "./vendorAnswer.ts";

export const YAHOO: VendorName = { title: "Yahoo Finance (unofficial)", keyName: "data.yahoo", keyPage: "https://finance.yahoo.com" };

/** Requests without an agent are refused. */
export const YAHOO_AGENT = "Mozilla/5.0 (quantdesk; personal use)";

const KEEP = { ttlMs: 600_000, staleMs: 7 * 86_400_000 } as const;
const MAX_BARS = 20_000;

const Column = v.pipe(v.array(v.nullable(v.number())), v.maxLength(MAX_BARS));
const Result = v.object({
  timestamp: v.pipe(v.optional(v.array(v.number()), []), v.maxLength(MAX_BARS)),
  indicators: v.object({ quote: v.tuple([v.partial(v.object({ open: Column, high: Column, low: Column, close: Column, volume: Column }))]) }),
});

export interface Yahoo {
  /** Adjusted for splits and not for dividends; days of which a price is missing are left out. */
  dailyBars(symbol: string, range: { readonly from: number; readonly to: number }, signal: AbortSignal): Promise<BarSeries>;
}

export function createYahoo(client: SourceClient, { simulated }: { readonly simulated: boolean }): Yahoo {
  return {
    dailyBars: async (symbol, { from, to }, signal) => {
      const query = new URLSearchParams({
        interval: "1d",
        period1: String(Math.floor(from / 1000)),
        period2: String(Math.ceil(to / 1000)),
        events: "div,splits",
      });
      const answer = await client.read(`/v8/finance/chart/${encodeURIComponent(symbol.replace(".", "-"))}?${query}`, KEEP, signal);
      const results = fieldOf(fieldOf(bodyOf(answer, YAHOO), "chart"), "result");
      const parsed = v.safeParse(Result, Array.isArray(results) ? results[0] : undefined);
      if (!parsed.success) throw badAnswer(`did not send daily bars of ${symbol}`);
      const { timestamp, indicators } = parsed.output;
      const { open = [], high = [], low = [], close = [], volume = [] } = indicators.quote[0];
      const sound = timestamp.flatMap((seconds, i) => {
        const bar = { time: midnightOf(seconds * 1000), open: open[i], high: high[i], low: low[i], close: close[i], volume: volume[i] ?? 0 };
        return [bar.open, bar.high, bar.low, bar.close].every((price) => typeof price === "number" && price > 0) ? [bar] : [];
      });
      const bars = sound.filter(({ time }, i) => i === 0 || time > (sound[i - 1]?.time ?? 0));
      const column = (name: "time" | "open" | "high" | "low" | "close" | "volume") => Float64Array.from(bars, (bar) => bar[name] as number);
      return {
        symbol,
        timeframe: "1Day",
        time: column("time"),
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
        volume: column("volume"),
        simulated,
      };
    },
  };
}

/** Yahoo stamps a day with its open, the day under way with its last trade. */
function midnightOf(at: number): number {
  const date = newYorkDate(at);
  return tradingMidnights(date, date)[0] ?? Date.parse(date);
}
