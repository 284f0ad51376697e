import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchmarkCloses } from "../../../src/core/backtest/benchmark.ts";
import type { BarSeries, Dataset } from "../../../src/core/domain/bars.ts";
import { openSession, type Session } from "../../../src/core/session.ts";

const { signal } = new AbortController();
const DAY = 86_400_000;

describe("a benchmark", function () {
  this.timeout(30_000);
  let folder: string;
  let session: Session;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-benchmark-"));
    session = await openSession({ home: join(folder, "home"), front: "cli" });
    const day = (i: number) => new Date(Date.UTC(2024, 0, 1) + i * DAY).toISOString().slice(0, 10);
    const csv = (closes: readonly number[]) =>
      ["date,open,high,low,close", ...closes.map((close, i) => `${day(i)},${close},${close},${close},${close}`)].join("\n");
    const market = Array.from({ length: 60 }, (_v, i) => 100 + 5 * Math.sin(i) + i);
    await writeFile(join(folder, "market.csv"), csv(market));
    // Moves twice as much as the market, each day.
    const twice = [100];
    for (let i = 1; i < market.length; i++) twice.push((twice[i - 1] as number) * (1 + 2 * ((market[i] as number) / (market[i - 1] as number) - 1)));
    await writeFile(join(folder, "twice.csv"), csv(twice));
    await writeFile(
      join(folder, "late.csv"),
      (await readFile(join(folder, "market.csv"), "utf8"))
        .split("\n")
        .filter((_line, i) => i === 0 || i > 30)
        .join("\n"),
    );
    await writeFile(join(folder, "other.csv"), "date,open,high,low,close\n2001-01-01,1,1,1,1\n2001-01-02,1,1,1,1");
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true, maxRetries: 3 });
  });
  const backtest = (benchmark?: string) =>
    session.backtest(
      { data: join(folder, "twice.csv"), strategy: "buy_and_hold", fill: "close", ...(benchmark === undefined ? {} : { benchmark: join(folder, benchmark) }) },
      signal,
    );

  it("is what alpha and beta are measured against", async () => {
    const [own, market] = [await backtest(), await backtest("market.csv")];
    assert.ok(Math.abs((own.stats.beta ?? 0) - 1) < 1e-9);
    assert.ok(Math.abs((market.stats.beta ?? 0) - 2) < 1e-9, String(market.stats.beta));
    assert.ok(Math.abs(market.stats.alphaPct ?? 1) < 1e-9);
    assert.ok(Math.abs((market.stats.benchmarkReturnPct ?? 0) - ((100 + 5 * Math.sin(59) + 59) / 100 - 1) * 100) < 1e-9);
    assert.equal(market.benchmark?.name, "market");
    assert.equal(market.benchmark?.source, "file market.csv");
    assert.notEqual(market.runHash, own.runHash);
    assert.deepEqual(market.trades, own.trades);
  });

  it("that begins late is flat before, and says so; one without a price in the time is refused", async () => {
    const late = await backtest("late.csv");
    assert.match(late.warnings.join(), /The benchmark late begins on 2024-01-31: before, it counts as flat/);
    await assert.rejects(backtest("other.csv"), { code: "no-benchmark" });
    await assert.rejects(backtest("none.csv"));
    await assert.rejects(session.backtest({ data: "sample:simulated", strategy: "buy_and_hold", benchmark: "A,B" }, signal), { code: "bad-benchmark" });
  });

  it("is known to sweeps and walk-forward analyses", async () => {
    const spec = { data: join(folder, "twice.csv"), strategy: "sma_cross", benchmark: join(folder, "market.csv"), grid: "fast=2|3,slow=5|8" };
    const { result } = await session.sweep(spec, {}, signal);
    const [best] = result.best;
    const alone = await session.backtest({ ...spec, ...(best === undefined ? {} : { params: best.params }) }, signal);
    assert.equal(best?.stats.beta, alone.stats.beta);
    const own = await session.backtest({ data: spec.data, strategy: spec.strategy, ...(best === undefined ? {} : { params: best.params }) }, signal);
    assert.notEqual(own.stats.beta, alone.stats.beta);
    const walk = await session.walkForward({ ...spec, train: "30", test: "20" }, {}, signal);
    const other = await session.walkForward({ ...spec, benchmark: spec.data, train: "30", test: "20" }, {}, signal);
    assert.notEqual(walk.result.stats?.beta, other.result.stats?.beta);
  });

  it("gives a day its last close known by then, whatever the hour that it is stamped with, and never a later one", () => {
    const series = (time: readonly number[], close: readonly number[], timeframe: BarSeries["timeframe"]): BarSeries => {
      const of = (values: readonly number[]) => Float64Array.from(values);
      return {
        symbol: "X",
        timeframe,
        time: of(time),
        open: of(close),
        high: of(close),
        low: of(close),
        close: of(close),
        volume: of(close),
        simulated: false,
      };
    };
    const midnight = Date.UTC(2024, 0, 2);
    const own = series(
      [0, 1, 2, 3].map((i) => midnight + i * DAY),
      [1, 1, 1, 1],
      "1Day",
    );
    const market = series(
      [-1, 1, 3].map((i) => midnight + i * DAY + 5 * 3_600_000),
      [10, 20, 30],
      "1Day",
    );
    const info = { name: "X" } as Dataset["info"];
    assert.deepEqual([...benchmarkCloses(own.time, own, { benchmark: { info, series: market } })], [10, 20, 20, 30]);
    const minutes = series(
      [0, 1, 2, 3].map((i) => midnight + i * 60_000),
      [1, 1, 1, 1],
      "1Min",
    );
    const every2 = series(
      [0, 2].map((i) => midnight + i * 60_000),
      [7, 8],
      "1Min",
    );
    assert.deepEqual([...benchmarkCloses(minutes.time, minutes, { benchmark: { info, series: every2 } })], [7, 7, 8, 8]);
  });
});
