import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logTo, silentLog } from "../../../src/core/base/log.ts";
import { BarCache } from "../../../src/core/data/barCache.ts";
import { createSymbolBars } from "../../../src/core/data/symbolBars.ts";
import type { BarSeries } from "../../../src/core/domain/bars.ts";
import type { BarQuery, MarketData } from "../../../src/core/domain/ports.ts";

const signal = new AbortController().signal;
const DAY = 86_400_000;
const TODAY = Date.UTC(2026, 0, 30, 16);

/** The market data port over bars that are there, one a day; counts what it is asked. */
class Source {
  readonly asked: BarQuery[] = [];
  simulated = false;
  factor = 1;

  readonly data = {
    bars: async (symbols: readonly string[], query: BarQuery) => {
      this.asked.push(query);
      const [from, to] = [query.from ?? 0, query.to ?? TODAY];
      const time = Float64Array.from({ length: Math.floor((to - from) / DAY) + 1 }, (_value, i) => from + i * DAY);
      const price = time.map((_at, i) => (i + 1) * this.factor);
      const series = (symbol: string): BarSeries => ({
        symbol,
        timeframe: "1Day",
        simulated: this.simulated,
        time,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: price,
      });
      return new Map(symbols.map((symbol) => [symbol, series(symbol)]));
    },
    simulated: false,
  } as unknown as MarketData;
}

describe("bars by symbol, kept in the state folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-bars-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const open = (source: Source, change: { readonly now?: number; readonly adjustment?: string; readonly origin?: string; readonly feed?: string } = {}) => {
    const { now = TODAY, adjustment = "all", origin = "paper https://data", feed = "iex" } = change;
    return createSymbolBars({ data: source.data, feed, adjustment, origin, cache: new BarCache(folder, silentLog), now: () => now });
  };
  const query = { timeframe: "1Day", from: TODAY - 100 * DAY } as const;

  it("are asked for once, by whichever process, and cut to what is wanted", async () => {
    const source = new Source();
    const first = await open(source).history("AAPL", query, signal);
    const second = await open(source).history("AAPL", { ...query, from: TODAY - 50 * DAY, to: TODAY - 10 * DAY }, signal);
    assert.equal(source.asked.length, 1);
    assert.equal(first?.series.time.length, 101);
    assert.deepEqual([...(second?.series.close ?? [])], [...(first?.series.close.slice(50, 91) ?? [])]);
    assert.deepEqual([second?.source, second?.adjustment, second?.asOf], ["Alpaca iex", "all", "2026-01-30"]);
    assert.equal((await stat(join(folder, (await readdir(folder))[0] as string))).mode & 0o777, 0o600);
  });

  it("are asked for again for another symbol, timeframe, feed, adjustment, origin or earlier start", async () => {
    const source = new Source();
    await open(source).history("AAPL", query, signal);
    await open(source).history("MSFT", query, signal);
    await open(source).history("AAPL", { ...query, timeframe: "1Week" }, signal);
    await open(source, { feed: "sip" }).history("AAPL", query, signal);
    await open(source, { adjustment: "raw" }).history("AAPL", query, signal);
    await open(source, { origin: "live https://data" }).history("AAPL", query, signal);
    await open(source).history("AAPL", { ...query, from: TODAY - 200 * DAY }, signal);
    assert.equal(source.asked.length, 7);
  });

  it("are asked for again when they have aged: up to now after minutes, adjusted ones the next day, raw ones after a month", async () => {
    const past = { ...query, to: TODAY - 20 * DAY };
    const askedAfter = async (adjustment: string, wanted: typeof query & { readonly to?: number }, later: number) => {
      await rm(folder, { recursive: true, force: true });
      const source = new Source();
      await open(source, { adjustment }).history("AAPL", wanted, signal);
      await open(source, { adjustment, now: TODAY + later }).history("AAPL", wanted, signal);
      return source.asked.length === 2;
    };
    assert.deepEqual([await askedAfter("all", query, 5 * 60_000), await askedAfter("all", query, 11 * 60_000)], [false, true]);
    assert.deepEqual([await askedAfter("all", past, 6 * 3_600_000), await askedAfter("all", past, DAY)], [false, true]);
    assert.deepEqual([await askedAfter("raw", past, 29 * DAY), await askedAfter("raw", past, 31 * DAY)], [false, true]);
    assert.equal(await askedAfter("all", past, -DAY), true, "from the future: the clock was wrong");
  });

  it("are never simulated ones: another seed may answer next time", async () => {
    const source = new Source();
    source.simulated = true;
    await open(source).history("AAPL", query, signal);
    source.factor = 2;
    const again = await open(source).history("AAPL", query, signal);
    assert.deepEqual([source.asked.length, again?.series.close[0], again?.source], [2, 2, "SIMULATED exchange"]);
    assert.deepEqual(await readdir(folder), []);
  });

  it("are asked for again when the file is damaged in any byte or cut off, and then whole", async () => {
    const source = new Source();
    const whole = await open(source).history("AAPL", query, signal);
    const path = join(folder, (await readdir(folder))[0] as string);
    const bytes = await readFile(path);
    for (const at of [0, 10, 60, bytes.length >> 1, bytes.length - 1]) {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] as number) ^ 1;
      for (const content of [bad, bytes.subarray(0, at)]) {
        await writeFile(path, content);
        assert.deepEqual((await open(source).history("AAPL", query, signal))?.series.close, whole?.series.close);
        assert.deepEqual(await readFile(path), bytes);
      }
    }
    assert.equal(source.asked.length, 11);
  });

  it("take no more room than they may: the ones not used for longest go", async () => {
    const lines: string[] = [];
    const cache = new BarCache(
      folder,
      logTo((level, line) => lines.push(`${level} ${line}`)),
      { maxBytes: 2 ** 20, maxFiles: 3 },
    );
    const series = (await new Source().data.bars(["X"], query, signal)).get("X") as BarSeries;
    const key = (symbol: string) => ({ origin: "o", feed: "f", adjustment: "raw", symbol, timeframe: "1Day" }) as const;
    for (const symbol of ["A", "B", "C", "D", "E"]) await cache.write(key(symbol), { from: 0, to: TODAY, asOf: TODAY, series });
    assert.equal((await readdir(folder)).length, 3);
    assert.notEqual(await cache.read(key("E")), undefined);
    await writeFile(join(folder, "blocked"), "");
    await new BarCache(
      join(folder, "blocked"),
      logTo((level, line) => lines.push(`${level} ${line}`)),
    ).write(key("A"), { from: 0, to: 1, asOf: 1, series });
    assert.match(lines.join(), /warn The bars of A are not kept/);
  });
});
