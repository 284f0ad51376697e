/** The order of a table's column, as the kernel makes it of a million rows and as a small table is sorted where it is shown. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { sortOrder } from "../../src/kernel/shown/sortOrder.ts";
import { cellOf, rowsSource } from "../../src/kernel/shown/tableSource.ts";
import { TableView } from "../../src/kernel/shown/tableView.ts";
import { orderedPlaces } from "../../src/webview/outputs/localRows.ts";

const signal = new AbortController().signal;
const number = fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 }), fc.constantFrom(-0, 0, Number.MIN_VALUE, Number.MAX_VALUE, 1e21));
const mixed = fc.oneof(
  number,
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.date({ noInvalidDate: false, min: new Date(-8.64e14), max: new Date(8.64e14) }),
  fc.constantFrom("", "a", "A", "b", "10", "9", "-2.50", "é", "𝒳", "9".repeat(300)),
  fc.constantFrom({ a: 1 }, [1, 2], new Map(), Symbol("s")),
);

async function order(values: readonly unknown[]): Promise<{ readonly places: number[]; readonly present: number }> {
  const { places, present } = await sortOrder(values.length, (row) => values[row], signal);
  return { places: [...places], present };
}

describe("the order of a column", () => {
  it("has every row once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mixed, { maxLength: 60 }), async (values) => {
        const { places } = await order(values);
        assert.deepEqual(
          places.toSorted((a, b) => a - b),
          values.map((_, i) => i),
        );
      }),
    );
  });

  it("of numbers is that of a comparison, equal ones as they were", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(number, { maxLength: 200 }), async (values) => {
        const { places, present } = await order(values);
        const there = [...values.keys()].filter((i) => !Number.isNaN(values[i]));
        const expected = there.toSorted((a, b) => (values[a] as number) - (values[b] as number) || a - b);
        // The difference of two infinities is no number: equal ones are compared by their places.
        const isInfinite = values.some((value) => !Number.isFinite(value));
        if (isInfinite)
          expected.sort((a, b) => ((values[a] as number) < (values[b] as number) ? -1 : (values[a] as number) > (values[b] as number) ? 1 : a - b));
        assert.deepEqual([places.slice(0, present), present], [expected, there.length]);
      }),
    );
  });

  it("of whole numbers beside big ones is exact", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), fc.maxSafeInteger()), { maxLength: 50 }), async (values) => {
        const { places } = await order(values);
        for (let i = 1; i < places.length; i++) assert.ok((values[places[i - 1] as number] as bigint) <= (values[places[i] as number] as bigint));
      }),
    );
  });

  it("is the same where a small table is shown and where a large one is kept, either way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mixed, { minLength: 1, maxLength: 40 }), fc.boolean(), async (values, descending) => {
        const source = rowsSource(values.map((v) => ({ v })));
        assert.ok(source);
        const sort = { column: 0, descending };
        const kept = [...((await new TableView(source).places(sort, "", signal)) ?? [])];
        const cells = values.map((value) => [cellOf(value)]);
        const shown = orderedPlaces(cells, sort, "");
        const texts = (places: readonly number[]) => places.map((i) => JSON.stringify(cells[i]).toLowerCase());
        assert.deepEqual(texts(shown), texts(kept));
      }),
    );
  });

  it("ends when nobody waits for it any more", async () => {
    const stop = new AbortController();
    const ordered = sortOrder(200_000, (row) => `text ${(row * 7919) % 200_003}`, stop.signal);
    stop.abort();
    await assert.rejects(ordered, { name: "AbortError" });
  });
});
