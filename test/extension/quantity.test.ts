import assert from "node:assert/strict";
import { complaint, parsePrice, parseQuantity } from "../../src/extension/quantity.ts";

describe("a typed quantity", () => {
  const refuses = (text: string, words: RegExp) =>
    assert.throws(
      () => parseQuantity(text),
      (error: Error & { code?: string }) => words.test(error.message) && /bad-/.test(error.code ?? ""),
    );

  it("is a plain decimal number of shares", () => {
    assert.equal(parseQuantity(" 12.5 ").toFixed(), "12.5");
    assert.equal(parseQuantity("1000").toFixed(), "1000");
  });

  it("is refused as money, with leading zeros, a comma, a sign, an exponent, as nothing", () => {
    refuses("$100", /amount of money/);
    refuses("007", /leading zeros/);
    refuses("00.5", /leading zeros/);
    refuses("1,000", /comma/);
    refuses("-3", /above zero/);
    refuses("0", /above zero/);
    refuses("1e3", /plain decimal/);
    refuses("+5", /plain decimal/);
    refuses("", /plain decimal/);
    refuses("ten", /plain decimal/);
  });

  it("says under the input box what to write instead", () => {
    assert.match(complaint(parseQuantity, "$5") ?? "", /Write it like 10/);
    assert.equal(complaint(parseQuantity, "5"), undefined);
  });
});

describe("a typed price", () => {
  it("is a plain decimal above zero, and the refusal names it", () => {
    assert.equal(parsePrice("231.40", "Limit price").toFixed(), "231.4");
    assert.throws(() => parsePrice("0", "Limit price"), /Limit price/);
    assert.throws(() => parsePrice("1e2", "Stop price"), /Stop price/);
  });
});
