import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { newYorkOffset, tradingDay, tradingDays, tradingMidnights } from "../../../src/core/domain/nyse.ts";

const hours = (date: string) => {
  const day = tradingDay(date);
  return day === undefined ? undefined : (day.close - day.midnight) / 3_600_000;
};

describe("the New York calendar", () => {
  it("has the number of sessions that each year had", () => {
    // 1990 to 2026, as the exchange counted them.
    const counts = [
      253, 253, 254, 253, 252, 252, 254, 253, 252, 252, 252, 248, 252, 252, 252, 252, 251, 251, 253, 252, 252, 252, 250, 252, 252, 252, 252, 251, 251, 252, 253,
      252, 251, 250, 252, 250, 251,
    ];
    assert.deepEqual(
      counts.map((_, i) => tradingDays(`${1990 + i}-01-01`, `${1990 + i}-12-31`).length),
      counts,
    );
  });

  it("trades on the very days on which the S&P 500 was recorded", () => {
    const path = join(import.meta.dirname, "..", "..", "..", "node_modules", "vega-datasets", "data", "sp500-2000.csv");
    const dates = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",")[0] as string);
    assert.ok(dates.length > 5000);
    assert.deepEqual(
      tradingDays(dates[0] as string, dates.at(-1) as string).map(({ date }) => date),
      dates,
    );
  });

  it("is shut on holidays as they were kept, and on days of mourning, storm and attack", () => {
    const shut = [
      ...[
        "1970-02-23",
        "1970-07-03",
        "1971-02-15",
        "1971-12-24",
        "1972-11-07",
        "1976-11-02",
        "1980-11-04",
        "1972-12-28",
        "1973-01-25",
        "1977-07-14",
        "1985-09-27",
      ],
      ...["1994-04-27", "1998-01-19", "2001-09-11", "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09"],
      ...[
        "2022-06-20",
        "2023-01-02",
        "2026-04-03",
        "2026-06-19",
        "2026-07-03",
        "2026-11-21",
        "2026-11-26",
        "2026-12-25",
        "2027-06-18",
        "2027-12-24",
        "2029-03-30",
      ],
    ];
    for (const date of shut) assert.equal(tradingDay(date), undefined, date);
    const open = [
      "1970-05-29",
      "1971-12-31",
      "1984-11-06",
      "1997-01-20",
      "1999-12-31",
      "2001-09-10",
      "2001-09-17",
      "2010-12-31",
      "2021-06-18",
      "2021-12-31",
      "2027-12-31",
    ];
    for (const date of open) assert.equal(tradingDay(date)?.date, date);
  });

  it("knows half days and sessions cut short", () => {
    const closes: Record<string, number> = {
      "1974-12-24": 14,
      "1987-10-28": 14,
      "1987-11-10": 15.5,
      "1991-11-29": 16,
      "1992-11-27": 14,
      "1993-11-26": 13,
      "1994-07-01": 16,
      "1995-07-03": 13,
      "1996-07-05": 13,
      "1996-12-24": 13,
      "1997-10-27": 15.5,
      "1997-12-26": 13,
      "2002-07-03": 16,
      "2002-07-05": 13,
      "2003-12-26": 13,
      "2013-07-03": 13,
      "2013-07-05": 16,
      "2019-07-03": 13,
      "2024-12-24": 13,
      "2025-07-03": 13,
      "2026-11-27": 13,
      "2028-07-03": 13,
      "2029-12-24": 13,
    };
    assert.deepEqual(Object.fromEntries(Object.keys(closes).map((date) => [date, hours(date)])), closes);
  });

  it("keeps the time that New York kept, summer and winter", () => {
    const zone = new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", timeZoneName: "longOffset" });
    const offsetOf = (at: number) => {
      const name = zone.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
      return Number(/GMT([+-]\d\d)/.exec(name)?.[1]) * 3_600_000;
    };
    for (let at = Date.UTC(1970, 0, 1); at < Date.UTC(2030, 0, 1); at += 23 * 3_600_000)
      assert.equal(newYorkOffset(at), offsetOf(at), new Date(at).toISOString());
    assert.equal(new Date(tradingDay("2026-11-20")?.open ?? 0).toISOString(), "2026-11-20T14:30:00.000Z");
    assert.equal(new Date(tradingDay("1974-02-04")?.open ?? 0).toISOString(), "1974-02-04T13:30:00.000Z");
  });

  it("gives the same days one by one, together and as midnights", () => {
    const day = fc.integer({ min: 0, max: 21_900 }).map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10));
    fc.assert(
      fc.property(day, (date) => {
        const to = new Date(Date.parse(date) + 40 * 86_400_000).toISOString().slice(0, 10);
        const days = tradingDays(date, to);
        assert.deepEqual(
          days,
          days.map((one) => tradingDay(one.date)),
        );
        assert.deepEqual(
          tradingMidnights(date, to),
          days.map(({ midnight }) => midnight),
        );
      }),
      { numRuns: 50 },
    );
  });
});
