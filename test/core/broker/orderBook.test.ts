/** Fills in any order, repeated, before and after they are read: each share is told once. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Big } from "../../../src/core/base/decimal.ts";
import { OrderBook } from "../../../src/core/broker/orderBook.ts";
import { parseOrder, parseTradeUpdate } from "../../../src/core/broker/wire.ts";

const QTY_SOME = { min: 1, max: 50 };

function wire(qty: number, filled: number) {
  return {
    id: "o1",
    client_order_id: "c1",
    symbol: "AAPL",
    side: "buy",
    type: "limit",
    order_class: "",
    time_in_force: "day",
    status: filled === 0 ? "new" : filled === qty ? "filled" : "partially_filled",
    qty: String(qty),
    filled_qty: String(filled),
    filled_avg_price: filled === 0 ? null : "10",
    limit_price: "10",
    submitted_at: "2026-11-20T15:00:00Z",
  };
}

describe("the book of orders", () => {
  it("tells each share of an order once, in whatever order its fills, their repeats and looks at the order come", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(QTY_SOME), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(1000), { maxLength: 20 }),
        fc.nat(1000),
        (parts, draws, last) => {
          const qty = parts.reduce((sum, part) => sum + part, 0);
          const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part, 0));
          const book = new OrderBook();
          book.see(parseOrder(wire(qty, 0)));
          let told = new Big(0);
          const hear = (i: number) => {
            const end = ends[i] as number;
            const event = end === qty ? "fill" : "partial_fill";
            const update = parseTradeUpdate({ event, execution_id: `e${i}`, order: wire(qty, end), price: "10", qty: String(parts[i]) });
            told = told.plus(book.apply(update)?.qty ?? 0);
          };
          const look = (i: number) => {
            for (const update of book.reconcile([parseOrder(wire(qty, ends[i] as number))], 0)) told = told.plus(update.qty ?? 0);
          };
          for (const draw of draws) (draw % 3 === 0 ? look : hear)(draw % parts.length);
          // In the end everything has been heard, in some order, or read.
          const rest = parts.map((_, i) => i).sort((a, b) => ((a * 7919 + last) % 13) - ((b * 7919 + last) % 13));
          for (const i of rest) hear(i);
          for (const i of rest) hear(i);
          assert.equal(told.toNumber(), qty);
          assert.equal(book.get("o1")?.status, "filled");
          assert.equal(book.get("o1")?.filledQty.toNumber(), qty);
        },
      ),
    );
  });

  it("takes a message that names a trade and is no fill for none", () => {
    const book = new OrderBook();
    book.see(parseOrder(wire(10, 0)));
    book.apply(parseTradeUpdate({ event: "fill", execution_id: "e1", order: wire(10, 10), price: "10", qty: "10" }));
    const bust = parseTradeUpdate({ event: "trade_bust", execution_id: "e2", order: wire(10, 4), price: "10", qty: "6" });
    assert.deepEqual([bust.qty, bust.price], [null, null]);
    book.correct(bust.order);
    assert.deepEqual([book.get("o1")?.status, book.get("o1")?.filledQty.toFixed()], ["partially_filled", "4"]);
    // What fills anew is told anew.
    const again = book.apply(parseTradeUpdate({ event: "fill", execution_id: "e3", order: wire(10, 10), price: "11", qty: "6" }));
    assert.equal(again?.qty?.toFixed(), "6");
  });
});
