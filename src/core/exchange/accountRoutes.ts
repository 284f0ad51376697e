/** What an account keeps beside its money: its configuration and its watchlists. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as v from "valibot";
import { ApiError, notFound, unprocessable } from "./apiError.ts";
import { plainId } from "./assetId.ts";
import { configurationOf, type AccountState } from "./ledger.ts";
import { readQuery } from "./query.ts";
import type { Configuration, Watchlist } from "./records.ts";
import type { RouteParts } from "./tradingRoutes.ts";
import { assetJson, instant } from "./wire.ts";

const flag = v.nullish(v.boolean()); // clients that do not know one send null
// What is not named here is taken no notice of: older clients still send the fields of the day-trading rule.
const CONFIGURE = v.object({
  no_shorting: flag,
  suspend_trade: flag,
  fractional_trading: flag,
  max_margin_multiplier: v.nullish(v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.picklist(["1", "2", "4"], "must be 1, 2 or 4"))),
  trade_confirm_email: v.nullish(v.picklist(["all", "none"])),
  disable_overnight_trading: flag,
  ptp_no_exception_entry: flag,
});

const symbols = v.nullish(v.pipe(v.array(v.pipe(v.string(), v.toUpperCase())), v.maxLength(1000)), []);
const WATCHLIST = v.object({ name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64)), symbols });
const CHANGE = v.object({
  name: v.nullish(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64))),
  symbols: v.nullish(v.array(v.pipe(v.string(), v.toUpperCase()))),
});
const ADD = v.object({ symbol: v.pipe(v.string(), v.toUpperCase()) });
const MAX_WATCHLISTS = 200;

function read<T extends v.GenericSchema>(schema: T, body: unknown): v.InferOutput<T> {
  const parsed = v.safeParse(schema, body ?? {});
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? "body";
  throw unprocessable(issue.kind === "schema" && issue.received === "undefined" ? `${field} is required` : `invalid ${field}: ${issue.message}`);
}

export function addAccountKeepings(app: FastifyInstance, parts: RouteParts): void {
  const { engine, accountOf } = parts;
  app.get("/v2/account/configurations", (request) => configurationOf(accountOf(request)));
  app.patch("/v2/account/configurations", (request) => {
    const account = accountOf(request);
    const given = Object.entries(read(CONFIGURE, request.body)).filter(([, value]) => value != null);
    const configuration: Configuration = { ...configurationOf(account), ...Object.fromEntries(given) };
    engine.amend(account, { configuration });
    return configuration;
  });
  addWatchlists(app, parts);
}

function addWatchlists(app: FastifyInstance, { engine, market, clock, accountOf }: RouteParts): void {
  const listsOf = (account: AccountState) => account.record.watchlists ?? [];
  const json = (account: AccountState, list: Watchlist, options: { readonly assets: boolean } = { assets: true }) => ({
    id: list.id,
    account_id: account.record.id,
    created_at: instant(list.createdAt),
    updated_at: instant(list.updatedAt),
    name: list.name,
    ...(options.assets ? { assets: list.symbols.flatMap((symbol) => market.stocks.filter((stock) => stock.symbol === symbol)).map(assetJson) } : {}),
  });
  const known = (wanted: readonly string[]) => {
    for (const symbol of wanted) if (!market.has(symbol)) throw unprocessable(`asset not found for ${symbol}`);
    return [...new Set(wanted)];
  };
  const byId = (request: FastifyRequest) => (list: Watchlist) => list.id === plainId((request.params as { id: string }).id);
  const byName = (request: FastifyRequest) => (list: Watchlist) => list.name === readQuery(request.query)["name"];
  const find = (account: AccountState, wanted: (list: Watchlist) => boolean) => {
    const list = listsOf(account).find(wanted);
    if (list === undefined) throw notFound("watchlist not found");
    return list;
  };
  const free = (account: AccountState, name: string, except?: Watchlist) => {
    if (listsOf(account).some((list) => list.name === name && list.id !== except?.id)) throw unprocessable("watchlist name must be unique");
    return name;
  };
  const put = (account: AccountState, list: Watchlist, change: Partial<Watchlist>) => {
    const next = { ...list, ...change, updatedAt: clock.now() };
    engine.amend(account, { watchlists: listsOf(account).map((one) => (one.id === list.id ? next : one)) });
    return json(account, next);
  };
  app.get("/v2/watchlists", (request) => {
    const account = accountOf(request);
    return listsOf(account).map((list) => json(account, list, { assets: false }));
  });
  app.post("/v2/watchlists", (request) => {
    const account = accountOf(request);
    const body = read(WATCHLIST, request.body);
    if (listsOf(account).length >= MAX_WATCHLISTS) throw new ApiError(422, `at most ${MAX_WATCHLISTS} watchlists`, 42_210_000);
    const now = clock.now();
    const list = { id: randomUUID(), name: free(account, body.name), symbols: known(body.symbols ?? []), createdAt: now, updatedAt: now };
    engine.amend(account, { watchlists: [...listsOf(account), list] });
    return json(account, list);
  });
  // Addressed by id or by name, all else is the same.
  for (const [path, by] of [
    ["/v2/watchlists/:id", byId],
    ["/v2/watchlists::by_name", byName],
  ] as const) {
    app.get(path, (request) => json(accountOf(request), find(accountOf(request), by(request))));
    app.put(path, (request) => {
      const account = accountOf(request);
      const list = find(account, by(request));
      const body = read(CHANGE, request.body);
      return put(account, list, {
        ...(body.name == null ? {} : { name: free(account, body.name, list) }),
        ...(body.symbols == null ? {} : { symbols: known(body.symbols) }),
      });
    });
    app.post(path, (request) => {
      const account = accountOf(request);
      const list = find(account, by(request));
      const { symbol } = read(ADD, request.body);
      if (list.symbols.includes(symbol)) throw unprocessable("duplicate symbol");
      return put(account, list, { symbols: [...list.symbols, ...known([symbol])] });
    });
    app.delete(path, (request, reply) => {
      const account = accountOf(request);
      const list = find(account, by(request));
      engine.amend(account, { watchlists: listsOf(account).filter((one) => one.id !== list.id) });
      return reply.code(204).send();
    });
  }
  app.delete("/v2/watchlists/:id/:symbol", (request) => {
    const account = accountOf(request);
    const list = find(account, byId(request));
    const symbol = (request.params as { symbol: string }).symbol.toUpperCase();
    if (!list.symbols.includes(symbol)) throw notFound(`symbol ${symbol} is not in the watchlist`);
    return put(account, list, { symbols: list.symbols.filter((one) => one !== symbol) });
  });
}
