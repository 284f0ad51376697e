import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { sha256 } from "../../../src/core/base/canonical.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { readCsvDataset } from "../../../src/core/data/csv.ts";
import type { Dataset } from "../../../src/core/domain/bars.ts";

const signal = new AbortController().signal;
const HEADER = "timestamp,open,high,low,close,volume\n";
let folder = "";

async function read(content: string | Uint8Array, name = "bars.csv"): Promise<Dataset> {
  const path = join(folder, name);
  await writeFile(path, content);
  return await readCsvDataset(path, signal);
}

/** The fault of a file, without the folder's name. */
async function faultOf(content: string | Uint8Array): Promise<{ readonly message: string; readonly hint: string }> {
  const error = await read(content).then(
    () => assert.fail("it should have been refused"),
    (e: unknown) => e,
  );
  assert.ok(error instanceof TradingError, String(error));
  assert.deepEqual([error.code, error.kind], ["bad-csv", "usage"]);
  return { message: error.message.replace(`${folder}/`, ""), hint: error.hint ?? "" };
}

describe("a CSV file of bars", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-csv-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  it("becomes columns, with its name, range and the hash of its bytes", async () => {
    const content = `${HEADER}2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10.5,12.25,200\n`;
    const { info, series } = await read(content, "My Bars.csv");
    assert.deepEqual(info, {
      name: "My Bars",
      bars: 2,
      from: "2024-01-02T00:00:00.000Z",
      to: "2024-01-03T00:00:00.000Z",
      sha256: sha256(content),
      source: "file My Bars.csv",
      adjustment: "as in the file",
      asOf: null,
    });
    assert.deepEqual([...series.close], [11, 12.25]);
    assert.deepEqual([...series.volume], [100, 200]);
    assert.deepEqual([series.timeframe, series.simulated], ["1Day", false]);
  });

  const same: ReadonlyArray<readonly [string, string]> = [
    ["a byte order mark and CRLF", "\ufefftimestamp,open,high,low,close,volume\r\n2024-01-02,10,12,9,11,100\r\n2024-01-03,11,13,10,12,200\r\n"],
    [
      "columns in any case and order, extra ones among them",
      "Adj Close,CLOSE,Date,low,High, Open ,Volume\n1,11,2024-01-02,9,12,10,100\nx,12,2024-01-03,10,13,11,200",
    ],
    [
      "quoted fields with commas and line breaks in extra columns",
      'time,note,open,high,low,close,volume\n"2024-01-02","a, ""b""\nc",10,12,9,"11",100\n2024-01-03,,11,13,10,12,200\n',
    ],
    ["blank lines and blanks around fields", "timestamp,open,high,low,close,volume\n\n2024-01-02 , 10,12 ,9,\t11,100\n\n2024-01-03,11,13,10,12,200\n\n"],
    ["a comma at the end of each line", "timestamp,open,high,low,close,volume\n2024-01-02,10,12,9,11,100,\n2024-01-03,11,13,10,12,200,\n"],
    ["times in New York", `${HEADER}2024-01-01T19:00:00-05:00,10,12,9,11,100\n2024-01-02T19:00:00-0500,11,13,10,12,200`],
    ["seconds since 1970", `${HEADER}1704153600,10,12,9,11,100\n1704240000,11,13,10,12,200`],
    ["milliseconds since 1970", `${HEADER}1704153600000,10,12,9,11,100\n1704240000000,11,13,10,12,200`],
    ["nanoseconds since 1970", `${HEADER}1704153600000000000,10,12,9,11,100\n1704240000000000000,11,13,10,12,200`],
    ["dates without dashes", `${HEADER}20240102,10,12,9,11,100\n20240103,11,13,10,12,200`],
  ];
  for (const [name, content] of same) {
    it(`may have ${name}`, async () => {
      const { series } = await read(content);
      assert.deepEqual([...series.time], [Date.UTC(2024, 0, 2), Date.UTC(2024, 0, 3)]);
      assert.deepEqual([...series.open, ...series.high, ...series.low, ...series.close, ...series.volume], [10, 11, 12, 13, 9, 10, 11, 12, 100, 200]);
    });
  }

  it("may have no volume, or an empty one", async () => {
    assert.deepEqual([...(await read("date,open,high,low,close\n2024-01-02,1,1,1,1\n")).series.volume], [0]);
    assert.deepEqual([...(await read(`${HEADER}2024-01-02,1,1,1,1,\n`)).series.volume], [0]);
  });

  it("reads a time without a zone as UTC, and any year", async () => {
    const { series } = await read(
      "time,open,high,low,close\n-000044-03-15,1,1,1,1\n0001-01-01,1,1,1,1\n0099-12-31 23:59,1,1,1,1\n1969-12-31T23:59:59.999,1,1,1,1\n2024-07-01T12:00:00.123456789Z,1,1,1,1\n+012024-01-01,1,1,1,1",
    );
    const iso = [...series.time].map((ms) => new Date(ms).toISOString());
    assert.deepEqual(iso, [
      "-000044-03-15T00:00:00.000Z",
      "0001-01-01T00:00:00.000Z",
      "0099-12-31T23:59:00.000Z",
      "1969-12-31T23:59:59.999Z",
      "2024-07-01T12:00:00.123Z",
      "+012024-01-01T00:00:00.000Z",
    ]);
  });

  it("reads epochs around and before 1970", async () => {
    assert.deepEqual([...(await read("time,open,high,low,close\n-86400,1,1,1,1\n0,1,1,1,1\n86400,1,1,1,1")).series.time], [-86_400_000, 0, 86_400_000]);
  });

  const faults: ReadonlyArray<readonly [string, string | Uint8Array, string, RegExp]> = [
    ["is empty", "", "bars.csv is empty.", /header/],
    ["is blank", "\n \n", "bars.csv is empty.", /header/],
    ["has a header only", HEADER, "bars.csv has a header but no bars.", /row/],
    ["has no header", "2024-01-02,1,1,1,1\n", "bars.csv, line 1: there is no header, the file begins with numbers.", /timestamp,open/],
    ["lacks a column", "date,open,high,clsoe,low\n", 'bars.csv, line 1: there is no column "close".', /"clsoe"/],
    ["lacks the time", "when,open,high,low,close\n", 'bars.csv, line 1: there is no column "timestamp" ("date" and "time" will do).', /when/],
    ["has a column twice", "date,open,high,low,close,Close\n", 'bars.csv, line 1: the column "close" is there twice.', /Remove/],
    ["has semicolons", "date;open;high;low;close\n", "bars.csv, line 1: the columns are not separated by commas.", /commas/],
    ["has text in a price", `${HEADER}2024-01-02,1,1,1,n/a,1\n`, 'bars.csv, line 2: close is "n/a", which is not a number.', /123\.45/],
    ["has an infinite price", `${HEADER}2024-01-02,1,1e999,1,1,1\n`, 'bars.csv, line 2: high is "1e999", which is not a number.', /123\.45/],
    ["has an empty price", `${HEADER}2024-01-02,,1,1,1,1\n`, "bars.csv, line 2: open is empty.", /Fill/],
    ["has a price of zero", `${HEADER}2024-01-02,1,1,0,1,1\n`, "bars.csv, line 2: low is 0.", /above zero/],
    ["has a negative price", `${HEADER}2024-01-02,1,1,1,1,1\n2024-01-03,-5.25,1,1,1,1\n`, "bars.csv, line 3: open is -5.25.", /above zero/],
    ["has a high below the low", `${HEADER}2024-01-02,5,5,6,5,1\n`, "bars.csv, line 2: the high 5 is below the low 6.", /Correct/],
    ["has text in the volume", `${HEADER}2024-01-02,1,1,1,1,1.2M\n`, 'bars.csv, line 2: volume is "1.2M", which is not a number.', /empty/],
    ["has a negative volume", `${HEADER}2024-01-02,1,1,1,1,-1\n`, "bars.csv, line 2: volume is -1.", /negative/],
    [
      "has a time twice",
      `${HEADER}2024-01-02,1,1,1,1,1\n\n2024-01-02,1,1,1,1,1\n`,
      "bars.csv, line 4: the time 2024-01-02 is there twice, on line 2 and on line 4.",
      /Remove one/,
    ],
    [
      "is not sorted",
      `${HEADER}2024-01-03,1,1,1,1,1\n2024-01-02,1,1,1,1,1\n`,
      "bars.csv, line 3: the time 2024-01-02 is before the one on line 2.",
      /oldest first/,
    ],
    ["has an American date", `${HEADER}01/31/2024,1,1,1,1,1\n`, 'bars.csv, line 2: "01/31/2024" is not a time.', /2024-01-31/],
    ["has a day that is none", `${HEADER}2023-02-29,1,1,1,1,1\n`, 'bars.csv, line 2: "2023-02-29" is not a time.', /2024-01-31/],
    ["has no time", `${HEADER},1,1,1,1,1\n`, "bars.csv, line 2: the time is empty.", /2024-01-31/],
    [
      "mixes dates and epochs",
      `${HEADER}2024-01-02,1,1,1,1,1\n1704240000,1,1,1,1,1\n`,
      'bars.csv, line 3: the time "1704240000" is written in another way than the ones before.',
      /2024-01-31/,
    ],
    ["has a short row", `${HEADER}2024-01-02,1,1\n`, "bars.csv, line 2: there are 3 fields, but 6 columns.", /Correct/],
    ["has a long row", `${HEADER}2024-01-02,1,1,1,1,1,7\n`, "bars.csv, line 2: there are 7 fields, but 6 columns.", /Correct/],
    [
      "has a quote that is never closed",
      `${HEADER}2024-01-02,1,1,1,1,1\n"2024-01-03,1,1,1,1,1\n`,
      "bars.csv, line 3: a quote is opened and never closed.",
      /Close it/,
    ],
    ["is UTF-16", Buffer.from(`\ufeff${HEADER}`, "utf16le"), "bars.csv is UTF-16 text.", /UTF-8/],
    ["is a spreadsheet", Buffer.from("PK\u0003\u0004"), "bars.csv is not text: a spreadsheet or an archive?", /Export/],
  ];
  for (const [name, content, message, remedy] of faults) {
    it(`that ${name} is refused in one sentence`, async () => {
      const fault = await faultOf(content);
      assert.equal(fault.message, message);
      assert.match(fault.hint, remedy);
    });
  }

  it("that is not there, or a folder, is refused with the nearest name", async () => {
    await read(`${HEADER}2024-01-02,1,1,1,1,1\n`, "GOOG.csv");
    await assert.rejects(readCsvDataset(join(folder, "GOGO.csv"), signal), { code: "bad-csv", kind: "usage", hint: "Did you mean GOOG.csv?" });
    await assert.rejects(readCsvDataset(folder, signal), { code: "bad-csv", message: `${folder} is a folder, not a CSV file.` });
  });

  it("comes back as it was written, whatever the numbers", async () => {
    const price = fc.double({ min: 1e-9, max: 1e12, noNaN: true });
    const row = fc.tuple(fc.integer({ min: 1, max: 10 ** 10 }), price, price, price, price, fc.double({ min: 0, max: 1e15, noNaN: true }));
    const style = fc.record({ end: fc.constantFrom("\n", "\r\n", "\r"), quote: fc.constantFrom("", '"'), bom: fc.boolean(), epoch: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), style, async (steps, { end, quote, bom, epoch }) => {
        let at = Date.UTC(1980, 0, 1);
        const rows = steps.map(([step, a, b, c, d, volume]) => [(at += step), a, Math.max(b, c), Math.min(b, c), d, volume] as const);
        const write = (values: readonly number[]) =>
          values.map((value, i) => `${quote}${i === 0 && !epoch ? new Date(value).toISOString() : String(value)}${quote}`).join(",");
        const { series } = await read(`${bom ? "\ufeff" : ""}timestamp,open,high,low,close,volume${end}${rows.map(write).join(end)}${end}`);
        const back = rows.map((_, i) => [series.time[i], series.open[i], series.high[i], series.low[i], series.close[i], series.volume[i]]);
        assert.deepEqual(back, rows);
      }),
      { numRuns: 150 },
    );
  });

  it("stops when the caller gives up, and lets others run meanwhile", async () => {
    const lines = Array.from({ length: 150_000 }, (_, i) => `${1_600_000_000 + i * 60},1,1,1,1,1`);
    const path = join(folder, "long.csv");
    await writeFile(path, HEADER + lines.join("\n"));
    let turns = 0;
    const ticking = setInterval(() => {
      turns++;
    }, 1);
    const { series } = await readCsvDataset(path, signal);
    clearInterval(ticking);
    assert.deepEqual([series.time.length, series.timeframe], [150_000, "1Min"]);
    assert.ok(turns > 0, "the event loop had turns of its own");
    const caller = new AbortController();
    const reading = readCsvDataset(path, caller.signal);
    caller.abort(new TradingError("interrupted", "Enough.", { kind: "interrupted" }));
    await assert.rejects(reading, { code: "interrupted" });
  });
});
