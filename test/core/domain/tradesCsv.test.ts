import assert from "node:assert/strict";
import { tradesCsv } from "../../../src/core/domain/tradesCsv.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { request, sp500 } from "../backtest/givenBars.ts";

describe("The trades of a backtest as CSV", () => {
  const result = runBacktest(request({ name: "sma_cross" }), { definition: findStrategy("sma_cross"), hash: "" }, sp500());

  it("have one row each, with the numbers of the result", () => {
    const [head = "", ...rows] = tradesCsv(result).trimEnd().split("\r\n");
    assert.equal(rows.length, result.trades.length);
    const names = head.split(",");
    const cells = rows[0]?.split(",") ?? [];
    for (const name of ["entryTime", "exitTime", "entryPrice", "size", "pnl", "pnlPct"] as const)
      assert.equal(cells[names.indexOf(name)], String(result.trades[0]?.[name]));
  });

  it("keep a spreadsheet from running a name as a formula", () => {
    for (const name of ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1"]) {
      const [, row = ""] = tradesCsv({ ...result, strategy: name, trades: result.trades.slice(0, 1) }).split("\n");
      assert.match(row, /^1,"?'/);
    }
    const [, row = ""] = tradesCsv({ ...result, strategy: 'a "b", c', trades: result.trades.slice(0, 1) }).split("\n");
    assert.ok(row.startsWith('1,"a ""b"", c",'), row);
  });
});
