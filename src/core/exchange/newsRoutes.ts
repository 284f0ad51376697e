/** News over a range of time, newest first unless asked otherwise. */
import type { FastifyInstance } from "fastify";
import { badRequest } from "./apiError.ts";
import { readRange, type DataParts } from "./dataQuery.ts";
import { newsIn, newsJson, type NewsRow } from "./news.ts";
import { choice, flag, readQuery, symbolList, wholeNumber } from "./query.ts";

const DAY_MS = 86_400_000;
/** How far one request looks back: less far over many symbols. */
const reachOf = (symbols: number) => (symbols > 10 ? 30 : 400) * DAY_MS;

export function addNewsRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  app.get("/v1beta1/news", (request) => {
    const query = readQuery(request.query);
    const now = clock.now();
    const asked = symbolList(query);
    const symbols = asked.length === 0 ? market.stocks.map((stock) => stock.symbol) : asked.filter((symbol) => market.has(symbol));
    const limit = wholeNumber(query, "limit", 10, { min: 1, max: 50 });
    const descending = choice(query, "sort", "desc", ["asc", "desc"]) === "desc";
    const withContent = flag(query, "include_content");
    flag(query, "exclude_contentless"); // all have content
    const range = readRange(query);
    const token = readToken(query["page_token"]);
    let to = Math.min(range.end ?? now, now);
    let from = range.start ?? to - 30 * DAY_MS;
    if (descending) {
      to = Math.min(to, token?.at ?? to);
      from = Math.max(from, to - reachOf(symbols.length));
    } else {
      from = Math.max(from, token?.at ?? from);
      to = Math.min(to, from + reachOf(symbols.length));
    }
    const page: NewsRow[] = [];
    let isSeen = token !== undefined;
    let hasMore = false;
    for (const row of newsIn(market, symbols, { from, to, descending })) {
      // Up to the row that the page before ended with.
      if (isSeen && row.at === token?.at && (descending ? row.id >= token.id : row.id <= token.id)) continue;
      isSeen = false;
      if (page.length === limit) {
        hasMore = true;
        break;
      }
      page.push(row);
    }
    const last = page.at(-1);
    return {
      news: page.map((row) => newsJson(row, { withContent })),
      next_page_token: hasMore && last !== undefined ? Buffer.from(`${last.at}|${last.id}`).toString("base64url") : null,
    };
  });
}

function readToken(text: string | undefined): { readonly at: number; readonly id: number } | undefined {
  if (text === undefined || text === "") return undefined;
  const match = /^(\d{1,15})\|(\d{1,10})$/.exec(Buffer.from(text, "base64url").toString());
  if (match === null) throw badRequest("invalid page_token");
  return { at: Number(match[1]), id: Number(match[2]) };
}
