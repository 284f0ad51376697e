/** Clients that others wrote for Alpaca, unchanged, against the exchange: what they stumble over is a fault of ours. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
// @ts-expect-error -- its exports hide its types
import * as community from "@master-chief/alpaca";
import AlpacaV3 from "alpaca-trade-api-3";
import { Alpaca as AlpacaV4 } from "alpaca-trade-api-4";
import { type GivenExchange, givenExchange, type Json } from "./givenExchange.ts";

/** The first value that the predicate takes, of those that came and those that come. */
function collector<T = Json>() {
  const seen: T[] = [];
  const waiting = new Set<() => void>();
  return {
    seen,
    take: (value: T) => {
      seen.push(value);
      for (const look of [...waiting]) look();
    },
    until: (wanted: (value: T) => boolean) =>
      new Promise<T>((resolve) => {
        const look = () => {
          const found = seen.find(wanted);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Client 4 leaves the deadline of a request without a body ticking; its own default of 30 s would keep the process. */
const CLIENT_DEADLINE_MS = 5000;

/** Streams of the test under way: a client that reconnects by itself must not outlive it. */
const closing: Array<() => void> = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const statusOf = (code: number) => (error: Json) => (error.response?.status ?? error.status ?? error.code) === code;

describe("the official client 3.1 over TLS", () => {
  let exchange: GivenExchange;
  let alpaca: Json;
  const trusted = getCACertificates("default");
  before(async () => {
    exchange = await givenExchange("--tls", "--speed", "120");
    setDefaultCACertificates([...trusted, readFileSync(exchange.ready.certificate, "utf8")]);
    const { url, dataUrl, dataStreamUrl, keyId, secretKey } = exchange.ready;
    assert.match(url, /^https:/);
    alpaca = new (AlpacaV3 as Json)({ keyId, secretKey, baseUrl: url, dataBaseUrl: dataUrl, dataStreamUrl: dataStreamUrl.replace(/^wss/, "https") });
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    await exchange.end();
  });

  it("reads account, configuration, clock, calendar, assets and history", async () => {
    assert.equal((await alpaca.getAccount()).cash, "100000");
    assert.equal((await alpaca.getAccountConfigurations()).no_shorting, false);
    assert.equal((await alpaca.updateAccountConfigurations({ ...(await alpaca.getAccountConfigurations()), no_shorting: true })).no_shorting, true);
    await assert.rejects(alpaca.createOrder({ symbol: "KO", qty: 1, side: "sell", type: "market", time_in_force: "day" }), statusOf(403));
    assert.equal((await alpaca.updateAccountConfigurations({ no_shorting: false })).no_shorting, false);
    assert.equal((await alpaca.getClock()).is_open, true);
    assert.equal((await alpaca.getCalendar({ start: new Date("2026-11-16T12:00:00Z"), end: new Date("2026-11-20T12:00:00Z") })).length, 5);
    assert.ok((await alpaca.getAssets({ status: "active" })).length > 60);
    assert.equal((await alpaca.getAsset("AAPL")).symbol, "AAPL");
    assert.deepEqual(await alpaca.getAccountActivities({ activityTypes: ["FILL", "DIV"] }), []);
    assert.ok((await alpaca.getPortfolioHistory({ period: "1M", timeframe: "1D" })).timestamp.length > 0);
  });

  it("sends, replaces, cancels and lists orders of each type, and closes positions", async () => {
    const updates = collector();
    closing.push(() => alpaca.trade_ws.disconnect());
    await new Promise<void>((resolve) => {
      alpaca.trade_ws.onConnect(() => {
        alpaca.trade_ws.subscribe(["trade_updates"]);
        resolve();
      });
      alpaca.trade_ws.onOrderUpdate(updates.take);
      alpaca.trade_ws.connect();
    });
    const order = (extra: object) => alpaca.createOrder({ symbol: "AAPL", qty: 1, side: "buy", type: "market", time_in_force: "day", ...extra });
    const { AskPrice: ask } = await alpaca.getLatestQuote("AAPL");
    const filled = await order({ qty: 6, client_order_id: "by-3.1" });
    await updates.until((u) => u.event === "fill" && u.order.id === filled.id);
    assert.equal((await alpaca.getOrderByClientId("by-3.1")).status, "filled");
    const resting = [
      await order({ symbol: "SPY", type: "limit", limit_price: "90" }),
      await order({ type: "stop", stop_price: (ask * 0.5).toFixed(2), side: "sell" }),
      await order({ type: "stop_limit", stop_price: (ask * 0.5).toFixed(2), limit_price: (ask * 0.49).toFixed(2), side: "sell" }),
      await order({ type: "trailing_stop", trail_percent: "40", side: "sell", time_in_force: "gtc" }),
      await order({
        symbol: "MSFT",
        type: "limit",
        limit_price: "20",
        order_class: "bracket",
        take_profit: { limit_price: "30" },
        stop_loss: { stop_price: "10" },
      }),
      await order({ symbol: "MSFT", type: "limit", limit_price: "20", order_class: "oto", stop_loss: { stop_price: "10" } }),
    ].map((one) => one.id);
    const open = await alpaca.getOrders({ status: "open", symbols: "AAPL,MSFT,SPY", nested: true, limit: 500 });
    assert.deepEqual(new Set(open.map((one: Json) => one.id)), new Set(resting));
    await updates.until((u) => u.event === "new" && u.order.id === resting[0]);
    const moved = await alpaca.replaceOrder(resting[0], { limit_price: "80", qty: 2 });
    assert.equal((await alpaca.getOrder(resting[0])).replaced_by, moved.id);
    await alpaca.cancelOrder(moved.id);
    await updates.until((u) => u.event === "canceled" && u.order.id === moved.id);
    await assert.rejects(alpaca.cancelOrder(moved.id), statusOf(422));
    assert.ok((await alpaca.cancelAllOrders()).every((one: Json) => one.status === 200));
    const oco = await order({
      side: "sell",
      type: "limit",
      qty: 2,
      order_class: "oco",
      time_in_force: "gtc",
      take_profit: { limit_price: (ask * 2).toFixed(2) },
      stop_loss: { stop_price: (ask * 0.5).toFixed(2) },
    });
    assert.equal(oco.legs.length, 1);
    for (const time_in_force of ["ioc", "fok"]) {
      const at_once = await order({ symbol: "KO", time_in_force });
      await updates.until((u) => u.event === "fill" && u.order.id === at_once.id);
    }
    const auctions = [await order({ symbol: "KO", time_in_force: "opg" }), await order({ symbol: "KO", time_in_force: "cls" })];
    assert.deepEqual(
      auctions.map((one) => one.status),
      ["accepted", "accepted"],
    );
    for (const one of auctions) await alpaca.cancelOrder(one.id);
    const early = await order({ symbol: "KO", type: "limit", limit_price: "10", extended_hours: true });
    assert.equal(early.extended_hours, true);
    await alpaca.cancelOrder(early.id);
    const short = await order({ symbol: "TSLA", side: "sell" });
    await updates.until((u) => u.event === "fill" && u.order.id === short.id);
    assert.equal((await alpaca.getPosition("TSLA")).side, "short");
    await alpaca.cancelOrder(oco.id);
    await updates.until((u) => u.event === "canceled" && u.order.id === oco.id);
    await order({ symbol: "SPY", qty: undefined, notional: "250.50" });
    assert.equal((await alpaca.getPosition("AAPL")).qty, "6");
    const sold = await alpaca.closePosition("AAPL");
    await updates.until((u) => u.event === "fill" && u.order.id === sold.id);
    assert.deepEqual(new Set((await alpaca.closeAllPositions()).map((one: Json) => `${one.symbol} ${one.status}`)), new Set(["SPY 200", "KO 200", "TSLA 200"]));
    await assert.rejects(alpaca.getPosition("AAPL"), statusOf(404));
    await assert.rejects(order({ qty: 1e9 }), (error: Json) => /insufficient buying power/.test(error.response.data.message));
    const fills = await alpaca.getAccountActivities({ activityTypes: "FILL", pageSize: 1, direction: "asc" });
    assert.deepEqual([fills.length, fills[0].symbol], [1, "AAPL"]);
  });

  it("pages bars, trades and quotes, and reads the latest, snapshots and news", async () => {
    const all = async (rows: AsyncIterable<Json>) => {
      const found = [];
      for await (const row of rows) found.push(row);
      return found;
    };
    const day = { start: "2026-11-19T14:30:00Z", end: "2026-11-19T21:00:00Z" };
    const bars = await all(alpaca.getBarsV2("AAPL", { ...day, timeframe: "1Min", pageLimit: 100 }));
    assert.equal(bars.length, 390);
    assert.equal((await all(alpaca.getBarsV2("AAPL", { ...day, timeframe: "5Min", limit: 7 }))).length, 7);
    const multi = await alpaca.getMultiBarsV2(["AAPL", "MSFT"], { start: "2026-11-01", end: "2026-11-19", timeframe: "1Day" });
    assert.deepEqual([...multi.keys()], ["AAPL", "MSFT"]);
    const minute = { start: "2026-11-19T15:00:00Z", end: "2026-11-19T15:00:59Z" };
    assert.equal((await all(alpaca.getTradesV2("AAPL", { ...minute, pageLimit: 25 }))).length, 60);
    assert.equal((await all(alpaca.getQuotesV2("AAPL", { ...minute, limit: 40, pageLimit: 25 }))).length, 40);
    assert.equal((await alpaca.getMultiTradesV2(["AAPL", "KO"], { ...minute, limit: 100 })).get("KO").length, 40);
    for (const [one, many] of [
      [alpaca.getLatestTrade, alpaca.getLatestTrades],
      [alpaca.getLatestQuote, alpaca.getLatestQuotes],
      [alpaca.getLatestBar, alpaca.getLatestBars],
    ]) {
      assert.ok(Date.parse((await one.call(alpaca, "AAPL")).Timestamp) > 0);
      assert.equal((await many.call(alpaca, ["AAPL", "KO"])).size, 2);
    }
    assert.ok((await alpaca.getSnapshot("AAPL")).DailyBar.OpenPrice > 0);
    assert.equal((await alpaca.getSnapshots(["AAPL", "KO"])).length, 2);
    assert.equal((await alpaca.getNews({ symbols: ["AAPL", "KO"], totalLimit: 7 })).length, 7);
    await assert.rejects(all(alpaca.getBarsV2("AAPL", { timeframe: "7Days" })), /code: 400, message: invalid timeframe/);
  });

  it("keeps watchlists", async () => {
    const list = await alpaca.addWatchlist("mine", ["AAPL", "KO"]);
    assert.deepEqual(
      list.assets.map((asset: Json) => asset.symbol),
      ["AAPL", "KO"],
    );
    await alpaca.addToWatchlist(list.id, "MSFT");
    await alpaca.deleteFromWatchlist(list.id, "AAPL");
    await alpaca.updateWatchlist(list.id, { name: "ours", symbols: ["KO", "MSFT", "SPY"] });
    assert.deepEqual(
      (await alpaca.getWatchlists()).map((one: Json) => one.name),
      ["ours"],
    );
    assert.equal((await alpaca.getWatchlist(list.id)).assets.length, 3);
    await alpaca.deleteWatchlist(list.id);
    await assert.rejects(alpaca.getWatchlist(list.id), statusOf(404));
  });

  it("hears trades, quotes, bars and news in MessagePack, with times", async () => {
    const { seen, take, until } = collector();
    const socket = alpaca.data_stream_v2;
    closing.push(() => socket.disconnect());
    for (const on of ["onStockTrade", "onStockQuote", "onStockBar", "onStockDailyBar"]) socket[on]((one: Json) => take({ on, ...one }));
    socket.onError((message: string) => take({ on: "error", message }));
    socket.onConnect(() => {
      socket.subscribeForTrades(["AAPL"]);
      socket.subscribeForQuotes(["AAPL", "MSFT"]);
      socket.subscribeForBars(["*"]);
      socket.subscribeForDailyBars(["AAPL"]);
    });
    socket.connect();
    for (const on of ["onStockTrade", "onStockQuote", "onStockBar", "onStockDailyBar"]) {
      const one = await until((row) => row.on === on && row.Symbol === "AAPL");
      assert.ok(one.Timestamp instanceof Date, JSON.stringify(one));
    }
    await until((row) => row.on === "onStockBar" && row.Symbol === "KO");
    assert.ok(seen.every((row) => row.on !== "error"));
  });
});

describe("the official client 4", () => {
  let exchange: GivenExchange;
  let alpaca: AlpacaV4;
  before(async () => {
    exchange = await givenExchange("--speed", "120");
    const { url, keyId, secretKey } = exchange.ready;
    // Its hosts are fixed: a fetch of one's own leads it here.
    const fetchApi = (asked: Json, init?: Json) => {
      const { pathname, search } = new URL(typeof asked === "string" ? asked : (asked.url ?? String(asked)));
      return fetch(url + pathname + search, init);
    };
    alpaca = new AlpacaV4({ keyId, secret: secretKey, fetchApi: fetchApi as Json, rateLimit: false, timeoutMs: CLIENT_DEADLINE_MS } as Json);
  });
  after(() => exchange.end());

  it("sends orders of each type and hears of them", async () => {
    const { orders, account, positions } = alpaca.trading as Json;
    assert.equal((await account.getAccount()).cash, "100000");
    const updates = collector();
    const stream: Json = alpaca.trading.stream({ url: exchange.ready.streamUrl } as Json);
    closing.push(() => stream.disconnect());
    stream.onTradeUpdate(updates.take);
    stream.onError((message: string) => updates.take({ event: "error", message }));
    stream.subscribeTradeUpdates();
    stream.connect();
    assert.equal((await stream.whenAuthenticated()).authenticated, true);
    const price = await alpaca.marketData.getLatestPrice("AAPL" as Json);
    assert.ok(Number(price) > 0);
    const away = (factor: number) => (Number(price) * factor).toFixed(2);
    const bought = await orders.market({ symbol: "AAPL", qty: 5, side: "buy", clientOrderId: "by-4" });
    const fill = await updates.until((u) => u.event === "fill" && u.order.id === bought.id);
    assert.equal(Number(fill.qty), 5);
    assert.equal((await orders.getOrderByClientOrderId({ clientOrderId: "by-4" })).status, "filled");
    const resting = [
      await orders.limit({ symbol: "SPY", qty: 1, side: "buy", limitPrice: "90", timeInForce: "gtc" }),
      await orders.stop({ symbol: "AAPL", qty: 1, side: "sell", stopPrice: away(0.5) }),
      await orders.stopLimit({ symbol: "AAPL", qty: 1, side: "sell", stopPrice: away(0.5), limitPrice: away(0.49) }),
      await orders.trailingStop({ symbol: "AAPL", qty: 1, side: "sell", trailPercent: 40 }),
      await orders.bracket({
        symbol: "KO",
        qty: 1,
        side: "buy",
        type: "limit",
        limitPrice: "10",
        takeProfit: { limitPrice: "12" },
        stopLoss: { stopPrice: "9" },
      }),
      await orders.oco({ symbol: "AAPL", qty: 1, side: "sell", takeProfit: { limitPrice: away(2) }, stopLoss: { stopPrice: away(0.5) } }),
      await orders.oto({ symbol: "KO", qty: 1, side: "buy", type: "limit", limitPrice: "10", takeProfit: { limitPrice: "12" } }),
    ];
    const open = await orders.getAllOrders({ status: "open", limit: 500, nested: true });
    assert.deepEqual(new Set(open.map((one: Json) => one.id)), new Set(resting.map((one) => one.id)));
    await updates.until((u) => u.event === "new" && u.order.id === resting[0].id);
    const moved = await orders.patchOrderByOrderId({ orderId: resting[0].id, patchOrderRequest: { limitPrice: "80" } });
    assert.equal(moved.replaces, resting[0].id);
    await orders.deleteOrderByOrderID({ orderId: moved.id });
    await updates.until((u) => u.event === "canceled" && u.order.id === moved.id);
    await orders.deleteAllOrders();
    assert.equal((await positions.getOpenPosition({ symbolOrAssetId: "AAPL" })).qty, "5");
    const closed = await (alpaca.trading as Json).closeAllPositions({ cancelOrders: true });
    assert.equal(closed[0].status, 200);
    await updates.until((u) => u.event === "fill" && u.order.side === "sell");
    await assert.rejects(
      orders.market({ symbol: "AAPL", qty: 1_000_000, side: "buy" }),
      (error: Json) => error.status === 403 || error.response?.status === 403,
    );
    assert.ok(
      updates.seen.every((u) => u.event !== "error"),
      JSON.stringify(updates.seen.find((u) => u.event === "error")),
    );
    const waited = await (alpaca.trading as Json)
      .submitAndWait({ symbol: "MSFT", qty: 1, side: "buy", type: "market", timeInForce: "day" }, { stream })
      .catch((error: Json) => error);
    assert.equal(waited.status, "filled", String(waited));
    const activities = await (alpaca.trading as Json).collectActivitiesByType({ activityType: "FILL", pageSize: 1 });
    assert.equal(activities.length, 3);
  });

  it("pages and normalises data", async () => {
    const data = alpaca.marketData as Json;
    const range = { start: new Date("2026-11-19T14:30:00Z"), end: new Date("2026-11-19T21:00:00Z") };
    const bars = await data.collectStockBarsBySymbol({ symbols: ["AAPL", "KO"], timeframe: "1Min", limit: 250, ...range });
    assert.deepEqual([Object.keys(Object.fromEntries(bars instanceof Map ? bars : Object.entries(bars))).sort()], [["AAPL", "KO"]]);
    const minute = { start: new Date("2026-11-19T15:00:00Z"), end: new Date("2026-11-19T15:00:59Z") };
    const trades = await data.getStockTrades({ symbols: ["AAPL"], ...minute });
    assert.equal(trades.AAPL.length, 60);
    const quotes = await data.getStockQuotesFor("KO", { ...minute });
    assert.equal(quotes.length, 60);
    assert.equal((await data.getStockCandlesFor("KO", { timeframe: "1Day", start: new Date("2026-11-02T00:00:00Z") })).close.length, 15);
    const { gainers } = await data.screener.movers({ marketType: "stocks", top: 3 });
    assert.equal(gainers.length, 3);
    assert.ok((await data.collectNews({ symbols: ["AAPL"], limit: 5, start: new Date("2026-10-20T00:00:00Z") })).length > 5);
  });

  it("hears the market and its news in MessagePack, to the millisecond", async () => {
    const { take, until } = collector();
    const stream: Json = alpaca.marketData.stockStream({ url: `${exchange.ready.dataStreamUrl}/v2/iex` } as Json);
    closing.push(() => stream.disconnect());
    for (const on of ["onTrade", "onQuote", "onBar", "onDailyBar", "onError"]) stream[on]((one: Json) => take({ on, one }));
    stream.subscribeForTrades(["AAPL"]);
    stream.subscribeForQuotes(["AAPL"]);
    stream.subscribeForBars(["*"]);
    stream.subscribeForDailyBars(["KO"]);
    stream.connect();
    assert.equal((await stream.whenAuthenticated()).authenticated, true);
    for (const on of ["onTrade", "onQuote", "onBar", "onDailyBar"]) {
      const { one } = await until((row) => row.on === on || row.on === "onError");
      assert.ok(one.timestamp instanceof Date && one.timestamp.getTime() > Date.parse("2026-11-20T15:00:00Z") - 86_400_000, JSON.stringify(one));
    }
  });

  it("hears headlines as they come, which say that they are simulated", async () => {
    await using fast = await givenExchange("--speed", "6000");
    const { keyId, secretKey, dataStreamUrl } = fast.ready;
    const { take, until } = collector();
    const stream: Json = new AlpacaV4({ keyId, secret: secretKey }).marketData.newsStream({ url: `${dataStreamUrl}/v1beta1/news` } as Json);
    closing.push(() => stream.disconnect());
    stream.onNews(take);
    stream.subscribeForNews(["*"]);
    stream.connect();
    const news = await until(() => true);
    assert.match(news.headline, /^SIMULATED/);
    assert.ok(Number.isFinite(new Date(news.createdAt).getTime()), JSON.stringify(news));
  });

  it("is told of a wrong key", async () => {
    const stream: Json = new AlpacaV4({ keyId: "PKNOBODY", secret: "wrong" }).marketData.stockStream({ url: `${exchange.ready.dataStreamUrl}/v2/iex` } as Json);
    stream.onError(() => undefined);
    stream.connect();
    const result = await stream.whenAuthenticated();
    assert.deepEqual([result.authenticated, result.code], [false, 402]);
  });
});

describe("a community client, @master-chief/alpaca", () => {
  it("trades, reads data and hears both streams in JSON", async () => {
    await using exchange = await givenExchange("--speed", "120");
    const { url, dataUrl, streamUrl, dataStreamUrl, keyId, secretKey } = exchange.ready;
    const { AlpacaClient, AlpacaStream } = community as Json;
    const endpoints = {
      rest: { beta: `${dataUrl}/v1beta1`, account: `${url}/v2`, market_data_v2: `${dataUrl}/v2`, market_data_v1: `${dataUrl}/v1` },
      websocket: { account: streamUrl, market_data: (source = "iex") => `${dataStreamUrl}/v2/${source}` },
    };
    const credentials = { key: keyId, secret: secretKey, paper: true };
    const client = new AlpacaClient({ credentials: { ...credentials }, endpoints, rate_limit: false });
    assert.equal((await client.getAccount()).cash, 100_000);
    const heard = collector();
    const updates = new AlpacaStream({ credentials: { ...credentials }, type: "account", endpoints });
    const market = new AlpacaStream({ credentials: { ...credentials }, type: "market_data", source: "iex", endpoints });
    closing.push(() => [updates, market].forEach((stream) => stream.getConnection().close()));
    await Promise.all([updates, market].map((stream) => new Promise((resolve) => stream.once("authenticated", resolve))));
    updates.on("trade_updates", (update: Json) => heard.take({ kind: "update", ...update }));
    for (const kind of ["trade", "quote", "bar"]) market.on(kind, (one: Json) => heard.take({ kind, ...one }));
    updates.subscribe("trade_updates");
    market.subscribe("trades", ["AAPL"]).subscribe("quotes", ["AAPL"]).subscribe("bars", ["AAPL"]);
    for (const kind of ["trade", "quote", "bar"]) await heard.until((one) => one.kind === kind && one.S === "AAPL");
    const order = await client.placeOrder({ symbol: "AAPL", qty: 2, side: "buy", type: "market", time_in_force: "day" });
    await heard.until((one) => one.kind === "update" && one.event === "fill" && one.order.id === order.id);
    const resting = await client.placeOrder({ symbol: "AAPL", qty: 1, side: "buy", type: "limit", limit_price: 10, time_in_force: "gtc" });
    assert.deepEqual(
      (await client.getOrders({ status: "open" })).map((one: Json) => one.id),
      [resting.id],
    );
    const moved = await client.replaceOrder({ order_id: resting.id, limit_price: 11 });
    assert.equal(moved.replaces, resting.id);
    assert.equal(await client.cancelOrder({ order_id: moved.id }), true);
    const price = (await client.getSnapshot({ symbol: "AAPL" })).latestTrade.p;
    const away = (factor: number) => Number((price * factor).toFixed(2));
    const more = [
      { type: "stop", side: "sell", qty: 1, stop_price: away(0.5), time_in_force: "gtc" },
      { type: "stop_limit", side: "sell", qty: 1, stop_price: away(0.5), limit_price: away(0.49), time_in_force: "day" },
      { symbol: "KO", type: "market", side: "buy", notional: 200, time_in_force: "day" },
      {
        symbol: "MSFT",
        type: "limit",
        side: "buy",
        qty: 1,
        limit_price: 20,
        time_in_force: "gtc",
        order_class: "bracket",
        take_profit: { limit_price: 30 },
        stop_loss: { stop_price: 10 },
      },
    ];
    for (const extra of more) assert.match((await client.placeOrder({ symbol: "AAPL", ...extra })).status, /new|accepted/);
    await assert.rejects(client.placeOrder({ symbol: "AAPL", side: "buy", qty: 1, type: "limit", limit_price: 10.001, time_in_force: "day" }), (error: Json) =>
      /sub-penny/.test(error.message ?? error),
    );
    await client.cancelOrders();
    assert.deepEqual(await client.getOrders({ status: "open" }), []);
    assert.equal((await client.getPosition({ symbol: "AAPL" })).qty, 2);
    const page = await client.getBars({ symbol: "AAPL", timeframe: "1Day", start: new Date("2026-11-02"), end: new Date("2026-11-19"), limit: 5 });
    assert.equal(page.bars.length, 5);
    const next = await client.getBars({
      symbol: "AAPL",
      timeframe: "1Day",
      start: new Date("2026-11-02"),
      end: new Date("2026-11-19"),
      page_token: page.next_page_token,
    });
    assert.ok(next.bars[0].t > page.bars[4].t);
    assert.ok((await client.getSnapshot({ symbol: "AAPL" })).latestTrade.p > 0);
    await client.closePosition({ symbol: "AAPL" });
    await assert.rejects(client.getOrder({ order_id: "0b7ef9f0-0000-4000-8000-000000000000" }), (error: Json) => /not found/.test(error.message ?? error));
  });
});
