import assert from "node:assert/strict";
import { seededRandom } from "../../../src/core/base/random.ts";

describe("seeded random numbers", () => {
  it("are the same sequence on every machine, and in every version", () => {
    const random = seededRandom("quantdesk");
    assert.deepEqual(
      Array.from({ length: 4 }, () => random.int(1_000_000)),
      [464_196, 143_000, 417_850, 500_497],
    );
  });

  it("are the same one by one and many at once", () => {
    const [one, many] = [seededRandom(7), seededRandom(7)];
    const places = new Int32Array(1000);
    for (const bound of [1, 2, 435, 2 ** 31 - 1]) {
      many.ints(bound, places);
      assert.deepEqual(
        [...places],
        Array.from(places, () => one.int(bound)),
      );
    }
    assert.equal(one.next(), many.next());
  });
});
