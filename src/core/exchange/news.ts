/**
 * Made-up headlines about made-up prices: each says SIMULATED. About every third stock has one a day that follows from the
 * day's move; earnings, dividends and splits have their own. The same seed has the same news.
 */
import { hash32 } from "../base/random.ts";
import { addDays, newYorkDate, tradingDay, tradingDayUpTo, type TradingDay } from "../domain/nyse.ts";
import type { EarningsReport } from "../domain/simulatedEvents.ts";
import type { Market } from "./market.ts";
import { instant } from "./wire.ts";

const UP = ["climbs after upbeat outlook", "rallies as orders beat expectations", "gains on analyst upgrade", "rises on strong demand"];
const DOWN = ["slips on cautious guidance", "falls after analyst downgrade", "drops on margin worries", "retreats as costs rise"];
const FLAT = ["little changed ahead of results", "steady as investors wait", "trades sideways in quiet session"];

export interface NewsRow {
  readonly id: number;
  readonly at: number;
  readonly symbol: string;
  /** What it says, worked out when somebody reads it. */
  readonly words: () => { readonly headline: string; readonly summary: string };
}

/** Rows published in [from, to], newest first, or oldest first. */
export function* newsIn(
  market: Market,
  symbols: readonly string[],
  range: { readonly from: number; readonly to: number; readonly descending: boolean },
): Generator<NewsRow> {
  if (market.source.kind === "replay") return; // nothing is made up about recorded prices
  const { from, to, descending } = range;
  const [first, last] = [newYorkDate(Math.max(from, Date.UTC(market.source.years.first, 0, 2))), newYorkDate(to)];
  for (let date = descending ? last : first; descending ? date >= first : date <= last; date = addDays(date, descending ? -1 : 1)) {
    const day = tradingDay(date);
    if (day === undefined) continue;
    const rows = symbols.flatMap((symbol) => newsOf(market, symbol, day)).filter(({ at }) => at >= from && at <= to);
    yield* rows.sort((a, b) => (descending ? -1 : 1) * (a.at - b.at || a.id - b.id));
  }
}

/** A symbol's rows of one session day. */
function newsOf(market: Market, symbol: string, day: TradingDay): NewsRow[] {
  const rows: NewsRow[] = [];
  const name = shortName(market.stock(symbol).name);
  const add = (kind: string, at: number, words: NewsRow["words"]) =>
    rows.push({ id: (hash32(`${market.seed}/${kind}/${symbol}/${day.date}`) >>> 0) % 1_000_000_000, at, symbol, words });
  const draw = hash32(`${market.seed}/news/${symbol}/${day.date}`) >>> 0;
  if (draw % 3 === 0) {
    const at = day.midnight + 7 * 3_600_000 + (draw % 28_800) * 1000;
    add("news", at, () => aboutMove(market, symbol, { name, at, draw }));
  }
  for (const report of market.earnings(symbol, day.date, day.date))
    add("report", report.hour === "bmo" ? day.open - 2 * 3_600_000 : day.close + 300_000, () => aboutEarnings(report, { name, symbol }));
  for (const event of market.events(symbol, day.date, addDays(day.date, 31))) {
    if (tradingDayUpTo(event.declaredDate).date !== day.date) continue;
    const what =
      event.kind === "dividend"
        ? `declares a dividend of ${event.rate.toFixed(2)} dollars a share`
        : `announces a ${event.newRate}-for-${event.oldRate} ${event.newRate > event.oldRate ? "" : "reverse "}stock split`;
    add(event.kind, day.open - 3_600_000, () => ({
      headline: `SIMULATED: ${name} ${what}`,
      summary: `SIMULATED news, made up by the paper exchange: ${symbol} ${what}; ex-date ${event.exDate}.`,
    }));
  }
  return rows;
}

function shortName(name: string): string {
  return name.replace(/,? Inc\.$| Corporation$| & Company$| plc$/, "");
}

interface Subject {
  readonly name: string;
  readonly at: number;
  readonly draw: number;
}

/** Written from what was known at its time: the price then against the close before. */
function aboutMove(market: Market, symbol: string, { name, at, draw }: Subject): { readonly headline: string; readonly summary: string } {
  const before = market.previousClose(symbol, at);
  const movePct = (market.last(symbol, at) / before - 1) * 100;
  const texts = movePct > 0.4 ? UP : movePct < -0.4 ? DOWN : FLAT;
  const text = texts[draw % texts.length] as string;
  return {
    headline: `SIMULATED: ${name} ${text}`,
    summary: `SIMULATED news, made up by the paper exchange: ${symbol} stands ${movePct >= 0 ? "up" : "down"} ${Math.abs(movePct).toFixed(1)} % from its previous close of ${before.toFixed(2)}.`,
  };
}

function aboutEarnings(report: EarningsReport, { name, symbol }: { readonly name: string; readonly symbol: string }) {
  const { epsActual, epsEstimate, quarter, year } = report;
  const verb = epsActual > epsEstimate ? "beats" : epsActual < epsEstimate ? "misses" : "meets";
  return {
    headline: `SIMULATED: ${name} ${verb} estimates for the ${quarter === 1 ? "first" : quarter === 2 ? "second" : quarter === 3 ? "third" : "fourth"} quarter`,
    summary: `SIMULATED news, made up by the paper exchange: ${symbol} earned ${epsActual.toFixed(2)} dollars a share in Q${quarter} ${year}, where ${epsEstimate.toFixed(2)} were expected.`,
  };
}

export function newsJson({ id, at, symbol, words }: NewsRow, { withContent }: { readonly withContent: boolean }) {
  const { headline, summary } = words();
  return {
    id,
    headline,
    author: "Quantdesk paper exchange",
    created_at: instant(at),
    updated_at: instant(at),
    summary,
    content: withContent ? `<p>${summary}</p>` : "",
    url: `https://simulated.invalid/news/${id}`,
    images: [],
    symbols: [symbol],
    source: "simulated",
  };
}
