import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { TradingError } from "../../../src/core/base/errors.ts";
import { loadDataset } from "../../../src/core/data/dataset.ts";
import { readFileDataset, type FileOptions } from "../../../src/core/data/fileDataset.ts";

const signal = new AbortController().signal;
/** Written by DuckDB 1.4: 40 days from 2024-01-01, open 100 + 10 sin(i / 5), high and low 2 away, volume 1000 + i. */
const FILES = join(import.meta.dirname, "parquet");
const read = (name: string, options: FileOptions = {}) => readFileDataset(join(FILES, `${name}.parquet`), options, signal);

describe("a Parquet file of bars", () => {
  for (const packing of ["snappy", "zstd", "gzip", "brotli", "lz4_raw", "uncompressed"]) {
    it(`is read when it is packed with ${packing}`, async () => {
      const { series, info, warnings } = await read(packing);
      assert.deepEqual([info.name, info.bars, info.from, info.to], [packing, 40, "2024-01-01T00:00:00.000Z", "2024-02-09T00:00:00.000Z"]);
      series.time.forEach((ms, i) => assert.equal(ms, Date.UTC(2024, 0, 1 + i)));
      const price = (i: number) => 100 + 10 * Math.sin(i / 5);
      series.open.forEach((value, i) => assert.ok(Math.abs(value - price(i)) < 1e-9));
      series.high.forEach((value, i) => assert.ok(Math.abs(value - price(i) - 2) < 1e-9));
      assert.deepEqual([...series.volume.subarray(0, 3)], [1000, 1001, 1002]);
      assert.deepEqual([series.timeframe, warnings], ["1Day", []]);
    });
  }

  it("may have its times in UTC, on a wall, in nanoseconds, as numbers or as text", async () => {
    const first = async (name: string, options?: FileOptions) => new Date((await read(name, options)).series.time[0] as number).toISOString();
    assert.equal(await first("utc"), "2024-01-01T00:00:00.000Z");
    assert.equal(await first("utc", { timeZone: "America/New_York" }), "2024-01-01T00:00:00.000Z");
    assert.equal(await first("naive"), "2024-01-01T09:30:00.000Z");
    assert.equal(await first("naive", { timeZone: "America/New_York" }), "2024-01-01T14:30:00.000Z");
    assert.equal(await first("ns"), "2024-01-01T00:00:00.000Z");
    assert.equal(await first("epoch"), "2024-01-01T00:00:00.000Z");
    assert.equal(await first("text"), "2024-01-01T00:00:00.000Z");
    const { series } = await read("epoch"); // decimals and single precision, no volume
    assert.deepEqual([series.high[0], series.open[0], series.volume[0]], [102, 100, 0]);
  });

  it("is known by what is in it, whatever its name, and may be gzipped as a whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-parquet-"));
    try {
      await writeFile(join(folder, "odd.csv.gz"), gzipSync(await readFile(join(FILES, "utc.parquet"))));
      assert.equal((await loadDataset(join(folder, "odd.csv.gz"), null, {}, signal)).info.bars, 40);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is bars in order or one sentence, whatever byte is wrong", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-parquet-"));
    const path = join(folder, "bad.parquet");
    const files = await Promise.all(["snappy", "zstd", "lz4_raw", "uncompressed", "utc", "epoch"].map((name) => readFile(join(FILES, `${name}.parquet`))));
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    const bytes = fc.tuple(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean()).map(([file, changes, isCut]) => {
      const bad = Buffer.from(file);
      for (const [at, byte] of changes) bad[at % bad.length] = byte;
      return isCut ? bad.subarray(0, (changes[0]?.[0] ?? 0) % bad.length) : bad;
    });
    try {
      await fc.assert(
        fc.asyncProperty(bytes, async (content) => {
          await writeFile(path, content);
          try {
            const { series } = await readFileDataset(path, {}, signal);
            assert.ok(series.time.every((time, i) => i === 0 || time > (series.time[i - 1] as number)));
            assert.ok(series.close.every((close) => close > 0 && Number.isFinite(close)));
          } catch (error) {
            assert.ok(error instanceof TradingError && error.code === "bad-csv" && error.kind === "usage", String(error));
          }
        }),
        { numRuns: 400 },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
