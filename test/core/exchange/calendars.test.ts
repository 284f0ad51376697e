import assert from "node:assert/strict";
import { type GivenExchange, givenExchange, type Json } from "./givenExchange.ts";

describe("the paper exchange's clocks and calendars", () => {
  let exchange: GivenExchange;
  before(async () => {
    exchange = await givenExchange();
  });
  after(() => exchange.end());

  it("lists every session from 1970 to 2029 in both generations of the calendar", async () => {
    const days = await exchange.get("/v2/calendar");
    assert.deepEqual([days[0].date, days.at(-1).date], ["1970-01-02", "2029-12-31"]);
    const week = await exchange.get("/v2/calendar?start=2026-11-23&end=2026-11-29");
    assert.deepEqual(
      week.map((day: Json) => [day.date.slice(-2), day.open, day.close, day.session_open, day.session_close, day.settlement_date.slice(-2)].join(" ")),
      ["23 09:30 16:00 0400 2000 24", "24 09:30 16:00 0400 2000 25", "25 09:30 16:00 0400 2000 27", "27 09:30 13:00 0400 1700 30"],
    );
    const settled = await exchange.get("/v2/calendar?start=2001-09-17&end=2001-09-17&date_type=SETTLEMENT");
    assert.deepEqual(
      settled.map((day: Json) => [day.date, day.settlement_date]),
      [["2001-09-06", "2001-09-17"]],
    );
    const { market, calendar } = await exchange.get("/v3/calendar/XNYS?start=2026-11-27&end=2026-11-27");
    assert.deepEqual(
      [market.acronym, market.mic, calendar[0].core_end, calendar[0].post_end],
      ["NYSE", "XNYS", "2026-11-27T13:00:00-05:00", "2026-11-27T17:00:00-05:00"],
    );
    const utc = (await exchange.get("/v3/calendar/NASDAQ?start=2026-07-01&end=2026-07-01&timezone=UTC")).calendar[0];
    assert.deepEqual([utc.pre_start, utc.core_start], ["2026-07-01T08:00:00Z", "2026-07-01T13:30:00Z"]);
    assert.equal((await exchange.get("/v3/calendar/NYSE")).calendar[0].date, "2026-11-20");
    for (const bad of ["/v3/calendar/LSE", "/v2/calendar?start=yesterday", "/v2/calendar?date_type=BOTH", "/v3/clock?markets=TSE"])
      assert.equal((await exchange.call("GET", bad)).status, 400, bad);
  });

  it("tells the phase of the market now and at any other time", async () => {
    const phaseAt = async (at: string) => {
      const [clock] = (await exchange.get(`/v3/clock?time=${encodeURIComponent(at)}`)).clocks;
      return `${clock.phase} until ${clock.phase_until}`;
    };
    assert.deepEqual(
      [
        await phaseAt("2026-11-25T08:00:00-05:00"),
        await phaseAt("2026-11-25T15:59:59-05:00"),
        await phaseAt("2026-11-25T16:00:00-05:00"),
        await phaseAt("2026-11-25T20:00:00-05:00"),
        await phaseAt("2026-11-26T12:00:00-05:00"),
        await phaseAt("2026-11-27T03:00:00-05:00"),
      ],
      [
        "pre until 2026-11-25T09:30:00-05:00",
        "core until 2026-11-25T16:00:00-05:00",
        "post until 2026-11-25T20:00:00-05:00",
        "closed until 2026-11-27T04:00:00-05:00",
        "closed until 2026-11-27T04:00:00-05:00",
        "closed until 2026-11-27T04:00:00-05:00",
      ],
    );
    const [nyse, nasdaq] = (await exchange.get("/v3/clock?markets=NYSE,XNAS")).clocks;
    assert.deepEqual([nyse.is_market_day, nyse.phase, nasdaq.market.acronym], [true, "core", "NASDAQ"]);
    assert.equal((await exchange.get("/v2/clock")).next_close, nyse.next_market_close);
  });
});
