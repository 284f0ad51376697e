/** Alpaca's Trading API v2: account, orders, positions, activities, portfolio history. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as v from "valibot";
import { Big } from "../base/decimal.ts";
import { newYorkDate } from "../domain/nyse.ts";
import { addAccountKeepings } from "./accountRoutes.ts";
import { ApiError, badRequest, notFound, unprocessable } from "./apiError.ts";
import { readDate } from "./dataQuery.ts";
import type { Engine } from "./engine.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { availableToClose, type AccountState } from "./ledger.ts";
import type { Market } from "./market.ts";
import { addMarketRoutes } from "./marketRoutes.ts";
import { amount, checkClientOrderId, parseBody, readOrderRequest } from "./orderRequest.ts";
import { portfolioHistory } from "./portfolio.ts";
import { choice, flag, nanos, readQuery, symbolList, time, wholeNumber } from "./query.ts";
import { isEnded, type OrderRecord } from "./records.ts";
import { accountJson, activityJson, activityTypeOf, orderJson, paymentJson, positionJson, submittedNanos } from "./wire.ts";

export interface RouteParts {
  readonly engine: Engine;
  readonly market: Market;
  readonly clock: ExchangeClock;
  /** The account whose key came with the request. */
  readonly accountOf: (request: FastifyRequest) => AccountState;
}

export function addTradingRoutes(app: FastifyInstance, parts: RouteParts): void {
  addAccountRoutes(app, parts);
  addAccountKeepings(app, parts);
  addOrderRoutes(app, parts);
  addPositionRoutes(app, parts);
  addMarketRoutes(app, parts);
}

function param(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? "";
}

/** A symbol in any case, or an asset's id. */
function symbolFor(market: Market, wanted: string): string {
  return market.find(wanted)?.symbol ?? wanted.toUpperCase();
}

function addAccountRoutes(app: FastifyInstance, { engine, market, accountOf }: RouteParts): void {
  app.get("/v2/account", (request) => {
    engine.advance();
    const account = accountOf(request);
    return accountJson(account, engine.figures(account));
  });
  const activities = (request: FastifyRequest) => {
    engine.advance();
    const query = readQuery(request.query);
    const account = accountOf(request);
    const category = choice(query, "category", "", ["", "trade_activity", "non_trade_activity"]);
    if (category !== "" && (query["activity_types"] ?? "") !== "") throw badRequest("category cannot be given with activity_types");
    const wanted = (param(request, "type") || query["activity_types"] || "").split(",").filter((type) => type !== "");
    const wants = (type: string, of: string) => (wanted.length === 0 || wanted.includes(type)) && (category === "" || category === of);
    const size = wholeNumber(query, "page_size", 100, { min: 1, max: 100 });
    const direction = choice(query, "direction", "desc", ["asc", "desc"]);
    const [after, until] = [time(query, "after"), time(query, "until")];
    const date = readDate(query, "date");
    const isChosen = ({ at }: { readonly at: number }) =>
      (after === undefined || at > after) && (until === undefined || at < until) && (date === undefined || newYorkDate(at) === date);
    const fills = wants("FILL", "trade_activity") ? account.fills.filter(isChosen) : [];
    const payments = account.payments.filter((one) => wants(activityTypeOf(one), "non_trade_activity") && isChosen(one));
    let rows: Array<{ readonly id: string }> = [
      ...fills.map((fill) => [fill.sequence, activityJson(fill)] as const),
      ...payments.map((one) => [one.sequence, paymentJson(one)] as const),
    ]
      .sort(([a], [b]) => a - b)
      .map(([, row]) => row);
    if (direction === "desc") rows = rows.reverse();
    const token = query["page_token"];
    const from = token === undefined || token === "" ? 0 : rows.findIndex((row) => row.id === token) + 1;
    if (from === 0 && token !== undefined && token !== "") throw badRequest("invalid page_token");
    return rows.slice(from, from + size);
  };
  app.get("/v2/account/activities", activities);
  app.get("/v2/account/activities/:type", activities);
  app.get("/v2/account/portfolio/history", (request) => {
    const now = engine.advance();
    return portfolioHistory({ engine, market }, accountOf(request), readQuery(request.query), now);
  });
}

const REPLACE = v.object({
  qty: amount,
  limit_price: amount,
  stop_price: amount,
  trail: amount,
  time_in_force: v.optional(v.nullable(v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"])), null),
  client_order_id: v.optional(v.nullable(v.string()), null),
});

function addOrderRoutes(app: FastifyInstance, { engine, market, accountOf }: RouteParts): void {
  const json = (account: AccountState, order: OrderRecord, legs = true) => orderJson(order, account.orders, { legs });
  app.post("/v2/orders", (request) => {
    const account = accountOf(request);
    const order = readOrderRequest(request.body);
    return json(account, engine.submit(account, { ...order, symbol: symbolFor(market, order.symbol) }));
  });
  app.get("/v2/orders", (request) => {
    engine.advance();
    const account = accountOf(request);
    const query = readQuery(request.query);
    const status = choice(query, "status", "open", ["open", "closed", "all"]);
    const limit = wholeNumber(query, "limit", 50, { min: 1, max: 500 });
    const direction = choice(query, "direction", "desc", ["asc", "desc"]);
    const side = choice(query, "side", "", ["", "buy", "sell"]);
    const nested = flag(query, "nested");
    const [after, until] = [time(query, "after"), time(query, "until")];
    const [afterNanos, untilNanos] = [nanos(query, "after"), nanos(query, "until")];
    const symbols = new Set(symbolList(query));
    const classes = (query["asset_class"] || "all").split(",");
    if (!classes.includes("us_equity") && !classes.includes("all")) return [];
    const sequenceOf = (name: string) => (query[name] === undefined || query[name] === "" ? undefined : engine.order(account, query[name]).sequence);
    if (query["before_order_id"] && query["after_order_id"]) throw badRequest("only one of before_order_id and after_order_id is accepted");
    const [before, beyond] = [sequenceOf("before_order_id"), sequenceOf("after_order_id")];
    const isChosen = (order: OrderRecord) =>
      (status === "all" || (status === "closed") === isEnded(order)) &&
      (after === undefined || order.submittedAt > after || (order.submittedAt === after && submittedNanos(order) > afterNanos)) &&
      (until === undefined || order.submittedAt < until || (order.submittedAt === until && submittedNanos(order) < untilNanos)) &&
      (before === undefined || order.sequence < before) &&
      (beyond === undefined || order.sequence > beyond) &&
      (symbols.size === 0 || symbols.has(order.symbol)) &&
      (side === "" || order.side === side);
    // A leg is shown below its parent, and by itself where the parent is not among the chosen.
    const isTop = (order: OrderRecord) => {
      const parent = nested && order.parentId !== null ? account.orders.get(order.parentId) : undefined;
      return parent === undefined || !isChosen(parent);
    };
    const pool = status === "open" ? [...account.open.values()].sort((a, b) => a.sequence - b.sequence) : account.orderList;
    const found: OrderRecord[] = [];
    for (let i = 0; i < pool.length && found.length < limit; i++) {
      const order = pool[direction === "asc" ? i : pool.length - 1 - i] as OrderRecord;
      if (isChosen(order) && isTop(order)) found.push(order);
    }
    return found.map((order) => json(account, order, nested));
  });
  app.delete("/v2/orders", (request, reply) => {
    const account = accountOf(request);
    const ended = engine.cancelAll(account);
    return reply.code(207).send(ended.map((order) => ({ id: order.id, status: 200, body: json(account, order) })));
  });
  app.get("/v2/orders::by_client_order_id", (request) => {
    engine.advance();
    const account = accountOf(request);
    const wanted = readQuery(request.query)["client_order_id"] ?? "";
    const id = account.byClientOrderId.get(wanted);
    if (id === undefined) throw notFound(`order not found for ${wanted}`);
    return json(account, engine.order(account, id));
  });
  app.get("/v2/orders/:id", (request) => {
    engine.advance();
    const account = accountOf(request);
    return json(account, engine.order(account, param(request, "id")));
  });
  app.patch("/v2/orders/:id", (request) => {
    const account = accountOf(request);
    const { qty, limit_price: limitPrice, stop_price: stopPrice, trail, time_in_force: timeInForce, ...rest } = parseBody(REPLACE, request.body);
    const clientOrderId = rest.client_order_id === "" ? null : rest.client_order_id;
    checkClientOrderId(clientOrderId);
    return json(account, engine.replace(account, param(request, "id"), { qty, limitPrice, stopPrice, trail, timeInForce, clientOrderId }));
  });
  app.delete("/v2/orders/:id", (request, reply) => {
    engine.cancel(accountOf(request), param(request, "id"));
    return reply.code(204).send();
  });
}

function addPositionRoutes(app: FastifyInstance, { engine, market, accountOf }: RouteParts): void {
  const json = (account: AccountState, symbol: string) => {
    const position = account.positions.get(symbol);
    if (position === undefined) throw notFound("position does not exist");
    const at = engine.advance();
    const current = new Big(market.last(symbol, at));
    return positionJson(position, {
      current,
      lastDay: new Big(market.previousClose(symbol, at)),
      available: availableToClose(account, symbol, { last: () => current }),
      stock: market.stock(symbol),
    });
  };
  const symbolOf = (request: FastifyRequest) => symbolFor(market, param(request, "symbol"));
  const close = (account: AccountState, symbol: string, part: { readonly qty?: string | undefined; readonly percentage?: string | undefined }) => {
    const position = account.positions.get(symbol);
    if (position === undefined) throw notFound("position does not exist");
    const held = position.qty.abs();
    if (part.qty !== undefined && part.percentage !== undefined) throw unprocessable("only one of qty and percentage is accepted");
    for (const text of [part.qty, part.percentage])
      if (text !== undefined && !/^\d+(?:\.\d{1,9})?$/.test(text)) throw unprocessable(`"${text}" is not a number of at most 9 decimals`);
    if (part.percentage !== undefined && (Number(part.percentage) <= 0 || Number(part.percentage) > 100))
      throw unprocessable("percentage must be between 0 and 100");
    // A percentage sells parts of a share only where parts are held.
    const places = held.eq(held.round(0)) ? 0 : 9;
    const qty =
      part.qty !== undefined ? new Big(part.qty) : part.percentage !== undefined ? held.times(part.percentage).div(100).round(places, Big.roundDown) : held;
    return engine.submit(
      account,
      readOrderRequest({ symbol, qty: qty.toFixed(), side: position.qty.gt(0) ? "sell" : "buy", type: "market", time_in_force: "day" }),
    );
  };
  app.get("/v2/positions", (request) => {
    engine.advance();
    const account = accountOf(request);
    return [...account.positions.keys()].sort().map((symbol) => json(account, symbol));
  });
  app.get("/v2/positions/:symbol", (request) => {
    engine.advance();
    return json(accountOf(request), symbolOf(request));
  });
  app.delete("/v2/positions/:symbol", (request) => {
    engine.advance();
    const account = accountOf(request);
    const query = readQuery(request.query);
    return orderJson(close(account, symbolOf(request), { qty: query["qty"], percentage: query["percentage"] }), account.orders, { legs: true });
  });
  app.delete("/v2/positions", (request, reply) => {
    engine.advance();
    const account = accountOf(request);
    if (flag(readQuery(request.query), "cancel_orders")) engine.cancelAll(account);
    const answers = [...account.positions.keys()].map((symbol) => {
      try {
        return { symbol, status: 200, body: orderJson(close(account, symbol, {}), account.orders, { legs: true }) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { symbol, status: error.status, body: error.body };
      }
    });
    return reply.code(207).send(answers);
  });
}
