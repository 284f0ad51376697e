/** Alpaca's market data JSON into our words. Here numbers are numbers, not strings as in trading. */
import * as v from "valibot";
import { TradingError } from "../base/errors.ts";
import type { Quote } from "../domain/orders.ts";
import type { ActiveSymbol, Asset, Mover, NewsItem } from "../domain/research.ts";

const instant = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.check((ms) => !Number.isNaN(ms), "is not a time"),
);
const finite = v.pipe(v.number(), v.finite("is not a number that can be")); // 1e400 is read as infinite
const optionalText = v.optional(v.nullable(v.string()), "");

const quotesSchema = v.object({
  quotes: v.record(v.string(), v.object({ bp: finite, ap: finite, bs: v.optional(finite, 0), as: v.optional(finite, 0), t: instant })),
});
const moverSchema = v.object({ symbol: v.string(), price: finite, percent_change: finite });
const moversSchema = v.object({ gainers: v.array(moverSchema), losers: v.array(moverSchema) });
const activesSchema = v.object({ most_actives: v.array(v.object({ symbol: v.string(), volume: finite, trade_count: v.optional(finite, 0) })) });
const newsSchema = v.object({
  news: v.array(
    v.object({
      headline: v.string(),
      summary: optionalText,
      source: optionalText,
      url: optionalText,
      symbols: v.optional(v.array(v.string()), []),
      created_at: instant,
    }),
  ),
  next_page_token: v.optional(v.nullable(v.string()), null),
});
const assetsSchema = v.array(
  v.object({
    symbol: v.string(),
    name: optionalText,
    status: v.optional(v.string(), "active"),
    tradable: v.boolean(),
    fractionable: v.optional(v.boolean(), false),
    shortable: v.optional(v.boolean(), false),
  }),
);

export function parseQuotes(json: unknown): readonly Quote[] {
  return Object.entries(parse(quotesSchema, json, "quotes").quotes).map(([symbol, q]) => ({
    symbol,
    bid: q.bp,
    ask: q.ap,
    bidSize: q.bs,
    askSize: q.as,
    at: q.t,
  }));
}

export function parseMovers(json: unknown): { readonly gainers: readonly Mover[]; readonly losers: readonly Mover[] } {
  const wire = parse(moversSchema, json, "movers");
  const mover = (m: v.InferOutput<typeof moverSchema>): Mover => ({ symbol: m.symbol, price: m.price, changePct: m.percent_change });
  return { gainers: wire.gainers.map(mover), losers: wire.losers.map(mover) };
}

export function parseActives(json: unknown): readonly ActiveSymbol[] {
  return parse(activesSchema, json, "most active symbols").most_actives.map((a) => ({ symbol: a.symbol, volume: a.volume, trades: a.trade_count }));
}

export function parseNewsPage(json: unknown): { readonly items: readonly NewsItem[]; readonly nextToken: string | null } {
  const wire = parse(newsSchema, json, "news");
  const items = wire.news.map((n) => ({
    headline: n.headline,
    summary: n.summary ?? "",
    source: n.source ?? "",
    url: n.url ?? "",
    symbols: n.symbols,
    at: n.created_at,
  }));
  return { items, nextToken: wire.next_page_token === "" ? null : wire.next_page_token };
}

export function parseAssets(json: unknown): readonly Asset[] {
  return parse(assetsSchema, json, "assets").map((a) => ({
    symbol: a.symbol,
    name: a.name ?? "",
    tradable: a.tradable && a.status === "active",
    fractionable: a.fractionable,
    shortable: a.shortable,
  }));
}

export function parseClockTime(json: unknown): number {
  return parse(v.object({ timestamp: instant }), json, "a market clock").timestamp;
}

function parse<const S extends v.GenericSchema>(schema: S, json: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const where = v.getDotPath(result.issues[0]) ?? "";
  throw new TradingError("bad-answer", `The market data service did not send ${what}: ${where === "" ? "" : `${where}: `}${result.issues[0].message}.`);
}
