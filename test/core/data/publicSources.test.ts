import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../../src/core/base/clock.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { logTo } from "../../../src/core/base/log.ts";
import { createPublicSources } from "../../../src/core/data/publicSources.ts";
import type { PublicData, SourceSettings, VendorBars } from "../../../src/core/domain/ports.ts";
import { createSourceClients } from "../../../src/core/net/sourceClients.ts";

const signal = new AbortController().signal;
const RANGE = { from: "2026-11-01", to: "2026-11-30" };

interface Reply {
  readonly status?: number;
  readonly body: unknown;
  readonly type?: string;
}

/** Stands for all vendors at once on loopback: answers what `replies` has for the path, and remembers what was asked. */
class Vendors implements AsyncDisposable {
  readonly asked: IncomingMessage[] = [];
  readonly lines: string[] = [];
  replies: Readonly<Record<string, Reply | ((request: IncomingMessage) => Reply)>> = {};
  data!: PublicData & VendorBars;
  #close: () => Promise<void> = async () => {};

  static async open(settings: Partial<SourceSettings> = {}, simulated = false): Promise<Vendors> {
    const vendors = new Vendors();
    const server = createServer((request, response) => {
      vendors.asked.push(request);
      const path = (request.url ?? "").split("?")[0] as string;
      const made = vendors.replies[path];
      const { status = 200, body, type = "application/json" } = typeof made === "function" ? made(request) : (made ?? { status: 404, body: {} });
      response.writeHead(status, { "content-type": type }).end(typeof body === "string" ? body : JSON.stringify(body));
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const log = logTo((_level, line) => vendors.lines.push(line));
    const clients = createSourceClients({ timeoutMs: 3000, retries: 1, backoffMs: 1, log, clock: systemClock });
    vendors.data = createPublicSources({
      settings: {
        redditPublic: false,
        redditCommunities: ["stocks", "wallstreetbets"],
        finnhubUrl: address,
        alphaVantageUrl: address,
        redditUrl: address,
        redditTokenUrl: address,
        yahoo: false,
        yahooUrl: address,
        ...settings,
      },
      clients: () => Promise.resolve(clients),
      isSimulated: () => simulated,
      simulatedPlace: () => Promise.resolve({ address, headers: { "APCA-API-KEY-ID": "PK" } }),
      knownSymbols: () => Promise.resolve(new Set(["AAPL", "GME", "IT"])),
      now: () => Date.now(),
      log,
    });
    vendors.#close = async () => {
      await clients.close();
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    };
    return vendors;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

async function failureOf(work: Promise<unknown>): Promise<TradingError> {
  const error = await work.then(
    (value) => assert.fail(`it answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TradingError, String(error));
  return error;
}

const INSIDERS = "/api/v1/stock/insider-transactions";
const CALENDAR = "/api/v1/calendar/earnings";
const row = (over: object) => ({
  symbol: "AAPL",
  name: "COOK TIMOTHY D",
  share: 3_280_000,
  change: 1000,
  filingDate: "2026-11-19",
  transactionDate: "2026-11-17",
  transactionCode: "P",
  transactionPrice: 230.5,
  ...over,
});
const post = (over: object) => ({
  kind: "t3",
  data: {
    id: "1abc",
    title: "GME and IT",
    selftext: "",
    permalink: "/r/stocks/comments/1abc/gme/",
    subreddit: "stocks",
    created_utc: 1_795_000_000,
    score: 5,
    num_comments: 2,
    ...over,
  },
});
const listing = (...children: unknown[]) => ({ body: { kind: "Listing", data: { after: null, children } } });

describe("public sources", () => {
  it("say which key is missing and where to get it; simulated ones need none", async () => {
    await using vendors = await Vendors.open();
    assert.deepEqual(vendors.data.missing("insiders"), {
      reason: "no FINNHUB_API_KEY",
      remedy: "get one at https://finnhub.io/register and set it in the environment",
    });
    assert.equal(vendors.data.missing("posts")?.reason, "no REDDIT_CLIENT_ID");
    assert.equal((await failureOf(vendors.data.insiders(RANGE, signal))).message, "no FINNHUB_API_KEY");
    assert.equal(vendors.asked.length, 0);
    await using half = await Vendors.open({ redditClientId: "id" });
    assert.equal(half.data.missing("posts")?.reason, "no REDDIT_CLIENT_SECRET");
    await using simulated = await Vendors.open({}, true);
    for (const kind of ["insiders", "earnings", "posts", "company"] as const) assert.equal(simulated.data.missing(kind), undefined);
    assert.deepEqual(new Set(simulated.data.sources().map(({ state }) => state)), new Set(["simulated"]));
  });

  it("send Finnhub's key in its header and in no address", async () => {
    await using vendors = await Vendors.open({ finnhubKey: "FINNHUB-SECRET" });
    vendors.replies = { [INSIDERS]: { body: { data: [row({})], symbol: "" } } };
    const [found] = await vendors.data.insiders(RANGE, signal);
    assert.equal(vendors.asked[0]?.headers["x-finnhub-token"], "FINNHUB-SECRET");
    assert.doesNotMatch(vendors.asked[0]?.url ?? "", /SECRET/);
    assert.equal(found?.code, "P");
    assert.equal(found?.price, 230.5);
    assert.equal(found?.filedAt, Date.parse("2026-11-19T05:00:00Z")); // midnight in New York
    assert.match(found?.url ?? "", /^https:\/\/www\.sec\.gov\//);
  });

  it("read what is sound of an answer and leave the rest", async () => {
    await using vendors = await Vendors.open({ finnhubKey: "FINNHUB-SECRET" });
    const bad = [null, 5, "x", [], {}, row({ change: "NaN" }), row({ filingDate: "soon" }), row({ transactionCode: 7 }), row({ symbol: "<script>" })];
    vendors.replies = { [INSIDERS]: { body: { data: [...bad, row({ symbol: "brk-b", transactionPrice: "None", name: null })] } } };
    const found = await vendors.data.insiders(RANGE, signal);
    assert.deepEqual(
      found.map(({ symbol, price, name }) => [symbol, price, name]),
      [["BRK.B", 0, ""]],
    );
  });

  for (const [what, reply, code] of [
    ["a page instead of JSON", { body: "<html>blocked</html>", type: "text/html" }, "bad-answer"],
    ["nothing", { body: "" }, "bad-answer"],
    ["a list of rubbish", { body: { data: [1, 2, 3] } }, "bad-answer"],
    ["another shape", { body: { data: { a: 1 } } }, "bad-answer"],
    ["a wrong key", { status: 401, body: { error: "Invalid API key" } }, "bad-key"],
    ["a paid endpoint", { status: 403, body: { error: "You don't have access to this resource." } }, "not-in-plan"],
    ["a failure", { status: 500, body: "oops" }, "source-unavailable"],
  ] as const satisfies ReadonlyArray<readonly [string, Reply, string]>) {
    it(`answer ${what} with one sentence`, async () => {
      await using vendors = await Vendors.open({ finnhubKey: "FINNHUB-SECRET" });
      vendors.replies = { [INSIDERS]: reply };
      const failure = await failureOf(vendors.data.insiders(RANGE, signal));
      assert.equal(failure.code, code);
      assert.doesNotMatch(failure.message, /SECRET|\n/);
    });
  }

  it("ask Alpha Vantage for earnings when Finnhub fails, and read its calendar", async () => {
    await using vendors = await Vendors.open({ finnhubKey: "FINNHUB-SECRET", alphaVantageKey: "AV-SECRET-KEY" });
    const csv =
      "symbol,name,reportDate,fiscalDateEnding,estimate,currency,timeOfTheDay\r\nAAPL,Apple,2026-11-20,2026-09-30,1.5,USD,post-market\r\nBAD,x,never,,,\r\n";
    vendors.replies = { [CALENDAR]: { status: 502, body: {} }, "/query": { body: csv, type: "application/x-download" } };
    assert.deepEqual(await vendors.data.earnings(RANGE, signal), [
      { symbol: "AAPL", date: "2026-11-20", when: "after-close", epsEstimate: 1.5, epsActual: null },
    ]);
    assert.ok(vendors.asked.some(({ url }) => url?.includes("apikey=AV-SECRET-KEY")));
    assert.doesNotMatch(JSON.stringify([vendors.lines, vendors.data.sources()]), /AV-SECRET/);
  });

  for (const [text, code] of [
    [{ Note: "Thank you! Our standard API call frequency is 5 calls per minute and 500 calls per day." }, "rate-limited"],
    [{ Information: "We have detected your API key as AV-SECRET-KEY and our standard API rate limit is 25 requests per day." }, "rate-limited"],
    [{ Information: "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans." }, "not-in-plan"],
    [{ Information: "The **demo** API key is for demo purposes only. Please claim your free API key." }, "bad-key"],
    [{ "Error Message": "the parameter apikey is invalid or missing." }, "bad-key"],
    [{ "Error Message": "Invalid API call. Please retry or visit the documentation for OVERVIEW." }, "not-found"],
  ] as const) {
    it(`know Alpha Vantage's "${Object.values(text)[0]?.slice(0, 50)}…" with status 200 for ${code}`, async () => {
      await using vendors = await Vendors.open({ alphaVantageKey: "AV-SECRET-KEY" });
      vendors.replies = { "/query": { body: text } };
      const failure = await failureOf(vendors.data.company("IBM", signal));
      assert.equal(failure.code, code);
      assert.doesNotMatch(JSON.stringify(failure.toPlain()), /SECRET/);
    });
  }

  it('read "None" and "-" of an overview as nothing', async () => {
    await using vendors = await Vendors.open({ alphaVantageKey: "AV-SECRET-KEY" });
    vendors.replies = {
      "/query": { body: { Symbol: "SPY", Name: "Fund", PERatio: "None", Beta: "-", EPS: "NaN", DividendYield: "0.0121", "52WeekHigh": "1e999" } },
    };
    const company = await vendors.data.company("SPY", signal);
    assert.deepEqual([company?.peRatio, company?.beta, company?.epsTtm, company?.dividendYieldPct, company?.week52High], [null, null, null, 1.21, null]);
    vendors.replies = { "/query": { body: {} } };
    assert.equal(await vendors.data.company("NOSUCH", signal), null);
  });

  it("get Reddit's token for a client id, use it, and get another when it is refused", async () => {
    await using vendors = await Vendors.open({ redditClientId: "id", redditClientSecret: "REDDIT-SECRET" });
    const tokens: string[] = [];
    vendors.replies = {
      "/api/v1/access_token": (request) => {
        tokens.push(`${request.headers["content-type"]} ${request.headers.authorization}`);
        return { body: { access_token: `token-${tokens.length}`, expires_in: 86_400 } };
      },
      "/r/stocks+wallstreetbets/new": ({ headers }) => (headers.authorization === "Bearer token-2" ? listing(post({})) : { status: 401, body: {} }),
    };
    const [found] = await vendors.data.posts(10, signal);
    assert.deepEqual(found?.symbols, ["GME"]);
    assert.equal(found?.url, "https://www.reddit.com/r/stocks/comments/1abc/gme/");
    const basic = `application/x-www-form-urlencoded Basic ${Buffer.from("id:REDDIT-SECRET").toString("base64")}`;
    assert.deepEqual(tokens, [basic, basic]);
    assert.match(vendors.asked.at(-1)?.headers["user-agent"] ?? "", /quantdesk/);
  });

  it("give daily bars of Alpha Vantage, and of Yahoo only when it was turned on", async () => {
    await using off = await Vendors.open();
    const failure = await failureOf(off.data.dailyBars("yahoo", "AAPL", { from: 0, to: Date.now() }, signal));
    assert.match(`${failure.message} ${failure.hint}`, /data\.yahoo is off.*unofficial/);
    assert.equal(failure.kind, "usage");
    await using vendors = await Vendors.open({ yahoo: true, alphaVantageKey: "AV-SECRET-KEY" });
    const opens = [Date.parse("2026-11-18T14:30:00Z") / 1000, Date.parse("2026-11-19T14:30:00Z") / 1000, Date.parse("2026-11-20T14:30:00Z") / 1000];
    const prices = (shift: number) => [10 + shift, null, 12 + shift];
    const quote = { open: prices(0), high: prices(1), low: prices(-1), close: prices(0.5), volume: [100, null, 300] };
    const day = { "1. open": "10.0", "2. high": "11.0", "3. low": "9.0", "4. close": "10.5", "5. volume": "100" };
    vendors.replies = {
      "/v8/finance/chart/BRK-B": { body: { chart: { result: [{ meta: {}, timestamp: opens, indicators: { quote: [quote] } }], error: null } } },
      "/query": { body: { "Meta Data": {}, "Time Series (Daily)": { "2026-11-20": day, "2026-11-19": { ...day, "4. close": "None" }, "2026-11-18": day } } },
    };
    for (const vendor of ["yahoo", "alphavantage"] as const) {
      const bars = await vendors.data.dailyBars(vendor, "BRK.B", { from: Date.parse("2026-11-01"), to: Date.parse("2026-11-21") }, signal);
      assert.deepEqual([...bars.time], [Date.parse("2026-11-18T05:00:00Z"), Date.parse("2026-11-20T05:00:00Z")], vendor);
      assert.deepEqual([bars.close[0], bars.high[0], bars.low[0], bars.volume[0], bars.simulated], [10.5, 11, 9, 100, false], vendor);
    }
  });

  it("explain the public listing's 403, and leave it alone then", async () => {
    await using vendors = await Vendors.open({ redditPublic: true });
    vendors.replies = { "/r/stocks+wallstreetbets/new.json": { status: 403, body: "<html>Blocked</html>", type: "text/html" } };
    const failure = await failureOf(vendors.data.posts(10, signal));
    assert.match(failure.message, /refuses its public listing.*403/);
    assert.match(failure.hint ?? "", /REDDIT_CLIENT_ID/);
    assert.equal((await failureOf(vendors.data.posts(10, signal))).code, "circuit-open");
    assert.equal(vendors.asked.length, 1);
    assert.equal(vendors.data.circuits()["reddit"], "open");
  });
});
