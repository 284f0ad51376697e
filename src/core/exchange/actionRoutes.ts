/** Corporate actions in both generations of Alpaca's lists. */
import type { FastifyInstance } from "fastify";
import { newYorkDate } from "../domain/nyse.ts";
import { badRequest, notFound } from "./apiError.ts";
import { actionJson, actionOf, actionsOf, announcementJson, cusipOf, type Action, type ActionType } from "./corporateActions.ts";
import { readDate, type DataParts } from "./dataQuery.ts";
import { choice, readQuery, symbolList, wholeNumber, type Query } from "./query.ts";

/** The types that Alpaca knows, and the lists of those that happen here. */
const TYPES =
  "reverse_split forward_split unit_split cash_dividend stock_dividend spin_off cash_merger stock_merger stock_and_cash_merger redemption name_change worthless_removal rights_distribution partial_call reorganization".split(
    " ",
  );
const LISTS: Readonly<Record<ActionType, string>> = {
  forward_split: "forward_splits",
  reverse_split: "reverse_splits",
  cash_dividend: "cash_dividends",
  name_change: "name_changes",
  cash_merger: "cash_mergers",
  worthless_removal: "worthless_removals",
};
const MOST_DAYS = 90;

export function addActionRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  // The second is its former address, which older clients still ask.
  for (const path of ["/v1/corporate-actions", "/v1beta1/corporate-actions"]) app.get(path, (request) => pageOf(readQuery(request.query), { market, clock }));
  app.get("/v2/corporate_actions/announcements", (request) => {
    const query = readQuery(request.query);
    const today = newYorkDate(clock.now());
    const [since, until] = [query["since"], query["until"]].map((text) => (/^\d{4}-\d{2}-\d{2}$/.test(text ?? "") ? (text as string) : undefined));
    if (since === undefined || until === undefined) throw badRequest("since and until are required, like 2026-11-20");
    if (since > until) throw badRequest("until should not be before since");
    if (Date.parse(until) - Date.parse(since) > MOST_DAYS * 86_400_000) throw badRequest(`since and until must be within ${MOST_DAYS} days`);
    const kinds = list(query, "ca_types").map((type) => type.toLowerCase());
    if (kinds.length === 0) throw badRequest("ca_types is required");
    for (const kind of kinds) if (!["dividend", "merger", "spinoff", "split"].includes(kind)) throw badRequest(`invalid ca_types: ${kind}`);
    const by = choice(query, "date_type", "ex_date", ["declaration_date", "ex_date", "record_date", "payable_date"]);
    const [symbol, cusip] = [query["symbol"] ?? "", query["cusip"] ?? ""];
    const wide = { symbols: symbol === "" ? [] : [symbol.toUpperCase()], today };
    // A payable date lies up to a month after the other dates.
    return actionsOf(market, { ...wide, from: shift(since, -60), to: shift(until, 60) })
      .map(announcementJson)
      .filter((row) => kinds.includes(row.ca_type) && row[by] >= since && row[by] <= until && (cusip === "" || row.initiating_original_cusip === cusip));
  });
  app.get("/v2/corporate_actions/announcements/:id", (request) => {
    const { id } = request.params as { readonly id: string };
    const action = actionOf(market, id, newYorkDate(clock.now()));
    if (action === undefined) throw notFound(`announcement not found for ${id}`);
    return announcementJson(action);
  });
}

function pageOf(query: Query, { market, clock }: DataParts) {
  const today = newYorkDate(clock.now());
  const limit = wholeNumber(query, "limit", 100, { min: 1, max: 1000 });
  const [types, ids, cusips] = [list(query, "types"), list(query, "ids"), list(query, "cusips")];
  for (const type of types) if (!TYPES.includes(type)) throw badRequest(`invalid type: ${type}`);
  if (ids.length > 0 && ["symbols", "types", "cusips", "start", "end"].some((name) => (query[name] ?? "") !== ""))
    throw badRequest("ids cannot be given with other filters");
  const [from, to] = [readDate(query, "start") ?? today, readDate(query, "end") ?? today];
  if (from > to && query["end"] !== undefined) throw badRequest("end should not be before start");
  const found =
    ids.length > 0
      ? ids.flatMap((id) => actionOf(market, id, today) ?? [])
      : actionsOf(market, { symbols: symbolList(query), from, to, today }).filter(
          ({ type, event }) => (types.length === 0 || types.includes(type)) && (cusips.length === 0 || cusips.includes(cusipOf(event.symbol))),
        );
  if (choice(query, "sort", "asc", ["asc", "desc"]) === "desc") found.reverse();
  if (!["", "us"].includes(query["region"] ?? "")) found.length = 0;
  // The last row that was seen.
  const token = query["page_token"] ?? "";
  const begin = token === "" ? 0 : found.findIndex(({ id }) => id === token) + 1;
  if (token !== "" && begin === 0) throw badRequest("invalid page_token");
  const page = found.slice(begin, begin + limit);
  return { corporate_actions: inLists(page), next_page_token: found.length > begin + limit ? (page.at(-1) as Action).id : null };
}

function list(query: Query, name: string): readonly string[] {
  return (query[name] ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function inLists(actions: readonly Action[]): Record<string, object[]> {
  const lists: Record<string, object[]> = {};
  for (const action of actions) (lists[LISTS[action.type]] ??= []).push(actionJson(action));
  return lists;
}

function shift(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}
