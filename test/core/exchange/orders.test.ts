import assert from "node:assert/strict";
import { Big } from "../../../src/core/base/decimal.ts";
import { type GivenExchange, givenExchange, type GivenStream, type Json } from "./givenExchange.ts";

const buy = (extra: object = {}) => ({ symbol: "AAPL", qty: "1", side: "buy", type: "market", time_in_force: "day", ...extra });

async function booksBalance(exchange: GivenExchange): Promise<void> {
  // Prices move between two requests: the positions' own prices count, from an answer between two equal accounts.
  for (;;) {
    const before = await exchange.get("/v2/account");
    const positions = await exchange.get("/v2/positions");
    const after = await exchange.get("/v2/account");
    if (before.equity !== after.equity) continue;
    const worth = positions.reduce((sum: Big, p: Json) => sum.plus(new Big(p.qty).times(p.current_price)), new Big(after.cash));
    assert.equal(worth.toFixed(), after.equity);
    assert.equal(new Big(after.cash).plus(after.long_market_value).plus(after.short_market_value).toFixed(), after.equity);
    return;
  }
}

describe("orders at the paper exchange", () => {
  let exchange: GivenExchange;
  let stream: GivenStream;
  before(async () => {
    exchange = await givenExchange();
    stream = await exchange.stream();
  });
  after(async () => {
    stream.close();
    await exchange.end();
  });
  const place = async (body: object) => {
    const answer = await exchange.call("POST", "/v2/orders", body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const refused = async (body: object, status: number, message: RegExp, code?: number) => {
    const answer = await exchange.call("POST", "/v2/orders", body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(answer.body.message, message);
    if (code !== undefined) assert.equal(answer.body.code, code);
  };
  const ended = (id: string, event: string) => stream.update((data) => data.event === event && data.order.id === id);
  const flatten = async () => {
    await exchange.call("DELETE", "/v2/orders");
    const closed = (await exchange.call("DELETE", "/v2/positions?cancel_orders=True")).body;
    for (const { body, status } of closed) {
      assert.equal(status, 200, JSON.stringify(body));
      await ended(body.id, "fill");
    }
  };

  it("fill at the ask at once, and the stream tells new before fill", async () => {
    const order = await place(buy({ qty: 3, client_order_id: "first" }));
    assert.equal(order.status, "pending_new");
    const fill = await ended(order.id, "fill");
    const quote = (await exchange.get("/v2/stocks/quotes/latest?symbols=AAPL")).quotes.AAPL;
    assert.ok(Math.abs(Number(fill.price) - quote.ap) < 1, `${fill.price} is not near ${quote.ap}`);
    assert.deepEqual([fill.qty, fill.position_qty, fill.order.status, fill.order.filled_qty], ["3", "3", "filled", "3"]);
    const events = stream.messages.filter((m) => m.data?.order?.id === order.id).map((m) => m.data.event);
    assert.deepEqual(events, ["new", "fill"]);
    const position = await exchange.get("/v2/positions/AAPL");
    assert.equal(position.qty, "3");
    assert.equal(position.avg_entry_price, fill.price);
    await booksBalance(exchange);
    await flatten();
    assert.equal((await exchange.call("GET", "/v2/positions/AAPL")).status, 404);
    await booksBalance(exchange);
  });

  it("with limits away from the market wait, and cancel", async () => {
    const order = await place(buy({ type: "limit", limit_price: "10.00", time_in_force: "gtc" }));
    await ended(order.id, "new");
    assert.equal((await exchange.get(`/v2/orders/${order.id}`)).status, "new");
    assert.deepEqual(
      (await exchange.get("/v2/orders?status=open&symbols=AAPL")).map((o: Json) => o.id),
      [order.id],
    );
    assert.equal((await exchange.call("DELETE", `/v2/orders/${order.id}`)).status, 204);
    await ended(order.id, "canceled");
    const again = await exchange.call("DELETE", `/v2/orders/${order.id}`);
    assert.deepEqual([again.status, again.body.message], [422, 'order is already in "canceled" state']);
    assert.equal((await exchange.call("DELETE", "/v2/orders/00000000-0000-4000-8000-000000000000")).status, 404);
  });

  it("hold buying power while they wait and give it back", async () => {
    const power = async () => new Big((await exchange.get("/v2/account")).buying_power);
    const before = await power();
    const order = await place(buy({ type: "limit", limit_price: "10.00", qty: "100" }));
    assert.equal(before.minus(await power()).toFixed(), "1000");
    await exchange.call("DELETE", `/v2/orders/${order.id}`);
    assert.ok((await power()).eq(before));
  });

  it("with a used client_order_id are refused for ever, and found by it", async () => {
    await refused(buy({ client_order_id: "first" }), 422, /^client_order_id must be unique$/, 40010001);
    const found = await exchange.get("/v2/orders:by_client_order_id?client_order_id=first");
    assert.equal(found.client_order_id, "first");
    assert.equal((await exchange.call("GET", "/v2/orders:by_client_order_id?client_order_id=never")).status, 404);
  });

  it("in a bracket start their exits after the entry has filled, and one exit ends the other", async () => {
    const { ap } = (await exchange.get("/v2/stocks/AAPL/quotes/latest")).quote;
    const bracket = await place(
      buy({ qty: "2", order_class: "bracket", take_profit: { limit_price: (ap * 1.5).toFixed(2) }, stop_loss: { stop_price: (ap * 0.5).toFixed(2) } }),
    );
    assert.deepEqual(
      bracket.legs.map((leg: Json) => [leg.type, leg.side, leg.status]),
      [
        ["limit", "sell", "held"],
        ["stop", "sell", "held"],
      ],
    );
    await ended(bracket.id, "fill");
    const [profit, loss] = bracket.legs;
    await ended(profit.id, "new");
    const shown = (await exchange.get(`/v2/orders/${bracket.id}`)).legs.map((leg: Json) => leg.status);
    assert.deepEqual(shown, ["new", "held"]); // the stop is watched all the same
    await refused(buy({ side: "sell" }), 403, /^insufficient qty available for order \(requested: 1, available: 0\)$/, 40310000);
    assert.equal((await exchange.get("/v2/positions/AAPL")).qty_available, "0");
    // "True" is what Python says.
    for (const yes of ["true", "True", "1"]) {
      const [parent] = await exchange.get(`/v2/orders?status=all&nested=${yes}&limit=1&symbols=AAPL`);
      assert.equal(parent.legs.length, 2);
    }
    const flat = await exchange.get("/v2/orders?status=all&nested=False&limit=3&symbols=AAPL");
    assert.deepEqual(
      flat.map((o: Json) => [o.legs, [profit.id, loss.id, bracket.id].includes(o.id)]),
      [
        [null, true],
        [null, true],
        [null, true],
      ],
    );
    assert.equal((await exchange.call("GET", "/v2/orders?nested=maybe")).status, 400);
    // A replaced exit that is marketable fills, and its sister goes.
    const moved = await exchange.call("PATCH", `/v2/orders/${profit.id}`, { limit_price: (ap * 0.9).toFixed(2) });
    assert.equal(moved.status, 200, JSON.stringify(moved.body));
    assert.equal(moved.body.replaces, profit.id);
    await ended(profit.id, "replaced");
    await ended(moved.body.id, "fill");
    await ended(loss.id, "canceled");
    assert.equal((await exchange.call("GET", "/v2/positions/AAPL")).status, 404);
    await booksBalance(exchange);
  });

  it("in a bracket whose entry is canceled end with it", async () => {
    const bracket = await place(
      buy({ type: "limit", limit_price: "100", order_class: "bracket", take_profit: { limit_price: "110" }, stop_loss: { stop_price: "90" } }),
    );
    await exchange.call("DELETE", `/v2/orders/${bracket.id}`);
    const order = await exchange.get(`/v2/orders/${bracket.id}`);
    assert.deepEqual([order.status, ...order.legs.map((leg: Json) => leg.status)], ["canceled", "canceled", "canceled"]);
  });

  it("as OCO exit at one of two prices", async () => {
    const entry = await place(buy({ qty: "2" }));
    const { price } = await ended(entry.id, "fill");
    const oco = await place({
      symbol: "AAPL",
      qty: "2",
      side: "sell",
      type: "limit",
      time_in_force: "gtc",
      order_class: "oco",
      take_profit: { limit_price: (Number(price) * 1.4).toFixed(2) },
      stop_loss: { stop_price: (Number(price) * 0.6).toFixed(2) },
    });
    await ended(oco.id, "new");
    assert.equal((await exchange.get(`/v2/orders/${oco.legs[0].id}`)).status, "held");
    await exchange.call("DELETE", `/v2/orders/${oco.legs[0].id}`);
    await ended(oco.id, "canceled");
    await flatten();
  });

  it("by money buy fractions of shares", async () => {
    const order = await place({ symbol: "SPY", notional: "1000", side: "buy", type: "market", time_in_force: "day" });
    assert.equal(order.qty, null);
    const fill = await ended(order.id, "fill");
    const spent = new Big(fill.price).times(fill.qty);
    assert.ok(spent.lte(1000) && spent.gt("999.99"), spent.toFixed());
    await booksBalance(exchange);
    await flatten();
  });

  it("sell short what is not held, with negative quantities, and buy it back", async () => {
    const short = await place({ symbol: "TSLA", qty: "3", side: "sell", type: "market", time_in_force: "day" });
    await ended(short.id, "fill");
    const position = await exchange.get("/v2/positions/TSLA");
    assert.deepEqual([position.qty, position.side], ["-3", "short"]);
    assert.ok(Number(position.market_value) < 0);
    await refused({ symbol: "TSLA", qty: "4", side: "buy", type: "market", time_in_force: "day" }, 403, /insufficient qty available/);
    await booksBalance(exchange);
    const closed = await exchange.call("DELETE", "/v2/positions/TSLA?percentage=50");
    await ended(closed.body.id, "fill");
    assert.equal((await exchange.get("/v2/positions/TSLA")).qty, "-2", "half of three whole shares is one");
    assert.equal((await exchange.call("DELETE", "/v2/positions/TSLA?percentage=10")).status, 422);
    await flatten();
  });

  it("that cannot be met are refused with Alpaca's statuses", async () => {
    const { id } = await exchange.get("/v2/assets/KO");
    const byId = await place(buy({ symbol: id, type: "limit", limit_price: "1" }));
    assert.deepEqual([byId.symbol, byId.position_intent], ["KO", "buy_to_open"]);
    await exchange.call("DELETE", `/v2/orders/${byId.id}`);
    assert.equal((await exchange.call("GET", "/v2/positions/%25E0")).status, 404);
    await refused(buy({ symbol: "NOSUCH" }), 422, /asset "NOSUCH" not found/, 42210000);
    await refused(buy({ qty: "0" }), 422, /qty must be > 0/);
    await refused(buy({ qty: undefined }), 422, /qty or notional is required/);
    await refused(buy({ notional: "5" }), 422, /only one of qty or notional/);
    await refused(buy({ qty: "1e9" }), 403, /insufficient buying power/, 40310000);
    await refused(buy({ type: "limit" }), 422, /limit orders require a limit price/);
    await refused(buy({ type: "limit", limit_price: "10.001" }), 422, /sub-penny/);
    await refused(buy({ side: "hold" }), 422, /side/);
    await refused(buy({ qty: "0.5", time_in_force: "gtc" }), 422, /fractional orders must be DAY/);
    await refused(buy({ order_class: "bracket", take_profit: { limit_price: "900" } }), 422, /stop_loss/);
    await refused(
      buy({ order_class: "bracket", take_profit: { limit_price: "900" }, stop_loss: { stop_price: "890" } }),
      422,
      /stop_loss.stop_price must be <= base_price/,
    );
    await refused(buy({ extended_hours: true }), 422, /extended hours/);
  });

  it("that could trade with each other are refused", async () => {
    const entry = await place(buy({ qty: "1" }));
    await ended(entry.id, "fill");
    const sell = await place({ symbol: "AAPL", qty: "1", side: "sell", type: "limit", limit_price: "9000", time_in_force: "gtc" });
    await refused(buy(), 403, /wash trade/, 40310000);
    const low = await place(buy({ type: "limit", limit_price: "5" }));
    await exchange.call("DELETE", `/v2/orders/${low.id}`);
    await exchange.call("DELETE", `/v2/orders/${sell.id}`);
    await flatten();
  });

  it("are listed by status, time, side and order", async () => {
    const all = await exchange.get("/v2/orders?status=all&limit=500");
    const times = all.map((o: Json) => Date.parse(o.submitted_at));
    assert.deepEqual(
      times,
      [...times].sort((a, b) => b - a),
    );
    const closed = await exchange.get("/v2/orders?status=closed&limit=2&direction=asc");
    assert.equal(closed.length, 2);
    assert.equal(closed[0].client_order_id, "first");
    const after = await exchange.get(`/v2/orders?status=all&after=${encodeURIComponent(closed[0].submitted_at)}&limit=500`);
    assert.ok(after.every((o: Json) => o.id !== closed[0].id));
    // By cursor, page by page, everything comes once.
    const paged: Json[] = [];
    for (let page = await exchange.get("/v2/orders?status=all&limit=7"); page.length > 0; ) {
      paged.push(...page);
      page = await exchange.get(`/v2/orders?status=all&limit=7&before_order_id=${paged.at(-1).id}`);
    }
    assert.deepEqual(
      paged.map((o) => o.id),
      all.map((o: Json) => o.id),
    );
    // By time as well, legs of one order and orders of one moment included.
    const byTime: Json[] = [];
    for (let page = await exchange.get("/v2/orders?status=all&limit=3"); page.length > 0; ) {
      byTime.push(...page);
      page = await exchange.get(`/v2/orders?status=all&limit=3&until=${encodeURIComponent(byTime.at(-1).submitted_at)}`);
    }
    assert.deepEqual(
      byTime.map((o) => o.id),
      all.map((o: Json) => o.id),
    );
    assert.equal((await exchange.get(`/v2/orders?status=all&limit=500&after_order_id=${all.at(-1).id}`)).length, all.length - 1);
    assert.ok((await exchange.get("/v2/orders?status=all&side=sell")).every((o: Json) => o.side === "sell"));
    assert.deepEqual(await exchange.get("/v2/orders?status=all&asset_class=crypto"), []);
    assert.equal((await exchange.get("/v2/orders?status=all&limit=500&asset_class=crypto,us_equity")).length, all.length);
    assert.equal((await exchange.call("GET", "/v2/orders?status=maybe")).status, 400);
    assert.equal((await exchange.call("GET", `/v2/orders?before_order_id=${all[0].id}&after_order_id=${all[1].id}`)).status, 400);
  });

  it("leave fills in the activities and the day's equity in the history", async () => {
    const fills = await exchange.get("/v2/account/activities/FILL?direction=asc&page_size=2");
    assert.equal(fills.length, 2);
    assert.deepEqual([fills[0].activity_type, fills[0].side, fills[0].qty, fills[0].symbol], ["FILL", "buy", "3", "AAPL"]);
    const next = await exchange.get(`/v2/account/activities/FILL?direction=asc&page_size=1&page_token=${encodeURIComponent(fills[0].id)}`);
    assert.equal(next[0].id, fills[1].id);
    // Of one date, written either way.
    const ofDate = await exchange.get("/v2/account/activities?date=2026-11-20&page_size=100");
    assert.ok(ofDate.length > 2);
    assert.deepEqual(await exchange.get("/v2/account/activities?date=2026-11-20T00:00:00Z&page_size=100"), ofDate);
    for (const query of ["date=friday", "category=trade_activity&activity_types=FILL"])
      assert.equal((await exchange.call("GET", `/v2/account/activities?${query}`)).status, 400, query);
    const history = await exchange.get("/v2/account/portfolio/history?period=1M&timeframe=1D");
    assert.equal(history.timestamp.length, history.equity.length);
    assert.equal(history.equity[0], 100000);
    // Within the day: out of the fills and the prices of then, it ends where the account is.
    const entry = await place(buy({ qty: "10" }));
    await ended(entry.id, "fill");
    const within = await exchange.get("/v2/account/portfolio/history?period=1D&timeframe=1Min");
    assert.equal(within.timeframe, "1Min");
    assert.ok(Math.abs(within.equity.at(-1) - Number((await exchange.get("/v2/account")).equity)) < 500);
    for (const query of ["period=1A&timeframe=1Min", "period=1D&start=2026-11-19&end=2026-11-20", "pnl_reset=never", "intraday_reporting=sometimes"])
      assert.equal((await exchange.call("GET", `/v2/account/portfolio/history?${query}`)).status, 400, query);
    assert.equal((await exchange.get("/v2/account/portfolio/history?timeframe=15Min")).timeframe, "15Min"); // over the month that is asked for by default
    await flatten();
  });
});

describe("orders of two exchanges with the same seed", () => {
  it("have the same fills, and others with another seed", async () => {
    const fillsOf = async (seed: string) => {
      await using exchange = await givenExchange("--seed", seed, "--speed", "0.001"); // one second of the market for all of them
      const stream = await exchange.stream();
      for (const [symbol, qty] of [
        ["AAPL", "1"],
        ["KO", "700"],
        ["TSLA", "150"],
        ["F", "900"],
        ["MSFT", "2.5"],
      ] as const) {
        const { body } = await exchange.call("POST", "/v2/orders", buy({ symbol, qty }));
        await stream.update((data) => data.order.id === body.id && data.event !== "new");
      }
      stream.close();
      const fills = await exchange.get("/v2/account/activities/FILL?direction=asc");
      return fills.map(({ symbol, qty, price, type }: Json) => `${symbol} ${qty} ${price} ${type}`);
    };
    const [first, again, other] = [await fillsOf("7"), await fillsOf("7"), await fillsOf("8")];
    assert.ok(first.length >= 5);
    assert.deepEqual(again, first);
    assert.notDeepEqual(other, first);
  });
});

describe("orders as time passes", () => {
  it("fill when the market comes to them, and day orders end with the session", async () => {
    // More than five hours of the market a second.
    await using exchange = await givenExchange("--speed", "20000");
    const stream = await exchange.stream();
    const { day } = { day: (await exchange.get("/v2/stocks/bars?symbols=NVDA&timeframe=1Day&start=2026-11-19&end=2026-11-19")).bars.NVDA[0] };
    const { ap } = (await exchange.get("/v2/stocks/NVDA/quotes/latest")).quote;
    assert.ok(ap > 0 && day.c > 0);
    const near = await exchange.call("POST", "/v2/orders", {
      symbol: "NVDA",
      qty: "1",
      side: "buy",
      type: "limit",
      limit_price: (ap * 0.99).toFixed(2),
      time_in_force: "gtc",
    });
    const far = await exchange.call("POST", "/v2/orders", { symbol: "NVDA", qty: "1", side: "buy", type: "limit", limit_price: "1.00", time_in_force: "day" });
    const fill = await stream.update((data) => data.event === "fill" && data.order.id === near.body.id);
    assert.ok(Number(fill.price) <= Number(near.body.limit_price));
    const expired = await stream.update((data) => data.event === "expired" && data.order.id === far.body.id);
    assert.equal(expired.timestamp, far.body.expires_at);
    stream.close();
  });

  it("trail a stop below the best price and never let it retreat", async () => {
    await using exchange = await givenExchange("--speed", "20000");
    const stream = await exchange.stream();
    const entry = await exchange.call("POST", "/v2/orders", { symbol: "TSLA", qty: "1", side: "buy", type: "market", time_in_force: "day" });
    await stream.update((data) => data.event === "fill" && data.order.id === entry.body.id);
    const stop = (
      await exchange.call("POST", "/v2/orders", { symbol: "TSLA", qty: "1", side: "sell", type: "trailing_stop", trail_percent: "1", time_in_force: "gtc" })
    ).body;
    const started = await stream.update((data) => data.event === "new" && data.order.id === stop.id);
    const fill = await stream.update((data) => data.event === "fill" && data.order.id === stop.id);
    assert.ok(Number(fill.order.hwm) >= Number(started.order.hwm));
    assert.ok(Number(fill.order.stop_price) >= Number(started.order.stop_price));
    stream.close();
  });
});
