import assert from "node:assert/strict";
import { parseActions } from "../../../src/core/exchange/replayActions.ts";

const header = "symbol,ex_date,type,value";

describe("corporate-actions.csv", () => {
  it("holds splits and dividends in any order, with blank lines, either line end and a byte order mark", () => {
    const events = parseActions(`\uFEFF${header}\r\nKO,2024-03-14,dividend,0.485\r\n\r\nNVDA, 2021-07-20 ,split,4\r\nGE,2021-08-02,split,1:8\r\n`);
    assert.deepEqual(
      events.map((event) => [event.symbol, event.exDate, event.kind === "split" ? `${event.newRate}:${event.oldRate}` : event.rate]),
      [
        ["NVDA", "2021-07-20", "4:1"],
        ["GE", "2021-08-02", "1:8"],
        ["KO", "2024-03-14", 0.485],
      ],
    );
    assert.equal(parseActions(`${header}\nKO,2024-03-16,dividend,1`)[0]?.exDate, "2024-03-18", "a Saturday's event is Monday's");
  });

  it("is refused in one sentence that names the line", () => {
    for (const [line, said] of [
      ["NVDA,2021-07-20,split,0:1", /line 2: "0:1" is no ratio/],
      ["NVDA,2021-07-20,split,1e3", /no ratio/],
      ["NVDA,2021-07-20,split,-4", /no ratio/],
      ["NVDA,2021-07-20,split,9999:1", /no ratio/],
      ["NVDA,2021-13-20,split,4", /no date/],
      ["../x,2021-07-20,split,4", /no symbol/],
      ["NVDA,2021-07-20,gift,4", /neither split nor dividend/],
      ["KO,2024-03-14,dividend,NaN", /no amount/],
      ["KO,2024-03-14,dividend,0", /no amount/],
      ["KO", /no date/],
      ["KO,2024-03-14,dividend,1\nKO,2024-03-14,dividend,1", /two of KO's dividends/],
    ] as const)
      assert.throws(() => parseActions(`${header}\n${line}`), said, line);
    for (const text of ["", "symbol;ex_date", "\0\0\0"]) assert.throws(() => parseActions(text), /begins with/);
  });
});
