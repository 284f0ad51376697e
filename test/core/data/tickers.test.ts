import assert from "node:assert/strict";
import fc from "fast-check";
import { createTickerReader } from "../../../src/core/data/tickers.ts";

const KNOWN = new Set([
  "A",
  "AAPL",
  "AI",
  "ALL",
  "AMC",
  "ARM",
  "BA",
  "BB",
  "BRK.B",
  "CEO",
  "DD",
  "GME",
  "GM",
  "IT",
  "KEY",
  "MU",
  "NOW",
  "NVDA",
  "ON",
  "T",
  "USA",
  "YOLO",
]);
const reader = createTickerReader(KNOWN);

function check(text: string, expected: readonly string[]): void {
  assert.deepEqual(reader.read(text), expected, text);
}

describe("symbols in posts", () => {
  it("are cashtags, always", () => {
    check("$GME and $amc, also $BRK.B or $BRK-B; $A and $AI too", ["GME", "AMC", "BRK.B", "A", "AI"]);
    check("Sold $ZZZZ, unknown but meant", ["ZZZZ"]);
    check("$GME's run, ($NVDA) $MU!", ["GME", "NVDA", "MU"]);
  });

  it("are bare capitals when they are known and no words", () => {
    check("GME beats NVDA; BA and MU fall. BRK.B, BRK-B holds.", ["GME", "NVDA", "BA", "MU", "BRK.B"]);
    check("gme and Nvda are not written as symbols", []);
    check("ZZZZ is not known", []);
  });

  it("are not words, abbreviations or jargon", () => {
    check("A CEO said IT is ALL about AI in the USA: my DD says YOLO, NOW or never, ON BB, KEY levels", []);
    check("I think THE ARM is T", ["ARM"]);
  });

  it("are not amounts, codes, parts of words or addresses", () => {
    check("$500, $5K, $1.5M, US$20, $$$", []);
    check("AT&T, F-150, P/E, GMX, xGME, GME2, MU_1, A.I., U.S.A", []);
    check("https://example.com/GME?x=$NVDA www.AAPL.com", []);
    check("$TOOLONGNAME $123ABC $GME1", []);
  });

  it("are each named once, in order, at most fifty of the first 20,000 characters", () => {
    check("GME $GME GME AAPL GME", ["GME", "AAPL"]);
    const many = Array.from({ length: 80 }, (_, i) => `$${String.fromCharCode(65 + (i % 26))}${String.fromCharCode(65 + Math.floor(i / 26))}Q`).join(" ");
    assert.equal(reader.read(many).length, 50);
    check(`${" ".repeat(20_000)}$GME`, []);
  });

  it("only ever come out of what was written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
        for (const symbol of reader.read(text)) assert.ok(text.toUpperCase().replaceAll("-", ".").includes(symbol));
      }),
    );
  });
});
