import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { canonicalJson } from "../../../src/core/base/canonical.ts";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { readPricesAsOf } from "../../../src/core/data/priceFolder.ts";
import { createScanRunner } from "../../../src/core/scanner/scanRunner.ts";
import { simulatedMarketData } from "../simulatedMarketData.ts";

const signal = AbortSignal.timeout(60_000);
const DAY = 86_400_000;
const FIRST = Date.UTC(2018, 0, 1);

type Row = readonly [open: number, close: number, volume: number];

describe("Prices as of a day", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-past-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function given(files: Readonly<Record<string, readonly Row[]>>): Promise<string> {
    const path = await mkdtemp(join(folder, "f"));
    for (const [name, rows] of Object.entries(files)) {
      const lines = rows.map(([open, close, volume], day) => {
        const date = new Date(FIRST + day * DAY).toISOString().slice(0, 10);
        return `${date},${open},${Math.max(open, close)},${Math.min(open, close)},${close},${volume}`;
      });
      await writeFile(join(path, name), ["Date,Open,High,Low,Close,Volume", ...lines].join("\n"));
    }
    return path;
  }
  /** 260 quiet days that end with `last`, and `later` after it. */
  const ending = (last: Row, later: readonly Row[] = []): readonly Row[] => [...Array.from({ length: 260 }, (): Row => [100, 100, 1000]), last, ...later];
  const AS_OF = FIRST + 261 * DAY - 1;

  async function scan(path: string, asOf = AS_OF) {
    const past = await readPricesAsOf(path, asOf, () => {}, signal);
    const runner = createScanRunner({
      data: simulatedMarketData(() => Promise.reject(new Error("the market of today was asked"))),
      settings: { concurrent: true, maxWorkers: 8, timeoutMs: 10_000, enabled: () => true, thresholds: () => ({}) },
      lastScanSymbols: () => Promise.reject(new Error("the history was asked")),
      saveScan: () => Promise.reject(new Error("the past was kept")),
      keys: new Set(),
      log: silentLog,
      clock: new ManualClock(AS_OF + 1000 * DAY),
    });
    return runner.scan({ past }, signal);
  }

  it("runs the scanners of prices, skips the others, and keeps nothing", async () => {
    const result = await scan(await given({ "UP.csv": ending([110, 112, 5000]), "FLAT.csv": ending([100, 100, 900]) }));
    assert.equal(result.asOf, new Date(AS_OF).toISOString());
    assert.equal(result.simulated, false);
    assert.deepEqual(
      result.scanners.map(({ name, status }) => `${name} ${status}`),
      [
        "market_movers ok",
        "most_active ok",
        "insider_buying skipped",
        "volume_accumulation ok",
        "reddit_trending skipped",
        "news_momentum skipped",
        "gap_up ok",
        "breakout_52w ok",
        "earnings_soon skipped",
        "oversold_rsi ok",
      ],
    );
    const up = result.candidates.find(({ symbol }) => symbol === "UP");
    assert.deepEqual(
      up?.reasons.map(({ scanner }) => scanner),
      ["market_movers", "most_active", "gap_up", "breakout_52w"],
    );
    assert.match(result.scanners[2]?.error ?? "", /^no insiders of the past: /);
  });

  it("sees nothing that came later: bars after the day changed, the same candidates", async () => {
    const price = fc.integer({ min: 1, max: 500 });
    const rows = fc.array(fc.tuple(price, price, fc.integer({ min: 0, max: 9000 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(rows, rows, async (one, other) => {
        const found = async (later: readonly Row[]) => {
          const { candidates } = await scan(await given({ "A.csv": ending([104, 106, 4000], later), "B.csv": ending([99, 96, 2000], later) }));
          assert.ok(candidates.length > 0);
          return canonicalJson(candidates);
        };
        assert.equal(await found(one), await found(other));
      }),
      { numRuns: 8 },
    );
  });

  it("counts a day's bar as known at the day's end, not before", async () => {
    const path = await given({ "UP.csv": ending([110, 112, 5000]) });
    const noon = await scan(path, AS_OF - DAY / 2);
    assert.ok(noon.candidates.every(({ reasons }) => reasons.every(({ scanner }) => scanner === "most_active")));
  });

  it("puts hourly bars together to days", async () => {
    const path = await mkdtemp(join(folder, "h"));
    const lines = Array.from(
      { length: 24 * 3 },
      (_, hour) => `${new Date(FIRST + hour * 3_600_000).toISOString()},${100 + hour},${101 + hour},${99 + hour},${100.5 + hour},10`,
    );
    await writeFile(join(path, "H.csv"), ["Time,Open,High,Low,Close,Volume", ...lines].join("\n"));
    const { data } = await readPricesAsOf(path, FIRST + 2 * DAY - 1, () => {}, signal);
    const bars = (await data.bars(["H"], { timeframe: "1Day", limit: 10 }, signal)).get("H");
    assert.deepEqual(
      [bars?.time, bars?.open, bars?.high, bars?.low, bars?.close, bars?.volume].map((column) => [...(column ?? [])]),
      [
        [FIRST, FIRST + DAY],
        [100, 124],
        [124, 148],
        [99, 123],
        [123.5, 147.5],
        [240, 240],
      ],
    );
  });

  it("leaves out a file that cannot be used, a symbol that was no longer traded, and says so", async () => {
    const path = await given({
      "UP.csv": ending([110, 112, 5000]),
      "GONE.csv": [
        [1, 1, 1],
        [1, 1, 1],
      ],
    });
    await writeFile(join(path, "BAD.csv"), "nothing\nof use");
    await writeFile(join(path, "README.md"), "# no prices");
    await mkdir(join(path, "folder.csv"));
    const said: string[] = [];
    const { symbols } = await readPricesAsOf(path, AS_OF, (sentence) => said.push(sentence), signal);
    assert.deepEqual(symbols, ["UP"]);
    assert.equal(said.length, 2, said.join("\n"));
    assert.ok(said.some((sentence) => sentence.includes("BAD.csv")));
  });

  it("is refused in one sentence where there are no prices then", async () => {
    const path = await given({ "UP.csv": ending([110, 112, 5000]) });
    const read = (where: string, asOf = AS_OF) => readPricesAsOf(where, asOf, () => {}, signal);
    await assert.rejects(read(join(folder, "nowhere")), { kind: "usage", code: "no-such-file" });
    await assert.rejects(read(await mkdtemp(join(folder, "e"))), { kind: "usage", code: "no-prices" });
    await assert.rejects(read(path, FIRST - DAY), { kind: "usage", code: "no-bars", hint: "They go from 2018-01-01 to 2018-09-18." });
    await assert.rejects(read(path, AS_OF + 60 * DAY), { kind: "usage", code: "no-bars" });
  });
});
