import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { logTo } from "../../../src/core/base/log.ts";
import { createAlpacaData } from "../../../src/core/data/alpacaData.ts";
import { BarCache } from "../../../src/core/data/barCache.ts";
import { createSymbolBars, type SymbolBars } from "../../../src/core/data/symbolBars.ts";
import { loadDataset } from "../../../src/core/data/dataset.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import type { MarketData } from "../../../src/core/domain/ports.ts";

const signal = new AbortController().signal;
const NOW = Date.UTC(2026, 0, 30, 20);
const DAY_MS = 86_400_000;

/** Stands for the outside service: answers `reply`, and remembers what was asked. */
class DataServer implements AsyncDisposable {
  readonly asked: URL[] = [];
  readonly lines: string[] = [];
  data!: MarketData;
  #close: () => Promise<void> = async () => {};

  static async open(
    reply: (url: URL, nth: number) => unknown,
    options: { readonly simulated?: boolean; readonly headers?: Record<string, string> } = {},
  ): Promise<DataServer> {
    const it = new DataServer();
    const server = createServer((request, response) => {
      const url = new URL(request.url as string, "http://x");
      it.asked.push(url);
      const body = url.pathname === "/v2/clock" ? { timestamp: new Date(NOW).toISOString(), is_open: true } : reply(url, it.asked.length);
      const refusal = body === undefined ? "invalid symbol" : (body as { readonly refused?: string }).refused;
      response
        .writeHead(refusal === undefined ? 200 : 400, { "content-type": "application/json", ...options.headers })
        .end(JSON.stringify(refusal === undefined ? body : { message: refusal }));
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const log = logTo((level, line) => it.lines.push(`${level} ${line}`));
    const http = createHttpClient({
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      connections: 4,
      timeoutMs: 5000,
      retries: 0,
      backoffMs: 1,
      log,
    });
    it.data = createAlpacaData({ http, trading: http, feed: "iex", adjustment: "all", simulated: options.simulated ?? false, log });
    it.#close = async () => {
      await http.close();
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    };
    return it;
  }

  symbols(options: { readonly cache?: BarCache; readonly now?: () => number; readonly adjustment?: string; readonly origin?: string } = {}): SymbolBars {
    const { adjustment = "all", origin = "test", now = () => NOW, cache } = options;
    return createSymbolBars({ data: this.data, feed: "iex", adjustment, origin, now, ...(cache === undefined ? {} : { cache }) });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

const bar = (day: number, close = day) => ({ t: new Date(Date.UTC(2026, 0, day, 5)).toISOString(), o: 1, h: 100, l: 1, c: close, v: 10, n: 3, vw: 1.5 });

describe("Alpaca's market data", () => {
  it("follows the pages to the last one, short pages and empty ones too, and makes columns", async () => {
    const pages = [
      { bars: { AAPL: [bar(1), bar(2)] }, next_page_token: "a" },
      { bars: {}, next_page_token: "b" },
      { bars: { AAPL: [bar(5)], MSFT: [bar(1)] }, next_page_token: "c" },
      { bars: { MSFT: [bar(2)] }, next_page_token: null },
    ];
    await using server = await DataServer.open((_url, nth) => pages[nth - 1]);
    const bars = await server.data.bars(["aapl", "MSFT", "NONE", "AAPL"], { timeframe: "1Day", from: Date.UTC(2026, 0, 1), to: NOW }, signal);
    assert.deepEqual([...bars.keys()], ["AAPL", "MSFT"]);
    assert.deepEqual([...(bars.get("AAPL")?.close ?? [])], [1, 2, 5]);
    assert.deepEqual([...(bars.get("MSFT")?.time ?? [])], [Date.UTC(2026, 0, 1, 5), Date.UTC(2026, 0, 2, 5)]);
    assert.deepEqual(
      server.asked.map((url) => url.searchParams.get("page_token")),
      [null, "a", "b", "c"],
    );
    const first = server.asked[0]?.searchParams;
    assert.deepEqual(
      [first?.get("symbols"), first?.get("timeframe"), first?.get("start"), first?.get("adjustment"), first?.get("feed"), first?.get("limit")],
      ["AAPL,MSFT,NONE", "1Day", "2026-01-01T00:00:00.000Z", "all", "iex", "10000"],
    );
  });

  it("stops at a page token that it has seen before, and says so", async () => {
    await using server = await DataServer.open((_url, nth) => ({ bars: { AAPL: [bar(nth)] }, next_page_token: "again" }));
    const bars = await server.data.bars(["AAPL"], { timeframe: "1Day", from: 0 }, signal);
    assert.equal(bars.get("AAPL")?.time.length, 2);
    assert.match(server.lines.join(), /same page token twice/);
  });

  it("gives the newest bars of each symbol, asked for from far enough back by the exchange's own clock", async () => {
    await using server = await DataServer.open(() => ({ bars: { AAPL: [1, 2, 5, 6, 7].map((day) => bar(day)) }, next_page_token: null }), { simulated: true });
    const bars = await server.data.bars(["AAPL"], { timeframe: "1Day", limit: 3 }, signal);
    assert.deepEqual([...(bars.get("AAPL")?.close ?? [])], [5, 6, 7]);
    assert.equal(bars.get("AAPL")?.simulated, true);
    const start = Date.parse(server.asked.at(-1)?.searchParams.get("start") ?? "");
    assert.ok(start <= NOW - 10 * DAY_MS && start > NOW - 30 * DAY_MS, new Date(start).toISOString());
  });

  it("refuses a bar that is no bar", async () => {
    await using server = await DataServer.open(() => ({ bars: { AAPL: [{ t: "2026-01-02T05:00:00Z", o: "1" }] }, next_page_token: null }));
    await assert.rejects(server.data.bars(["AAPL"], { timeframe: "1Day", from: 0 }, signal), { code: "bad-answer", message: /a bar of AAPL is incomplete/ });
  });

  it("reads quotes, movers, most active, news and assets", async () => {
    const item = (n: number) => ({
      id: n,
      headline: `h${n}`,
      summary: "s",
      source: "x",
      url: "http://x/",
      symbols: ["AAPL"],
      created_at: "2026-01-02T03:04:05Z",
    });
    await using server = await DataServer.open((url) => {
      if (url.pathname === "/v2/stocks/quotes/latest")
        return { quotes: { AAPL: { t: "2026-01-02T03:04:05.123456789Z", bp: 1, ap: 2, bs: 3, as: 4, c: ["R"] } } };
      if (url.pathname === "/v1beta1/screener/stocks/movers")
        return { gainers: [{ symbol: "UP", price: 5, change: 1, percent_change: 25 }], losers: [], market_type: "stocks" };
      if (url.pathname === "/v1beta1/screener/stocks/most-actives") return { most_actives: [{ symbol: "A", volume: 9, trade_count: 2 }] };
      if (url.pathname === "/v1beta1/news")
        return { news: [item(url.searchParams.has("page_token") ? 2 : 1)], next_page_token: url.searchParams.has("page_token") ? null : "n" };
      return [{ symbol: "AAPL", name: "Apple", status: "active", tradable: true, fractionable: true, shortable: true }];
    });
    const { data } = server;
    assert.deepEqual((await data.quotes(["AAPL", "NONE"], signal)).get("AAPL"), {
      symbol: "AAPL",
      bid: 1,
      ask: 2,
      bidSize: 3,
      askSize: 4,
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 123),
    });
    assert.deepEqual((await data.movers(5, signal)).gainers, [{ symbol: "UP", price: 5, changePct: 25 }]);
    assert.deepEqual(await data.mostActive(5, signal), [{ symbol: "A", volume: 9, trades: 2 }]);
    assert.deepEqual(
      (await data.news(["AAPL"], 10, signal)).map((n) => n.headline),
      ["h1", "h2"],
    );
    assert.deepEqual(
      (await data.assets(signal)).map((a) => [a.symbol, a.tradable]),
      [["AAPL", true]],
    );
  });

  it("gives a data set by symbol, and one sentence for a symbol without bars", async () => {
    await using server = await DataServer.open((url) => ({
      bars: url.searchParams.get("symbols") === "AAPL" ? { AAPL: [bar(1), bar(2)] } : {},
      next_page_token: null,
    }));
    const { info, warnings } = await loadDataset("AAPL", server.symbols(), { to: "2026-01-31" }, signal);
    assert.deepEqual([info.name, info.bars, info.source, info.adjustment, info.asOf], ["AAPL", 2, "Alpaca iex", "all", "2026-01-30"]);
    assert.match(warnings?.[0] ?? "", /^Survivorship: AAPL was picked from the symbols of today/);
    assert.equal(server.asked[0]?.searchParams.get("end"), "2026-01-31T23:59:59.999Z");
    await assert.rejects(loadDataset("APL", server.symbols(), {}, signal), { code: "unknown-symbol", kind: "usage", message: "There are no bars for APL." });
  });

  it("says SIMULATED when the answer does, whatever the address", async () => {
    await using server = await DataServer.open(() => ({ bars: { AAPL: [bar(1)] }, next_page_token: null }), { headers: { "X-Quantdesk-Simulated": "true" } });
    const { info, series } = await loadDataset("AAPL", server.symbols(), {}, signal);
    assert.deepEqual([series.simulated, info.source, info.adjustment], [true, "SIMULATED exchange", "all"]);
  });

  it("names the nearest symbol on our own exchange", async () => {
    const asset = { symbol: "AAPL", name: "Apple", status: "active", tradable: true };
    await using server = await DataServer.open((url) => (url.pathname === "/v2/assets" ? [asset] : { bars: {}, next_page_token: null }), { simulated: true });
    await assert.rejects(loadDataset("APL", server.symbols(), {}, signal), { code: "unknown-symbol", hint: "Did you mean AAPL?" });
  });

  it("reads the others of a list that is refused for symbols that cannot be, and knows nothing of those", async () => {
    await using server = await DataServer.open((url) => {
      const [wrong] = (url.searchParams.get("symbols") ?? "").split(",").filter((symbol) => /\d/.test(symbol));
      if (wrong !== undefined) return { refused: `invalid symbol: ${wrong}` };
      return url.pathname.endsWith("/bars")
        ? { bars: { AAPL: [bar(1)] }, next_page_token: null }
        : { quotes: { AAPL: { bp: 1, ap: 2, t: new Date(NOW).toISOString() } } };
    });
    assert.deepEqual([...(await server.data.quotes(["ABC123", "AAPL", "X9"], signal)).keys()], ["AAPL"]);
    assert.deepEqual([...(await server.data.bars(["ABC123", "AAPL"], { timeframe: "1Day", from: 0 }, signal)).keys()], ["AAPL"]);
    assert.equal((await server.data.quotes(["ABC123"], signal)).size, 0);
    await assert.rejects(loadDataset("ABC123", server.symbols(), {}, signal), { code: "unknown-symbol", message: "There are no bars for ABC123." });
  });

  it("hands on the service's words when it refuses", async () => {
    await using server = await DataServer.open(() => undefined);
    await assert.rejects(server.data.quotes(["?"], signal), { code: "broker-error", message: "Could not read quotes: invalid symbol." });
  });
});
