import assert from "node:assert/strict";
import fc from "fast-check";
import { isoTime } from "../../../src/core/backtest/isoTime.ts";

describe("A time as a text", () => {
  it("is what Date writes, in any year and to the millisecond", () => {
    const ms = fc.oneof(
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.integer({ min: -1e13, max: 1e13 }),
      fc.integer({ min: -40_000, max: 40_000 }).map((day) => day * 86_400_000),
    );
    fc.assert(
      fc.property(ms, (at) => assert.equal(isoTime(at), new Date(at).toISOString())),
      { numRuns: 2000 },
    );
    for (const text of ["2000-02-29T23:59:59.999Z", "1900-03-01T00:00:00.000Z", "1969-12-31T12:30:00.001Z"]) assert.equal(isoTime(Date.parse(text)), text);
  });
});
