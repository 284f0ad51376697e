import assert from "node:assert/strict";
import { newYorkDate } from "../../../src/core/domain/nyse.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { VendorSignals } from "../../../src/core/exchange/vendorSignals.ts";
import { givenExchange, type Answer, type GivenExchange, type Json } from "./givenExchange.ts";

const NOW = Date.parse("2026-11-20T15:00:00Z");
const FINNHUB = { "X-Finnhub-Token": "any" };

/** As a vendor's client asks: with the exchange's key and the vendor's own credentials. */
async function ask({ ready }: GivenExchange, path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer & { text: string }> {
  const keys = { "APCA-API-KEY-ID": ready.keyId as string, "APCA-API-SECRET-KEY": ready.secretKey as string };
  const answer = await fetch(`${ready.url}/vendor${path}`, { method, headers: { ...keys, ...headers } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text.startsWith("{") ? (JSON.parse(text) as Json) : undefined };
}

describe("the vendors' endpoints of the paper exchange", () => {
  let exchange: GivenExchange;
  before(async () => {
    exchange = await givenExchange();
  });
  after(() => exchange.end());

  it("say SIMULATED in a header and in what they say", async () => {
    const { headers, body } = await ask(exchange, "/finnhub/api/v1/stock/profile2?symbol=AAPL", FINNHUB);
    assert.equal(headers.get("x-quantdesk-simulated"), "true");
    assert.match(body.name, /Apple.*SIMULATED/);
    assert.equal(body.ticker, "AAPL");
  });

  it("want the exchange's key and the vendor's credentials", async () => {
    assert.equal((await fetch(`${exchange.ready.url}/vendor/finnhub/api/v1/stock/profile2?symbol=AAPL`, { headers: FINNHUB })).status, 401);
    assert.equal((await ask(exchange, "/finnhub/api/v1/stock/profile2?symbol=AAPL")).status, 401);
    assert.equal((await ask(exchange, "/reddit/r/stocks/new")).status, 401);
    assert.match((await ask(exchange, "/alphavantage/query?function=OVERVIEW&symbol=IBM")).body["Error Message"], /apikey/);
  });

  it("tell insiders' trades that have been filed, newest first", async () => {
    const { body } = await ask(exchange, "/finnhub/api/v1/stock/insider-transactions?symbol=&from=2026-10-01&to=2026-11-20", FINNHUB);
    assert.ok(body.data.length > 20);
    const dates: string[] = body.data.map((row: Json) => row.filingDate);
    assert.ok(dates.every((date, i) => date <= (dates[i - 1] ?? "2026-11-20")));
    for (const row of body.data) {
      assert.ok(row.transactionDate < row.filingDate);
      assert.match(row.name, /SIMULATED/);
      assert.equal(row.change < 0, row.transactionCode === "S");
    }
    const { symbol } = body.data[0];
    const own = await ask(exchange, `/finnhub/api/v1/stock/insider-transactions?symbol=${symbol}&from=2026-10-01&to=2026-11-20`, FINNHUB);
    assert.deepEqual(
      own.body.data,
      body.data.filter((row: Json) => row.symbol === symbol),
    );
  });

  it("give the earnings dates of the market itself, without figures of reports to come", async () => {
    const { body } = await ask(exchange, "/finnhub/api/v1/calendar/earnings?from=2026-10-01&to=2026-12-31", FINNHUB);
    const market = new Market(7);
    const expected = market.stocks.flatMap(({ symbol }) => market.earnings(symbol, "2026-10-01", "2026-12-31").map(({ date }) => `${symbol} ${date}`));
    assert.deepEqual(new Set(body.earningsCalendar.map((row: Json) => `${row.symbol} ${row.date}`)), new Set(expected));
    const isOut = ({ date, hour }: Json) => date < "2026-11-20" || (date === "2026-11-20" && hour === "bmo");
    for (const row of body.earningsCalendar) assert.equal(row.epsActual !== null, isOut(row), `${row.symbol} ${row.date}`);
    const csv = (await ask(exchange, "/alphavantage/query?function=EARNINGS_CALENDAR&horizon=3month&apikey=any")).text.trim().split("\r\n");
    const coming = csv.slice(1).map((line) => `${line.split(",")[0]} ${line.split(",")[2]}`);
    assert.ok(coming.length > 0);
    for (const entry of coming.filter((text) => text.slice(-10) <= "2026-12-31")) assert.ok(expected.includes(entry), entry);
  });

  it("tell one company's figures alike in Finnhub's and Alpha Vantage's words", async () => {
    const { metric } = (await ask(exchange, "/finnhub/api/v1/stock/metric?symbol=MSFT&metric=all", FINNHUB)).body;
    const overview = (await ask(exchange, "/alphavantage/query?function=OVERVIEW&symbol=MSFT&apikey=any")).body;
    assert.equal(String(metric.epsTTM), overview.EPS); // the price moves from one question to the next, and what is made from it
    assert.equal(String(metric.beta), overview.Beta);
    assert.ok(Math.abs(metric.peTTM / overview.PERatio - 1) < 0.05);
    const fund = (await ask(exchange, "/alphavantage/query?function=OVERVIEW&symbol=SPY&apikey=any")).body;
    assert.equal(fund.PERatio, "None");
    assert.deepEqual((await ask(exchange, "/alphavantage/query?function=OVERVIEW&symbol=NOSUCH&apikey=any")).body, {});
    assert.deepEqual((await ask(exchange, "/finnhub/api/v1/stock/profile2?symbol=NOSUCH", FINNHUB)).body, {});
  });

  it("list posts newest first, page after page, without one twice", async () => {
    const { body } = await ask(exchange, "/reddit/api/v1/access_token", { Authorization: "Basic YTpi" }, "POST");
    const headers = { Authorization: `Bearer ${body.access_token}` };
    const path = "/reddit/r/wallstreetbets+stocks/new?limit=30";
    const first = (await ask(exchange, path, headers)).body.data;
    const second = (await ask(exchange, `${path}&after=${first.after}`, headers)).body.data;
    const posts = [...first.children, ...second.children].map(({ data }: Json) => data);
    assert.equal(posts.length, 60);
    assert.equal(new Set(posts.map(({ id }) => id)).size, 60);
    for (const [i, post] of posts.entries()) {
      assert.match(post.title, /^SIMULATED/);
      assert.notEqual(post.subreddit, "investing");
      assert.ok(post.created_utc <= (posts[i - 1]?.created_utc ?? NOW / 1000 + 60));
    }
  });

  it("give Yahoo's chart the daily bars of the market", async () => {
    const { body } = await ask(exchange, `/yahoo/v8/finance/chart/AAPL?interval=1d&period1=${Date.UTC(2026, 10, 2) / 1000}&period2=${NOW / 1000}`);
    const [result] = body.chart.result;
    const market = new Market(7);
    const bars = [...market.dailyBars("AAPL", Date.UTC(2026, 10, 2), NOW - 86_400_000)];
    assert.deepEqual(
      result.indicators.quote[0].close,
      bars.map(({ c }) => c),
    );
    assert.deepEqual(
      result.timestamp.map((seconds: number) => newYorkDate(seconds * 1000)),
      bars.map(({ t }) => newYorkDate(t)),
    );
    assert.equal((await ask(exchange, "/yahoo/v8/finance/chart/NOSUCH")).body.chart.error.code, "Not Found");
  });
});

describe("simulated insiders and forums", () => {
  it("are mostly followed by a rise, where sales and everyday posts are not", () => {
    const market = new Market(7);
    const signals = new VendorSignals(market);
    const rose = (symbol: string, date: string, sessions: number) => {
      const bars = [...market.dailyBars(symbol, Date.parse(date), Date.parse(date) + sessions * 1.6 * 86_400_000)];
      return (bars.at(-1)?.c ?? 0) > (bars[0]?.c ?? 0);
    };
    const bought: boolean[] = [];
    const sold: boolean[] = [];
    let looked = 0;
    for (const day of signals.sessionsBack(Date.UTC(2025, 8, 1))) {
      if (++looked > 60) break;
      for (const { symbol, code, filedOn } of signals.filings(day)) {
        if (code === "P") bought.push(rose(symbol, filedOn, 20));
        if (code === "S") sold.push(rose(symbol, filedOn, 20));
      }
    }
    const share = (values: readonly boolean[]) => values.filter(Boolean).length / values.length;
    assert.ok(bought.length > 50 && sold.length > 30, `${bought.length} purchases, ${sold.length} sales`);
    assert.ok(share(bought) > 0.65, `${share(bought)} of the purchases were followed by a rise`);
    assert.ok(share(sold) < 0.6, `${share(sold)} of the sales were`);
  });

  it("are the same for the same seed, and others for another", () => {
    const day = new Date(Date.UTC(2026, 5, 10)).getTime();
    const told = (seed: number) => {
      const signals = new VendorSignals(new Market(seed));
      const session = signals.sessionsBack(day).next().value as NonNullable<ReturnType<VendorSignals["sessionsBack"]> extends Generator<infer T> ? T : never>;
      return JSON.stringify([signals.filings(session), signals.posts(session)]);
    };
    assert.equal(told(7), told(7));
    assert.notEqual(told(7), told(8));
  });
});
