import assert from "node:assert/strict";
import { SETTINGS, type SettingSpec } from "../../../../src/core/config/schema.ts";
import type { BarSeries } from "../../../../src/core/domain/bars.ts";
import type { EarningsDate, InsiderTransaction, Mover, NewsItem, SocialPost } from "../../../../src/core/domain/research.ts";
import type { ScannerDefinition, ScanTools, Thresholds } from "../../../../src/core/domain/scanner.ts";
import { BUILTIN_SCANNERS } from "../../../../src/core/scanner/builtin/table.ts";
import { parseCandidates } from "../../../../src/core/scanner/candidates.ts";

/** Friday 29 May 2026 after the close. */
const AS_OF = Date.UTC(2026, 4, 29, 21);
const DAY = 86_400_000;

interface Source {
  readonly bars?: readonly BarSeries[];
  readonly gainers?: readonly Mover[];
  readonly losers?: readonly Mover[];
  readonly active?: ReadonlyArray<{ readonly symbol: string; readonly volume: number; readonly trades: number }>;
  readonly news?: readonly NewsItem[];
  readonly insiders?: readonly InsiderTransaction[];
  readonly earnings?: readonly EarningsDate[];
  readonly posts?: readonly SocialPost[];
}

async function found(name: string, source: Source, thresholds: Thresholds = {}) {
  const scanner = BUILTIN_SCANNERS.find((known) => known.name === name) as ScannerDefinition;
  const tools: ScanTools = {
    signal: new AbortController().signal,
    bars: () => Promise.resolve(new Map(source.bars?.map((series) => [series.symbol, series]))),
    movers: (top) => Promise.resolve({ gainers: (source.gainers ?? []).slice(0, top), losers: (source.losers ?? []).slice(0, top) }),
    mostActive: (top) => Promise.resolve((source.active ?? []).slice(0, top)),
    news: () => Promise.resolve(source.news ?? []),
    insiders: () => Promise.resolve(source.insiders ?? []),
    earnings: () => Promise.resolve(source.earnings ?? []),
    posts: () => Promise.resolve(source.posts ?? []),
  };
  const universe = ["AAA", "BBB", "CCC"];
  return parseCandidates(await scanner.scan({ universe, asOf: AS_OF, settings: { ...scanner.thresholds, ...thresholds } }, tools));
}
const symbols = (candidates: ReadonlyArray<{ readonly symbol: string }>) => candidates.map(({ symbol }) => symbol);

/** Daily bars that end with the day of AS_OF; `day` is counted back from 0, the last. */
function series(symbol: string, days: number, at: (day: number) => { readonly open?: number; readonly close: number; readonly volume?: number }): BarSeries {
  const back = Array.from({ length: days }, (_, i) => days - 1 - i);
  const column = (value: (day: number) => number) => Float64Array.from(back, value);
  const close = (day: number) => at(day).close;
  const open = (day: number) => at(day).open ?? at(day).close;
  return {
    symbol,
    timeframe: "1Day",
    simulated: true,
    time: column((day) => Date.UTC(2026, 4, 29, 4) - day * DAY),
    open: column(open),
    high: column((day) => Math.max(open(day), close(day))),
    low: column((day) => Math.min(open(day), close(day))),
    close: column(close),
    volume: column((day) => at(day).volume ?? 1_000_000),
  };
}

describe("The built-in scanners", () => {
  it("have a setting for each threshold, with the scanner's own default, and one to turn them off", () => {
    const expected = BUILTIN_SCANNERS.flatMap(({ name, thresholds = {} }) => [
      [`scanners.${name}.enabled`, true],
      ...Object.entries(thresholds).map(([threshold, value]) => [`scanners.${name}.${threshold}`, value]),
    ]);
    const settings = (SETTINGS as readonly SettingSpec[]).filter(({ key }) => /^scanners\.\w+\.\w+$/.test(key)).map((spec) => [spec.key, spec.default]);
    assert.deepEqual(Object.fromEntries(settings), Object.fromEntries(expected));
    assert.ok(BUILTIN_SCANNERS.length >= 10);
  });

  it("market_movers takes the largest moves of either side, the weak ones left out", async () => {
    const mover = (symbol: string, changePct: number) => ({ symbol, price: 10, changePct });
    const source = { gainers: [mover("UP", 8), mover("LITTLE", 0.4)], losers: [mover("DOWN", -12), mover("FLAT", -0.9)] };
    const moved = await found("market_movers", source);
    assert.deepEqual(
      moved.map(({ symbol, score, value }) => [symbol, score, value]),
      [
        ["DOWN", 1, -12],
        ["UP", 0.8, 8],
      ],
    );
    assert.deepEqual(symbols(await found("market_movers", source, { minChangePct: 10 })), ["DOWN"]);
    assert.deepEqual(symbols(await found("market_movers", source, { maxSymbols: 1 })), ["DOWN"]);
  });

  it("most_active scores by volume", async () => {
    const active = [
      { symbol: "AAA", volume: 4e6, trades: 10 },
      { symbol: "BBB", volume: 1e6, trades: 10 },
      { symbol: "CCC", volume: 0, trades: 0 },
    ];
    assert.deepEqual(
      (await found("most_active", { active })).map(({ symbol, score }) => [symbol, score]),
      [
        ["AAA", 0.5],
        ["BBB", 0.125],
      ],
    );
    assert.deepEqual(symbols(await found("most_active", { active }, { maxSymbols: 1 })), ["AAA"]);
  });

  it("insider_buying counts purchases on the market that were known by then, and no grants, sales or gifts", async () => {
    const trade = (symbol: string, name: string, change: Partial<InsiderTransaction> = {}): InsiderTransaction => ({
      symbol,
      name,
      code: "P",
      change: 10_000,
      price: 20,
      tradedAt: AS_OF - 4 * DAY,
      filedAt: AS_OF - 2 * DAY,
      url: "",
      ...change,
    });
    const insiders = [
      trade("AAA", "DOE JANE"),
      trade("AAA", "Doe Jane "),
      trade("AAA", "ROE RICHARD"),
      trade("BBB", "LITTLE", { change: 100 }),
      trade("CCC", "GRANT", { code: "A", price: 0 }),
      trade("CCC", "SELLER", { code: "S", change: -50_000 }),
      trade("DDD", "LATER", { filedAt: AS_OF + DAY }),
      trade("EEE", "LONG AGO", { filedAt: AS_OF - 40 * DAY }),
    ];
    const buying = await found("insider_buying", { insiders });
    assert.deepEqual(
      buying.map(({ symbol, value }) => [symbol, value]),
      [["AAA", 600_000]],
    );
    assert.match(buying[0]?.reason ?? "", /^2 insiders bought for 0\.60 million USD in 14 days$/);
    assert.deepEqual(symbols(await found("insider_buying", { insiders }, { minValueUsd: 0 })), ["AAA", "BBB"]);
    assert.deepEqual(await found("insider_buying", { insiders }, { minBuyers: 3 }), []);
    assert.deepEqual(symbols(await found("insider_buying", { insiders }, { windowDays: 60 })), ["AAA", "EEE"]);
  });

  it("volume_accumulation wants more volume than usual, most of it on rising days", async () => {
    const rising = series("AAA", 40, (day) => ({ close: 100 - day, volume: day < 5 ? 2e6 : 1e6 }));
    const falling = series("BBB", 40, (day) => ({ close: 100 + day, volume: day < 5 ? 2e6 : 1e6 }));
    const quiet = series("CCC", 40, (day) => ({ close: 100 - day }));
    const bars = [rising, falling, quiet];
    const gathered = await found("volume_accumulation", { bars });
    assert.deepEqual(symbols(gathered), ["AAA"]);
    assert.equal(gathered[0]?.value, 2);
    assert.deepEqual(await found("volume_accumulation", { bars }, { minVolumeRatio: 2.5 }), []);
    assert.deepEqual(symbols(await found("volume_accumulation", { bars }, { minUpVolumePct: 0, minVolumeRatio: 1 })), ["AAA", "BBB", "CCC"]);
  });

  it("reddit_trending counts fresh posts about few symbols, each once", async () => {
    const post = (id: string, about: readonly string[], change: Partial<SocialPost> = {}): SocialPost => ({
      id,
      title: "to the moon",
      url: "http://127.0.0.1/",
      community: "r/stocks",
      at: AS_OF - 3_600_000,
      votes: 10,
      comments: 5,
      symbols: about,
      ...change,
    });
    const posts = [
      post("1", ["AAA"]),
      post("1", ["AAA"]),
      post("2", ["AAA", "BBB"], { community: "r/investing" }),
      post("3", ["AAA"]),
      post("4", ["BBB"]),
      post("5", ["BBB"], { at: AS_OF - 2 * DAY }),
      post("6", ["BBB"], { at: AS_OF + 1 }),
      post("7", ["AAA", "BBB", "C", "D", "E", "F"]),
    ];
    const talked = await found("reddit_trending", { posts });
    assert.deepEqual(
      talked.map(({ symbol, score, value, reason }) => [symbol, score, value, reason]),
      [["AAA", 0.3, 3, "3 posts in 24 hours on r/investing, r/stocks, 30 votes, 15 comments"]],
    );
    assert.deepEqual(symbols(await found("reddit_trending", { posts }, { minPosts: 2 })), ["AAA", "BBB"]);
    assert.deepEqual(symbols(await found("reddit_trending", { posts }, { windowHours: 72 })), ["AAA", "BBB"]);
  });

  it("news_momentum counts a week's stories that are about a few symbols", async () => {
    const story = (about: readonly string[], at = AS_OF - DAY): NewsItem => ({ headline: "h", summary: "", source: "s", url: "", symbols: about, at });
    const news = [
      story(["AAA"]),
      story(["AAA"]),
      story(["AAA", "BBB"]),
      story(["BBB"], AS_OF - 9 * DAY),
      story(["BBB"]),
      story(["A", "B", "C", "D", "E", "BBB"]),
    ];
    assert.deepEqual(symbols(await found("news_momentum", { news })), ["AAA"]);
    assert.deepEqual(symbols(await found("news_momentum", { news }, { minStories: 2 })), ["AAA", "BBB"]);
    assert.deepEqual(symbols(await found("news_momentum", { news }, { windowDays: 14 })), ["AAA", "BBB"]);
  });

  it("gap_up wants an open above the close before that the day has kept", async () => {
    const gap = (symbol: string, open: number, close: number) => series(symbol, 30, (day) => (day === 0 ? { open, close } : { close: 100 }));
    const bars = [gap("AAA", 105, 106), gap("BBB", 105, 101), gap("CCC", 101, 103)];
    assert.deepEqual(symbols(await found("gap_up", { bars })), ["AAA"]);
    assert.deepEqual(symbols(await found("gap_up", { bars }, { minGapPct: 1 })), ["AAA", "CCC"]);
  });

  it("breakout_52w wants a close above the highest high of the year before", async () => {
    const to = (symbol: string, last: number, days = 260) => series(symbol, days, (day) => ({ close: day === 0 ? last : day === 200 ? 120 : 100 }));
    const bars = [to("AAA", 126), to("BBB", 119), to("CCC", 130, 100)];
    const broken = await found("breakout_52w", { bars });
    assert.deepEqual(symbols(broken), ["AAA"]);
    assert.equal(broken[0]?.value?.toFixed(6), "5.000000");
    assert.deepEqual(await found("breakout_52w", { bars }, { minAbovePct: 6 }), []);
    assert.deepEqual(symbols(await found("breakout_52w", { bars }, { minHistoryDays: 50 })), ["AAA", "CCC"]);
  });

  it("earnings_soon takes what reports within days, the nearest date of each, and what has not reported yet", async () => {
    const report = (symbol: string, date: string, epsActual: number | null = null): EarningsDate => ({
      symbol,
      date,
      when: "after-close",
      epsEstimate: 1,
      epsActual,
    });
    const earnings = [
      report("AAA", "2026-06-04"),
      report("AAA", "2026-06-01"),
      report("BBB", "2026-05-29", 1.2),
      report("CCC", "2026-07-01"),
      report("XYZ", "2026-06-01"),
    ];
    const soon = await found("earnings_soon", { earnings });
    assert.deepEqual(
      soon.map(({ symbol, value, reason }) => [symbol, value, reason]),
      [["AAA", 3, "reports on 2026-06-01, after the close, in 3 days"]],
    );
    assert.deepEqual(symbols(await found("earnings_soon", { earnings }, { windowDays: 40 })), ["AAA", "CCC"]);
  });

  it("oversold_rsi takes what has fallen far and fast", async () => {
    const bars = [
      series("AAA", 60, (day) => ({ close: 100 + day })),
      series("BBB", 60, (day) => ({ close: 100 - day })),
      series("CCC", 60, (day) => ({ close: 100 + (day % 2) })),
    ];
    assert.deepEqual(symbols(await found("oversold_rsi", { bars })), ["AAA"]);
    assert.deepEqual(symbols(await found("oversold_rsi", { bars }, { maxRsi: 60 })), ["AAA", "CCC"]);
  });
});
