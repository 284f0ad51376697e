import assert from "node:assert/strict";
import fc from "fast-check";
import { buyStopCollar, sweepBook, volumeLimit } from "../../../src/core/domain/fills.ts";

describe("the book that an order walks", () => {
  const cents = fc.integer({ min: 500, max: 50_000 }).map((value) => value / 100);
  const shares = fc.integer({ min: 1, max: 50_000 });

  it("gives no more than is wanted, allowed and shown on ten levels, never better than the touch nor beyond the limit", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("buy" as const, "sell" as const),
        cents,
        fc.integer({ min: 0, max: 30 }),
        shares,
        shares,
        shares,
        (side, price, room, size, most, wanted) => {
          const sign = side === "buy" ? 1 : -1;
          const limit = Math.round((price + (sign * room) / 100) * 100) / 100;
          const swept = sweepBook(side, limit, { price, size, most }, wanted);
          assert.ok(swept.qty <= Math.min(wanted, most, 10 * size));
          assert.equal(swept.qty, Math.min(wanted, most, Math.min(10, room + 1) * size));
          assert.ok(sign * swept.price >= sign * price - 1e-9 && sign * swept.price <= sign * limit + 1e-9, `${swept.price}`);
          if (swept.qty <= size) assert.equal(swept.price, price);
          else assert.ok(sign * swept.price > sign * price);
        },
      ),
    );
  });

  it("makes a larger order dearer, level by level", () => {
    const at = (qty: number) => sweepBook("buy", Number.NaN, { price: 100, size: 100, most: Number.POSITIVE_INFINITY }, qty);
    assert.deepEqual(
      [at(100), at(200), at(1000), at(5000)],
      [
        { qty: 100, price: 100 },
        { qty: 200, price: 100.005 },
        { qty: 1000, price: 100.045 },
        { qty: 1000, price: 100.045 },
      ],
    );
  });

  it("takes a quarter of a bar's volume, and any quantity where none is known", () => {
    assert.deepEqual(
      [volumeLimit(1000), volumeLimit(2), volumeLimit(0), volumeLimit(Number.NaN)],
      [250, 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    );
  });

  it("keeps a touched buy stop within 4 % below $50 and 2.5 % above", () => {
    assert.deepEqual([buyStopCollar(40), buyStopCollar(50), buyStopCollar(100)], [41.6, 51.25, 102.5]);
  });
});
