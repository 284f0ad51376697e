import assert from "node:assert/strict";
import fc from "fast-check";
import { Big } from "../../../src/core/base/decimal.ts";
import { attributeGap, GAP_PARTS, totalGap, type GapBook, type GapDay, type GapFill, type GapPart } from "../../../src/core/domain/gap.ts";

const big = (value: number | string) => new Big(value);
const fill = (more: Partial<Record<"qty" | "price" | "fee" | "market", number>> & { side?: "buy" | "sell"; at?: number } = {}): GapFill => ({
  symbol: "AAPL",
  side: more.side ?? "buy",
  qty: big(more.qty ?? 10),
  price: big(more.price ?? 100),
  fee: big(more.fee ?? 1),
  at: more.at ?? 1000,
  market: big(more.market ?? more.price ?? 100),
});
const book = (fills: readonly GapFill[], held = 0): GapBook => ({ fills, held: new Map([["AAPL", big(held)]]) });
const marks = (before: number, close: number) => new Map([["AAPL", { before: big(before), close: big(close) }]]);

/** A day on which everything went as in the backtest, but for what is said. */
const day = (more: Partial<GapDay> = {}): GapDay => ({
  date: "2024-03-04",
  now: book([fill()], 5),
  traded: more.now ?? book([fill()], 5),
  actual: more.now ?? book([fill()], 5),
  dataMarks: marks(98, 103),
  marketMarks: marks(98, 103),
  ...more,
});

describe("the gap between a day and its backtest", () => {
  /** The only part that is not zero. */
  const check = (given: GapDay, part: GapPart | null, dollars: number) => {
    const { parts, difference } = attributeGap(given);
    for (const name of GAP_PARTS) assert.equal(parts[name].toNumber(), name === part ? dollars : 0, name);
    assert.equal(difference.toNumber(), dollars);
  };

  it("is nothing when all went as in the backtest", () => {
    check(day(), null, 0);
    assert.equal(attributeGap(day()).backtest.toNumber(), 5 * 5 + 10 * 3 - 1);
  });

  it("is the code when only the strategy changed since", () =>
    check(day({ now: book([fill({ qty: 20, fee: 2 })], 5), traded: book([fill()], 5), actual: book([fill()], 5) }), "code", 29 - 58));

  it("is the data when only its prices are not the market's", () => {
    check(
      day({ now: book([fill({ price: 99, market: 100 })], 5), traded: book([fill({ price: 99, market: 100 })], 5), actual: book([fill()], 5) }),
      "data",
      -10,
    );
    check(day({ dataMarks: marks(98, 104) }), "data", -15);
  });

  it("is a missed fill when an order was not filled, only in part, or was never the strategy's", () => {
    check(day({ actual: book([], 5) }), "missed", -29);
    check(day({ actual: book([fill({ qty: 4, fee: 0.4 })], 5) }), "missed", -17.4);
    check(day({ actual: book([fill(), fill({ side: "sell", qty: 2, price: 101, fee: 0 })], 5) }), "missed", -4);
    check(day({ actual: book([fill()], 0) }), "missed", -25);
  });

  it("is timing when the market had moved by the time of the fill", () =>
    check(day({ actual: book([fill({ at: 9000, price: 101, market: 101 })], 5) }), "timing", -10));

  it("is slippage when the price paid was not the market's", () => check(day({ actual: book([fill({ price: 100.25, market: 100 })], 5) }), "slippage", -2.5));

  it("is slippage only beyond what the backtest had modelled", () => {
    const modelled = { ...fill({ price: 100.5, market: 100 }), slippage: big(0.5) };
    const given = { now: book([modelled], 5), traded: book([modelled], 5) };
    check(day({ ...given, actual: book([fill({ price: 100.5, market: 100 })], 5) }), null, 0);
    check(day({ ...given, actual: book([fill({ price: 100.75, market: 100 })], 5) }), "slippage", -2.5);
  });

  it("is fees when only those differ", () => check(day({ actual: book([fill({ fee: 0 })], 5) }), "fees", 1));

  it("adds up to the cent, whatever went wrong", () => {
    const cents = (min: number, max: number) => fc.integer({ min: min * 10_000, max: max * 10_000 }).map((value) => value / 10_000);
    const anyFill = fc
      .record({
        side: fc.constantFrom("buy" as const, "sell" as const),
        qty: cents(1, 50),
        price: cents(90, 110),
        market: cents(90, 110),
        fee: cents(0, 2),
        at: fc.nat(1e6),
      })
      .map(fill);
    const anyBook = fc.tuple(fc.array(anyFill, { maxLength: 5 }), cents(-20, 20)).map(([fills, held]) => book(fills, held));
    const anyMarks = fc.tuple(cents(90, 110), cents(90, 110)).map(([before, close]) => marks(before, close));
    fc.assert(
      fc.property(
        fc.array(fc.record({ now: anyBook, traded: anyBook, actual: anyBook, dataMarks: anyMarks, marketMarks: anyMarks }), { minLength: 1, maxLength: 3 }),
        (given) => {
          const days = given.map((one) => attributeGap({ date: "2024-03-04", ...one }));
          for (const { parts, difference, actual, backtest } of [...days, totalGap(days)]) {
            const sum = GAP_PARTS.reduce((total, part) => total.plus(parts[part]), big(0));
            assert.ok(sum.eq(difference) && difference.eq(actual.minus(backtest)));
            for (const part of GAP_PARTS) assert.ok(parts[part].times(100).mod(1).eq(0));
          }
        },
      ),
    );
  });
});
