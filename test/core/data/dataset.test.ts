import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDataset } from "../../../src/core/data/dataset.ts";
import { sampleDataset } from "../../../src/core/data/samples.ts";
import { parseInstant } from "../../../src/core/data/instants.ts";
import { packageRoot } from "../../../src/core/base/entry.ts";

const signal = new AbortController().signal;

describe("a data set by reference", () => {
  it("sample:sp500 is the real daily S&P 500", async () => {
    const { info, series } = await sampleDataset("sample:sp500", signal);
    assert.deepEqual([info.name, info.bars, info.from, info.to], ["sample:sp500", 5105, "2000-01-03T00:00:00.000Z", "2020-04-17T00:00:00.000Z"]);
    assert.deepEqual(
      [series.open[0], series.high[0], series.low[0], series.close[0], series.volume[0]],
      [1469.25, 1478, 1438.359985, 1455.219971, 931_800_000],
    );
    assert.deepEqual([series.symbol, series.timeframe, series.simulated], ["SP500", "1Day", false]);
  });

  it("sample:simulated is 20 years that say SIMULATED, the same every time", async () => {
    const { info, series } = await loadDataset("sample:simulated", null, {}, signal);
    const again = await loadDataset("sample:simulated", null, {}, signal);
    assert.deepEqual([series.symbol, series.simulated, series.timeframe], ["SIMULATED", true, "1Day"]);
    assert.match(info.source, /SIMULATED/);
    assert.ok(info.bars > 5000, String(info.bars));
    assert.equal(again.info.sha256, info.sha256);
    assert.ok(series.time.every((time, i) => i === 0 || time > (series.time[i - 1] as number)));
    assert.ok(series.low.every((low, i) => low > 0 && low <= (series.high[i] as number)));
  });

  it("is cut to the days asked for, both included, with the hash of the whole", async () => {
    const whole = await loadDataset("sample:sp500", null, {}, signal);
    const { info } = await loadDataset("sample:sp500", null, { from: "2010-01-04", to: "2010-12-31" }, signal);
    assert.deepEqual([info.bars, info.from?.slice(0, 10), info.to?.slice(0, 10), info.sha256], [252, "2010-01-04", "2010-12-31", whole.info.sha256]);
    await assert.rejects(loadDataset("sample:sp500", null, { from: "2030-01-01" }, signal), { code: "no-bars", kind: "usage" });
    await assert.rejects(loadDataset("sample:sp500", null, { from: "2012-01-01", to: "2011-01-01" }, signal), { code: "bad-time", kind: "usage" });
    await assert.rejects(loadDataset("sample:sp500", null, { from: "yesterday" }, signal), { code: "bad-time", kind: "usage" });
  });

  it("is a file when it ends in .csv or is one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-data-"));
    try {
      await writeFile(join(folder, "bars.txt"), "date,open,high,low,close\n2024-01-02,1,1,1,1\n");
      assert.equal((await loadDataset(join(folder, "bars.txt"), null, {}, signal)).info.name, "bars");
      await assert.rejects(loadDataset(join(folder, "none.csv"), null, {}, signal), { code: "bad-csv" });
      await assert.rejects(loadDataset("none.CSV", null, {}, signal), { code: "bad-csv", message: "There is no file none.CSV." });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("of a file or sample has its own timeframe, and another one is refused", async () => {
    assert.equal((await loadDataset("sample:sp500", null, { timeframe: "1Day" }, signal)).series.timeframe, "1Day");
    await assert.rejects(loadDataset("sample:sp500", null, { timeframe: "1Hour" }, signal), {
      code: "bad-timeframe",
      kind: "usage",
      message: "The bars of sample:sp500 are 1Day, not 1Hour.",
    });
  });

  it("that nobody knows is one sentence with the remedy", async () => {
    await assert.rejects(loadDataset("sample:sp50", null, {}, signal), { code: "unknown-data", kind: "usage", hint: "Did you mean sample:sp500?" });
    await assert.rejects(loadDataset("what is this", null, {}, signal), { code: "unknown-data", kind: "usage" });
    await assert.rejects(loadDataset("AAPL", null, {}, signal), { code: "unknown-data", kind: "usage" });
  });

  const shared = join(packageRoot(), "..", "shared", "data");
  if (existsSync(shared)) {
    it("reads the golden data sets", async () => {
      const read = async (name: string) => {
        const { info, series } = await loadDataset(join(shared, name), null, {}, signal);
        return [info.name, info.bars, series.timeframe];
      };
      assert.deepEqual(
        [await read("GOOG.csv"), await read("BTCUSD.csv"), await read("EURUSD.csv")],
        [
          ["GOOG", 2148, "1Day"],
          ["BTCUSD", 156, "1Month"],
          ["EURUSD", 5000, "1Hour"],
        ],
      );
    });
  }
});

describe("an instant that a person gave", () => {
  it("is UTC when it has no zone, and a day's last millisecond at the end of a range", () => {
    assert.equal(parseInstant("2024-03-10", "from"), Date.UTC(2024, 2, 10));
    assert.equal(parseInstant("2024-03-10", "to", { end: true }), Date.UTC(2024, 2, 11) - 1);
    assert.equal(parseInstant("2024-03-10T12:30", "to", { end: true }), Date.UTC(2024, 2, 10, 12, 30));
    assert.equal(parseInstant("2024-03-10T12:30:00+05:30", "from"), Date.UTC(2024, 2, 10, 7));
    for (const text of [
      "2024",
      "2024-13-01",
      "2024-02-30",
      "2024-01-01T24:00",
      "2024-01-01T12",
      "2024-01-01 12:00 PM",
      "Jan 1 2024",
      "2024-01-01T12:00:00+",
      "-000000-01-01",
      "",
    ]) {
      assert.throws(() => parseInstant(text, "from"), { code: "bad-time", kind: "usage" }, text);
    }
  });
});
