import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { sha256 } from "../../../src/core/base/canonical.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { readFileDataset, type FileOptions } from "../../../src/core/data/fileDataset.ts";
import type { Dataset } from "../../../src/core/domain/bars.ts";

const signal = new AbortController().signal;
const HEADER = "timestamp,open,high,low,close,volume\n";
let folder = "";

async function read(content: string | Uint8Array, name = "bars.csv", options: FileOptions = {}): Promise<Dataset> {
  const path = join(folder, name);
  await writeFile(path, content);
  return await readFileDataset(path, options, signal);
}

const utf16 = (text: string, options: { readonly bigEndian?: boolean } = {}) => {
  const bytes = Buffer.from(text, "utf16le");
  return options.bigEndian === true ? bytes.swap16() : bytes;
};

/** The fault of a file, without the folder's name. */
async function faultOf(content: string | Uint8Array, options: FileOptions = {}): Promise<{ readonly message: string; readonly hint: string }> {
  const error = await read(content, "bars.csv", options).then(
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

  const same: ReadonlyArray<readonly [string, string | Uint8Array]> = [
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
    ["gzip around it", gzipSync(`${HEADER}2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200\n`)],
    ["UTF-16", utf16(`\ufeff${HEADER}2024-01-02,10,12,9,11,100\r\n2024-01-03,11,13,10,12,200`)],
    ["UTF-16, the other byte first", utf16(`\ufeff${HEADER}2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200`, { bigEndian: true })],
    ["UTF-16 without a mark", utf16(`${HEADER}2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200`)],
    ["semicolons and decimal commas", "Date;Open;High;Low;Close;Volume\n2024-01-02;10,0;12,00;9,0;11,00;100\n2024-01-03;11;13;10,0;12;200\n"],
    ["tabs, angle brackets and dotted dates", "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>\n2024.01.02\t10\t12\t9\t11\t100\n2024.01.03\t11\t13\t10\t12\t200"],
    ["a line that names the separator", 'sep=;\r\ndate;open;high;low;close;volume\r\n"2024-01-02";10;12;9;11;100\r\n2024/01/03;11;13;10;12;200'],
    ["an index without a name", ",Open,High,Low,Close,Volume\n2024-01-02 00:00:00+00:00,10,12,9,11,100\n2024-01-03 00:00:00+00:00,11,13,10,12,200"],
    ["a clock time in a column of its own", "Date,Time,Open,High,Low,Close,Volume\n20240102,000000,10,12,9,11,100\n20240103,000000,11,13,10,12,200"],
    ["times that say UTC", `${HEADER}2024-01-02 00:00:00 UTC,10,12,9,11,100\n2024-01-03 00:00:00 +0000,11,13,10,12,200`],
    ["microseconds since 1970", `${HEADER}1704153600000000,10,12,9,11,100\n1704240000000000,11,13,10,12,200`],
    ["a row that is there twice", `${HEADER}2024-01-02,10,12,9,11,100\n2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200`],
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
      "time,open,high,low,close\n-000044-03-15,1,1,1,1\n0001-01-01,1,1,1,1\n0099-12-31 23:59,1,1,1,1\n1969-12-31T23:59:59.999,1,1,1,1\n2024-07-01T12:00:00.123456789,1,1,1,1\n+012024-01-01,1,1,1,1",
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

  const faults: ReadonlyArray<readonly [string, string | Uint8Array, string | RegExp, RegExp]> = [
    ["is empty", "", "bars.csv is empty.", /header/],
    ["is blank", "\n \n", "bars.csv is empty.", /header/],
    ["has a header only", HEADER, "bars.csv has a header but no bars.", /row/],
    ["has no header", "2024-01-02,1,1,1,1\n", "bars.csv, line 1: there is no header, the file begins with numbers.", /timestamp,open/],
    ["lacks a column", "date,open,high,clsoe,low\n", 'bars.csv, line 1: there is no column "close".', /"clsoe"/],
    ["lacks the time", "when,open,high,low,close\n", 'bars.csv, line 1: there is no column "timestamp" ("date" and "time" will do).', /when/],
    ["has a column twice", "date,open,high,low,close,Close\n", 'bars.csv, line 1: the column "close" is there twice.', /Remove/],
    ["has text in a price", `${HEADER}2024-01-02,1,1,1,n/a,1\n`, 'bars.csv, line 2: close is "n/a", which is not a number.', /123\.45/],
    ["has an infinite price", `${HEADER}2024-01-02,1,1e999,1,1,1\n`, 'bars.csv, line 2: high is "1e999", which is not a number.', /123\.45/],
    ["has an empty price", `${HEADER}2024-01-02,,1,1,1,1\n`, "bars.csv, line 2: open is empty.", /Fill/],
    ["has a price of zero", `${HEADER}2024-01-02,1,1,0,1,1\n`, "bars.csv, line 2: low is 0.", /above zero/],
    ["has a negative price", `${HEADER}2024-01-02,1,1,1,1,1\n2024-01-03,-5.25,1,1,1,1\n`, "bars.csv, line 3: open is -5.25.", /above zero/],
    ["has a high below the low", `${HEADER}2024-01-02,5,5,6,5,1\n`, "bars.csv, line 2: the high 5 is below the low 6.", /Correct/],
    ["has text in the volume", `${HEADER}2024-01-02,1,1,1,1,1.2M\n`, 'bars.csv, line 2: volume is "1.2M", which is not a number.', /empty/],
    ["has a negative volume", `${HEADER}2024-01-02,1,1,1,1,-1\n`, "bars.csv, line 2: volume is -1.", /negative/],
    [
      "has a time twice with other prices",
      `${HEADER}2024-01-02,1,1,1,1,1\n\n2024-01-02,1,2,1,1,1\n`,
      "bars.csv, line 4: the time 2024-01-02 is there twice with different values, on line 2 and on line 4 (a duplicate).",
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
    [
      "turns back after its second row",
      `${HEADER}2024-01-02,1,1,1,1,1\n2024-01-01,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n`,
      "bars.csv, line 3: the time 2024-01-01 is before the one on line 2.",
      /oldest first/,
    ],
    [
      "is newest first but for one row",
      `${HEADER}2024-01-04,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n2024-01-02,1,1,1,1,1\n2024-01-05,1,1,1,1,1\n`,
      "bars.csv, line 5: the time 2024-01-05 is after the one on line 4, but the rows before are newest first.",
      /oldest first/,
    ],
    [
      "names its columns twice",
      `${HEADER}2024-01-02,1,1,1,1,1\n${HEADER}2024-01-03,1,1,1,1,1\n`,
      "bars.csv, line 3: the header is there again, as where two files were put together.",
      /2024/,
    ],
    ["has a price that is not a number", `${HEADER}2024-01-02,1,1,1,NaN,1\n`, 'bars.csv, line 2: close is "NaN", which is not a number.', /123\.45/],
    [
      "mixes times with a zone and without",
      `${HEADER}2024-01-02T10:00Z,1,1,1,1,1\n2024-01-02T11:00,1,1,1,1,1\n`,
      'bars.csv, line 3: the time "2024-01-02T11:00" has no time zone, unlike the ones before.',
      /zone/,
    ],
    [
      "counts its rows instead of naming times",
      ",open,high,low,close\n0,1,1,1,1\n1,1,1,1,1\n",
      "bars.csv, line 2: the column without a name holds no times.",
      /timestamp/,
    ],
    [
      "is gzip that was cut off",
      gzipSync(HEADER.repeat(1000)).subarray(0, 60),
      "bars.csv cannot be unpacked: it ends too early (a download that was cut off?).",
      /again/,
    ],
    ["is damaged gzip", Buffer.concat([gzipSync("x").subarray(0, 10), Buffer.alloc(40, 7)]), /^bars\.csv cannot be unpacked: it is damaged/, /again/],
    ["is binary", Buffer.from([1, 2, 0, 0, 9, 9]), "bars.csv is not text, but binary.", /Parquet/],
    ["is a spreadsheet", Buffer.from("PK\u0003\u0004"), "bars.csv is not text: it is a spreadsheet or a zip archive.", /CSV/],
  ];
  for (const [name, content, message, remedy] of faults) {
    it(`that ${name} is refused in one sentence`, async () => {
      const fault = await faultOf(content);
      if (typeof message === "string") assert.equal(fault.message, message);
      else assert.match(fault.message, message);
      assert.match(fault.hint, remedy);
    });
  }

  it("that is not there, or a folder, is refused with the nearest name", async () => {
    await read(`${HEADER}2024-01-02,1,1,1,1,1\n`, "GOOG.csv");
    await assert.rejects(readFileDataset(join(folder, "GOGO.csv"), {}, signal), { code: "bad-csv", kind: "usage", hint: "Did you mean GOOG.csv?" });
    await assert.rejects(readFileDataset(folder, {}, signal), { code: "bad-csv", message: `${folder} is a folder, not a CSV file.` });
  });

  it("may be newest first, and says that it was read in reverse", async () => {
    const { series, warnings } = await read(`${HEADER}2024-01-04,3,3,3,3,3\n2024-01-03,2,2,2,2,2\n2024-01-02,1,1,1,1,1\n`);
    assert.deepEqual([[...series.close], series.time[0]], [[1, 2, 3], Date.UTC(2024, 0, 2)]);
    assert.deepEqual(warnings, ["The rows are newest first; they were read in reverse order."]);
  });

  it("says how many rows are there twice, and where", async () => {
    const row = (day: number) => `2024-01-0${day},1,1,1,1,1\n`;
    const { warnings } = await read(HEADER + row(2) + row(3) + row(3) + row(3) + row(4) + row(4));
    assert.deepEqual(warnings, ["3 duplicate rows repeat the row before, the first on line 4 (2024-01-03); a bar was used once."]);
  });

  it("has numbers as its country writes them, and doubt where they can be read in two ways", async () => {
    const closes = async (separator: string, prices: readonly string[]) => {
      const rows = prices.map((price, i) => [`2024-01-0${i + 2}`, price, price, price, price].join(separator));
      const { series, warnings = [] } = await read([["date", "open", "high", "low", "close"].join(separator), ...rows].join("\n"));
      return [...series.close, ...warnings.filter((text) => text.includes("two ways"))];
    };
    assert.deepEqual(await closes(";", ["1.234,5", "1.234", "950,25"]), [1234.5, 1234, 950.25]);
    assert.deepEqual(await closes("\t", ["1,234.5", "1,234", "950.25"]), [1234.5, 1234, 950.25]);
    assert.deepEqual(await closes(",", ['"1,234.50"', '"12,345,678"', "999"]), [1234.5, 12_345_678, 999]);
    assert.deepEqual(await closes(";", ["1 234,5", "1\u00a0234,5", "1'234"]), [1234.5, 1234.5, 1234]);
    const doubt = (as: string) => `Numbers such as "1,234" can be read in two ways; the comma was taken for ${as}.`;
    assert.deepEqual(await closes(";", ["1,234", "1,235"]), [1.234, 1.235, doubt("a decimal comma")]);
    assert.deepEqual(await closes(",", ['"1,234"', '"1,235"']), [1234, 1235, doubt("thousands")]);
    assert.equal(
      (await faultOf("date;open;high;low;close\n2024-01-02;1,5;1,5;1,5;1.5.5")).message,
      'bars.csv, line 2: close is "1.5.5", which is not a number.',
    );
  });

  it("has wall times in the zone that is given, right through both changes of the clock", async () => {
    const row = (time: string, i: number) => `${time},${i + 1},${i + 1},${i + 1},${i + 1}`;
    const file = (times: readonly string[]) => ["time,open,high,low,close", ...times.map(row)].join("\n");
    const inNewYork = async (...times: readonly string[]) => {
      const { series, info } = await read(file(times), "bars.csv", { timeZone: "America/New_York" });
      assert.equal(info.timeZone, "America/New_York");
      return [...series.time].map((ms) => new Date(ms).toISOString().slice(0, 16));
    };
    assert.deepEqual(await inNewYork("2024-03-10 01:30", "2024-03-10 03:00"), ["2024-03-10T06:30", "2024-03-10T07:00"]);
    const autumn = ["2024-11-03 00:30", "2024-11-03 01:00", "2024-11-03 01:30", "2024-11-03 01:00", "2024-11-03 01:30", "2024-11-03 02:00"];
    const instants = ["2024-11-03T04:30", "2024-11-03T05:00", "2024-11-03T05:30", "2024-11-03T06:00", "2024-11-03T06:30", "2024-11-03T07:00"];
    assert.deepEqual(await inNewYork(...autumn), instants);
    assert.deepEqual(await inNewYork(...autumn.toReversed()), instants, "newest first");
    assert.deepEqual(await inNewYork("1900-01-01 12:00", "2024-07-01T09:30:00Z".slice(0, 19)), ["1900-01-01T17:00", "2024-07-01T13:30"]);
    assert.deepEqual(await inNewYork("2024-07-01", "2024-07-02"), ["2024-07-01T00:00", "2024-07-02T00:00"], "a date is a date");
    const newYork = { timeZone: "America/New_York" };
    const twice = await faultOf(file(["2024-11-03 01:30", "2024-11-03 01:30"]));
    assert.match(twice.hint, /--tz/, "without a zone the hour is there twice");
    assert.match((await faultOf(file(["2024-03-10 02:30"]), newYork)).message, /line 2: the time 2024-03-10 02:30 does not exist in America\/New_York/);
    await assert.rejects(read("", "bars.csv", { timeZone: "America/New_Yrok" }), { code: "bad-time-zone", hint: "Did you mean America/New_York?" });
  });

  it("that is larger than memory is refused at once, with its size", async () => {
    const path = join(folder, "huge.csv");
    await writeFile(path, HEADER);
    await truncate(path, 10 * 2 ** 30); // sparse: takes no space
    await assert.rejects(readFileDataset(path, {}, signal), { code: "bad-csv", message: `${path} has 10.0 GB, but at most 1 GB can be read.` });
    await rm(path);
  });

  it("is bars in order or one sentence, whatever the bytes", async () => {
    const cell = fc.oneof(
      fc.constantFrom(
        "2024-01-02",
        "2024-01-03T10:00Z",
        "1704153600",
        "1e400",
        "-1",
        "0",
        "inf",
        "NaN",
        "",
        '"',
        '""',
        '"1,5"',
        "1,5",
        "1.5",
        "\u00a0",
        "\ufeff",
        "date",
        "close",
      ),
      fc.string({ maxLength: 6 }),
      fc.float().map(String),
    );
    const row = fc.tuple(fc.array(cell, { maxLength: 8 }), fc.constantFrom(",", ";", "\t")).map(([cells, separator]) => cells.join(separator));
    const header = fc.constantFrom(
      "date,open,high,low,close,volume",
      "time;open;high;low;close",
      "timestamp\topen\thigh\tlow\tclose",
      ",open,high,low,close",
      "date,time,open,high,low,close",
    );
    const text = fc
      .tuple(header, fc.array(row, { maxLength: 6 }), fc.constantFrom("\n", "\r\n", "\r"))
      .map(([head, rows, end]) => Buffer.from([head, ...rows].join(end)));
    const any = fc.oneof(
      text,
      fc.uint8Array({ maxLength: 200 }),
      text.map((bytes) => gzipSync(bytes)),
      text.map((bytes) => utf16(bytes.toString())),
      fc.tuple(text, fc.nat()).map(([bytes, at]) => gzipSync(bytes).subarray(0, at % 60)),
      fc.tuple(text, fc.nat(), fc.nat()).map(([bytes, at, byte]) => (bytes.length > 0 && (bytes[at % bytes.length] = byte % 256), bytes)),
    );
    await fc.assert(
      fc.asyncProperty(any, fc.constantFrom(undefined, "America/New_York"), async (bytes, timeZone) => {
        let dataset: Dataset;
        try {
          dataset = await read(bytes, "any.csv", timeZone === undefined ? {} : { timeZone });
        } catch (error) {
          assert.ok(error instanceof TradingError && error.kind === "usage" && error.code === "bad-csv", String(error));
          assert.match(error.message, /any\.csv/);
          return;
        }
        const { time, open, high, low, close, volume } = dataset.series;
        assert.ok(time.length > 0);
        for (let i = 0; i < time.length; i++) {
          assert.ok(i === 0 || (time[i] as number) > (time[i - 1] as number), "in order");
          assert.ok(
            [open, high, low, close].every((column) => Number.isFinite(column[i]) && (column[i] as number) > 0) && (high[i] as number) >= (low[i] as number),
          );
          assert.ok((volume[i] as number) >= 0 && Number.isFinite(volume[i]));
        }
      }),
      { numRuns: 500 },
    );
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
    const { series } = await readFileDataset(path, {}, signal);
    clearInterval(ticking);
    assert.deepEqual([series.time.length, series.timeframe], [150_000, "1Min"]);
    assert.ok(turns > 0, "the event loop had turns of its own");
    const caller = new AbortController();
    const reading = readFileDataset(path, {}, caller.signal);
    caller.abort(new TradingError("interrupted", "Enough.", { kind: "interrupted" }));
    await assert.rejects(reading, { code: "interrupted" });
  });
});
