import assert from "node:assert/strict";
import { type GivenExchange, givenExchange, type Json } from "./givenExchange.ts";

describe("the paper exchange's market data", () => {
  let exchange: GivenExchange;
  before(async () => {
    exchange = await givenExchange();
  });
  after(() => exchange.end());

  /** All pages of a request, put together. */
  async function paged(path: string, key: string): Promise<{ readonly all: Record<string, Json[]>; readonly pages: number }> {
    const all: Record<string, Json[]> = {};
    let pages = 0;
    for (let token: string | null = ""; token !== null; pages++) {
      const page: Json = await exchange.get(path + (token === "" ? "" : `&page_token=${token}`));
      for (const [symbol, rows] of Object.entries<Json[]>(page[key])) (all[symbol] ??= []).push(...rows);
      token = page.next_page_token;
    }
    return { all, pages };
  }

  it("pages every kind of history over symbols, the limit counted over all, up and down", async () => {
    for (const [key, query] of [
      ["bars", "timeframe=1Hour&start=2026-11-18&end=2026-11-19"],
      ["trades", "start=2026-11-19T15:00:00Z&end=2026-11-19T15:00:09Z"],
      ["quotes", "start=2026-11-19T15:00:00Z&end=2026-11-19T15:00:09Z"],
      ["auctions", "start=2026-11-09&end=2026-11-19"],
    ] as const) {
      const path = `/v2/stocks/${key}?symbols=MSFT,AAPL,NOSUCH&${query}`;
      const whole = (await exchange.get(path))[key];
      assert.deepEqual(Object.keys(whole), ["AAPL", "MSFT"]);
      const { all, pages } = await paged(`${path}&limit=3`, key);
      assert.deepEqual(all, whole);
      assert.equal(pages, Math.ceil((whole.AAPL.length + whole.MSFT.length) / 3));
      const down = (await paged(`${path}&limit=4&sort=desc`, key)).all;
      for (const symbol of ["AAPL", "MSFT"]) assert.deepEqual(down[symbol]?.reverse(), whole[symbol]);
      const one = await exchange.get(`/v2/stocks/MSFT/${key}?${query}`);
      assert.deepEqual([one.symbol, one[key]], ["MSFT", whole.MSFT]);
    }
  });

  it("knows nothing of unknown symbols, and says so in each endpoint's way", async () => {
    for (const kind of ["bars?timeframe=1Day&", "trades?", "quotes?", "auctions?"]) {
      const [name] = kind.split("?") as [string];
      assert.deepEqual((await exchange.get(`/v2/stocks/${name}?${kind.split("?")[1]}symbols=NOSUCH`))[name], {});
      assert.deepEqual((await exchange.get(`/v2/stocks/NOSUCH/${kind}start=2026-11-19`))[name], []);
    }
    for (const kind of ["bars", "trades", "quotes"]) {
      assert.deepEqual((await exchange.get(`/v2/stocks/${kind}/latest?symbols=NOSUCH,AAPL`))[kind].NOSUCH, undefined);
      const { status, body } = await exchange.call("GET", `/v2/stocks/NOSUCH/${kind}/latest`);
      assert.deepEqual([status, body.message], [404, `no ${kind.slice(0, -1)} found for NOSUCH`]);
    }
    assert.deepEqual(await exchange.get("/v2/stocks/snapshots?symbols=NOSUCH"), {});
  });

  it("refuses bad parameters with 400 and a message", async () => {
    const bars = "/v2/stocks/bars?symbols=AAPL&timeframe=1Day";
    for (const path of [
      "/v2/stocks/bars?timeframe=1Day",
      "/v2/stocks/bars?symbols=AAPL",
      "/v2/stocks/AAPL/bars",
      "/v2/stocks/bars?symbols=AAPL&timeframe=60Min",
      "/v2/stocks/bars?symbols=AAPL&timeframe=5Month",
      "/v2/stocks/bars?symbols=A$PL&timeframe=1Day",
      "/v2/stocks/ABC123/bars?timeframe=1Day",
      "/v2/stocks/quotes/latest?symbols=SPY,ABC123",
      `${bars}&limit=0`,
      `${bars}&limit=10001`,
      `${bars}&limit=ten`,
      `${bars}&start=yesterday`,
      `${bars}&start=2026-13-01`,
      `${bars}&start=2026-02-31`,
      `${bars}&start=2026-11-19T25:00:00Z`,
      `${bars}&start=2026-11-19&end=2026-11-18`,
      `${bars}&adjustment=some`,
      `${bars}&asof=2026`,
      `${bars}&feed=nyse`,
      `${bars}&currency=EUR`,
      `${bars}&sort=up`,
      `${bars}&page_token=nonsense`,
      "/v2/stocks/trades?symbols=AAPL&feed=delayed_sip",
      "/v2/stocks/auctions?symbols=AAPL&feed=iex",
      "/v2/stocks/snapshots",
      "/v2/stocks/meta/conditions/trade",
      "/v2/stocks/meta/conditions/trade?tape=D",
      "/v2/stocks/meta/conditions/bar?tape=A",
      "/v1beta1/screener/stocks/movers?top=51",
      "/v1beta1/screener/stocks/most-actives?by=price",
      "/v1beta1/news?limit=51",
      "/v1beta1/news?page_token=!",
      "/v1/corporate-actions?types=gift",
      "/v1/corporate-actions?limit=1001",
      "/v1/corporate-actions?start=2026-11-02&end=2026-11-01",
      "/v1/corporate-actions?ids=x&symbols=AAPL",
      "/v2/corporate_actions/announcements?ca_types=Dividend&since=2026-01-01&until=2026-11-01",
      "/v2/corporate_actions/announcements?since=2026-11-01&until=2026-11-02",
      "/v2/corporate_actions/announcements?ca_types=Gift&since=2026-11-01&until=2026-11-02",
    ]) {
      const { status, body } = await exchange.call("GET", path);
      assert.equal(status, 400, path);
      assert.ok(typeof body.message === "string" && body.message.length > 5, path);
    }
  });

  it("adjusts bars for splits and dividends as Alpaca does", async () => {
    const actions = (await exchange.get("/v1/corporate-actions?types=forward_split,reverse_split&start=2026-01-01&end=2026-11-19&limit=1000"))
      .corporate_actions;
    const split = [...(actions.forward_splits ?? []), ...(actions.reverse_splits ?? [])][0];
    const ratio = split.new_rate / split.old_rate;
    const bars = async (symbol: string, adjustment: string, timeframe = "1Day") =>
      (await exchange.get(`/v2/stocks/${symbol}/bars?timeframe=${timeframe}&start=2025-12-01&end=2026-11-20&adjustment=${adjustment}`)).bars;
    const [raw, adjusted] = [await bars(split.symbol, "raw"), await bars(split.symbol, "split")];
    for (const [i, bar] of raw.entries()) {
      const factor = bar.t.slice(0, 10) < split.ex_date ? ratio : 1;
      assert.ok(Math.abs(adjusted[i].c * factor - bar.c) < 0.0002 * ratio, bar.t);
      assert.ok(Math.abs(adjusted[i].v / factor - bar.v) <= 1, bar.t);
    }
    const declared = (await exchange.get("/v1/corporate-actions?types=cash_dividend&symbols=SPY&start=2026-01-01&end=2026-12-31")).corporate_actions;
    const paying = declared.cash_dividends.filter((row: Json) => row.ex_date <= "2026-11-19");
    const [whole, full] = [await bars("SPY", "raw"), await bars("SPY", "all")];
    const [exDate, rate] = [paying.at(-1).ex_date, paying.at(-1).rate];
    const ex = whole.findIndex((bar: Json) => bar.t.slice(0, 10) === exDate);
    assert.ok(ex > 0);
    assert.deepEqual(full.slice(ex), whole.slice(ex));
    assert.ok(Math.abs(full[ex - 1].c - whole[ex - 1].c * (1 - rate / whole[ex - 1].c)) < 0.0002);
    assert.deepEqual(await bars("SPY", "split"), whole);
    // A week is made of adjusted days.
    const weeks = await bars(split.symbol, "split", "1Week");
    const week = weeks.find((bar: Json) => bar.t.slice(0, 10) <= split.ex_date && bar.t.slice(0, 10) > split.ex_date.slice(0, 8) && bar.h > 0) ?? weeks[0];
    const ofWeek = adjusted.filter((bar: Json) => Date.parse(bar.t) >= Date.parse(week.t) && Date.parse(bar.t) < Date.parse(week.t) + 6 * 86_400_000);
    assert.equal(week.h, Math.max(...ofWeek.map((bar: Json) => bar.h)));
  });

  it("follows a company through its change of name", async () => {
    const bars = async (query: string) => (await exchange.get(`/v2/stocks/${query}&timeframe=1Day&start=2022-06-06&end=2022-06-13`)).bars;
    const meta = await bars("META/bars?x=1");
    const dates = meta.map((bar: Json) => bar.t.slice(0, 10));
    assert.deepEqual(dates, ["2022-06-06", "2022-06-07", "2022-06-08", "2022-06-09", "2022-06-10", "2022-06-13"]);
    assert.deepEqual(await bars("FB/bars?x=1"), meta.slice(0, 3));
    assert.deepEqual(await bars("FB/bars?asof=2022-06-01"), meta);
    assert.deepEqual(await bars("FB/bars?asof=-"), meta.slice(0, 3));
    assert.equal((await exchange.get("/v2/assets/FB")).status, "inactive");
    const inactive = await exchange.get("/v2/assets?status=inactive");
    assert.ok(inactive.length > 5 && inactive.every((asset: Json) => !asset.tradable));
    const refused = await exchange.call("POST", "/v2/orders", { symbol: "TWTR", qty: "1", side: "buy", type: "market", time_in_force: "day" });
    assert.ok(refused.status === 422 || refused.status === 403);
  });

  it("marks trades, quotes and auctions with Alpaca's codes", async () => {
    const exchanges = await exchange.get("/v2/stocks/meta/exchanges");
    for (const [symbol, tape, venue] of [
      ["AAPL", "C", "Q"],
      ["KO", "A", "N"],
      ["SPY", "B", "P"],
    ] as const) {
      const conditions = await exchange.get(`/v2/stocks/meta/conditions/trade?tape=${tape}`);
      const open = "start=2026-11-19T14:30:00Z&end=2026-11-19T14:31:00Z";
      const { trades } = await exchange.get(`/v2/stocks/${symbol}/trades?${open}`);
      for (const trade of trades) {
        assert.ok(trade.x in exchanges && trade.z === tape && trade.c.every((code: string) => code in conditions), JSON.stringify(trade));
        assert.equal(trade.c.includes("I"), trade.s < 100);
      }
      assert.ok(trades[0].c.includes("O") && trades[0].x === venue);
      assert.ok(new Set(trades.map((trade: Json) => trade.x)).size > 4);
      const iex = (await exchange.get(`/v2/stocks/${symbol}/trades?${open}&feed=iex`)).trades;
      assert.ok(iex.every((trade: Json) => trade.x === "V"));
      const [day] = (await exchange.get(`/v2/stocks/${symbol}/auctions?start=2026-11-19&end=2026-11-19`)).auctions;
      const bar = (await exchange.get(`/v2/stocks/${symbol}/bars?timeframe=1Day&start=2026-11-19&end=2026-11-19`)).bars[0];
      assert.deepEqual([day.d, day.o[0].p, day.c[0].p, day.o[0].x], ["2026-11-19", bar.o, bar.c, venue]);
      assert.equal((await exchange.get(`/v2/stocks/${symbol}/auctions`)).auctions[0].c.length, 0, "today's close is yet to come");
    }
    const quoted = await exchange.get("/v2/stocks/quotes/latest?symbols=KO&currency=USD&feed=iex");
    assert.deepEqual([quoted.currency, quoted.quotes.KO.ax, quoted.quotes.KO.bx], ["USD", "V", "V"]);
  });

  it("lists corporate actions by type, date, symbol, cusip and id, in pages, both ways", async () => {
    const path = "/v1beta1/corporate-actions?start=2022-01-01&end=2027-06-30";
    const lists = (page: Json) => Object.entries<Json[]>(page.corporate_actions).flatMap(([list, rows]) => rows.map((row) => ({ list, ...row })));
    const all = lists(await exchange.get(`${path}&symbols=FB,META,NVDA,KO,SPY&limit=1000`));
    assert.ok(all.length > 30);
    const seen: Json[] = [];
    for (let token: string | null = ""; token !== null; ) {
      const page: Json = await exchange.get(`${path}&symbols=FB,META,NVDA,KO,SPY&limit=7&sort=desc${token === "" ? "" : `&page_token=${token}`}`);
      const rows = lists(page);
      assert.ok(rows.every((row) => seen.every((before) => row.process_date <= before.process_date)));
      seen.push(...rows);
      token = page.next_page_token;
    }
    const key = (row: Json) => `${row.process_date} ${row.id}`;
    assert.deepEqual(seen.map(key).sort(), all.map(key).sort());
    const [renamed] = all.filter((row) => row.list === "name_changes");
    assert.deepEqual([renamed.old_symbol, renamed.new_symbol, renamed.process_date], ["FB", "META", "2022-06-09"]);
    const dividends = all.filter((row) => row.list === "cash_dividends");
    const [first, last] = [dividends[0], dividends.at(-1)];
    const byId = await exchange.get(`/v1/corporate-actions?ids=${first.id},${last.id},00000000-0000-4000-8000-000000000000`);
    assert.deepEqual(
      byId.corporate_actions.cash_dividends.map((row: Json) => row.id),
      [first.id, last.id],
    );
    const byCusip = lists(await exchange.get(`${path}&cusips=${first.cusip}&types=cash_dividend&limit=1000`));
    assert.deepEqual(new Set(byCusip.map((row) => row.symbol)), new Set([first.symbol]));
    assert.deepEqual(lists(await exchange.get(`${path}&types=partial_call`)), []);
    const announced = await exchange.get(
      `/v2/corporate_actions/announcements?ca_types=Dividend,Split&since=${first.payable_date}&until=${first.payable_date}&date_type=payable_date&symbol=${first.symbol}`,
    );
    assert.deepEqual([announced.length, announced[0].id, announced[0].cash], [1, first.id, String(first.rate)]);
    assert.deepEqual(await exchange.get(`/v2/corporate_actions/announcements/${first.id}`), announced[0]);
    assert.equal((await exchange.call("GET", "/v2/corporate_actions/announcements/nothing")).status, 404);
  });

  it("tells of earnings in the news, pages news by a cursor, and gives content when asked", async () => {
    const all: Json[] = [];
    for (let token: string | null = ""; token !== null; ) {
      const page: Json = await exchange.get(
        `/v1beta1/news?symbols=AAPL,MSFT,KO&start=2026-07-01&end=2026-11-19&limit=50&sort=asc${token === "" ? "" : `&page_token=${token}`}`,
      );
      all.push(...page.news);
      token = page.next_page_token;
    }
    assert.equal(new Set(all.map((row) => row.id)).size, all.length);
    assert.ok(all.every((row, i) => i === 0 || row.created_at >= all[i - 1].created_at));
    assert.ok(all.some((row) => /estimates for the \w+ quarter/.test(row.headline)));
    assert.ok(all.every((row) => row.content === "" && row.headline.startsWith("SIMULATED")));
    const [row] = (await exchange.get("/v1beta1/news?symbols=AAPL&limit=1&include_content=True")).news;
    assert.match(row.content, /SIMULATED/);
  });
});

describe("the paper exchange with New York's hours", () => {
  it("has bars and trades before the open and after the close", async () => {
    await using exchange = await givenExchange("--market-hours", "nyse", "--start", "2026-11-20T13:00:00Z");
    const { trade } = await exchange.get("/v2/stocks/AAPL/trades/latest");
    assert.ok(trade.c.includes("T") && Date.parse(trade.t) >= Date.parse("2026-11-20T13:00:00Z"));
    const bars = (await exchange.get("/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-11-19&end=2026-11-20&limit=10000")).bars;
    const hours = new Set(bars.map((bar: Json) => Number(bar.t.slice(11, 13))));
    assert.ok(
      [10, 12, 15, 22].every((hour) => hours.has(hour)),
      [...hours].join(),
    );
    assert.ok(bars.every((bar: Json, i: number) => i === 0 || bar.t > bars[i - 1].t));
    const times = (await exchange.get("/v2/stocks/AAPL/trades?start=2026-11-19T20:59:50Z&end=2026-11-19T21:10:00Z&limit=1000")).trades.map(
      (one: Json) => one.t,
    );
    assert.ok(times.every((time: string, i: number) => i === 0 || time > times[i - 1]));
    assert.ok(times.length > 11 && times.includes("2026-11-19T21:00:00.000Z"));
    const snapshot = await exchange.get("/v2/stocks/AAPL/snapshot");
    assert.equal(snapshot.dailyBar.t, "2026-11-19T05:00:00Z");
    assert.equal(snapshot.minuteBar.t, bars.at(-1).t);
  });
});
