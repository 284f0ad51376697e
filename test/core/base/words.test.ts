import assert from "node:assert/strict";
import { canonicalJson, sha256 } from "../../../src/core/base/canonical.ts";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { decimalText, parseDecimal } from "../../../src/core/base/decimal.ts";
import { nearest } from "../../../src/core/base/nearest.ts";
import { seededRandom } from "../../../src/core/base/random.ts";

describe("canonical JSON", () => {
  it("does not depend on the order of keys", () => {
    assert.equal(canonicalJson({ b: 1, a: { d: [2, { y: 1, x: 2 }], c: undefined } }), '{"a":{"d":[2,{"x":2,"y":1}]},"b":1}');
    assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("decimals", () => {
  for (const bad of ["$5", "010", "1e3", "", " 1", "1.", ".5", "Infinity", "0x10", "1,000"]) {
    it(`refuses ${JSON.stringify(bad)}`, () => assert.throws(() => parseDecimal(bad, "The quantity"), /is not a plain decimal number/));
  }
  it("keeps every digit", () =>
    assert.equal(decimalText(parseDecimal("0.000000001", "The quantity").plus(parseDecimal("12345678901234567890", "n"))), "12345678901234567890.000000001"));
});

describe("nearest name", () => {
  it("finds a typo and stays silent on a stranger", () => {
    assert.equal(nearest("sma_corss", ["sma_cross", "breakout"]), "sma_cross");
    assert.equal(nearest("xyzzy", ["sma_cross", "breakout"]), undefined);
    assert.equal(nearest("A", ["T", "F"]), undefined, "nothing of it would be left");
    assert.equal(nearest("x".repeat(1_000_000), ["sma_cross"], { anyDistance: true }), undefined, "no name is as long");
    assert.equal(nearest("close", ["x".repeat(1_000_000), "closs"]), "closs", "nor is one of a file compared that is");
  });
});

describe("a child's environment", () => {
  it("has no key, whatever ours holds", () => {
    process.env["APCA_API_SECRET_KEY"] = "secret";
    try {
      assert.equal(
        Object.keys(childEnv()).some((name) => /KEY|TOKEN|SECRET/.test(name)),
        false,
      );
      assert.equal(childEnv({ A: "1" })["A"], "1");
    } finally {
      delete process.env["APCA_API_SECRET_KEY"];
    }
  });
});

describe("seeded random numbers", () => {
  it("repeat with their seed and differ between forks", () => {
    const take = (seed: number) =>
      Array.from(
        { length: 5 },
        (() => {
          const r = seededRandom(seed);
          return () => r.next();
        })(),
      );
    assert.deepEqual(take(1), take(1));
    assert.notDeepEqual(take(1), take(2));
    assert.notEqual(seededRandom(1).fork("a").next(), seededRandom(1).fork("b").next());
  });
  it("are uniform and normal enough", () => {
    const random = seededRandom("moments");
    const uniform = Array.from({ length: 20_000 }, () => random.next());
    const normal = Array.from({ length: 20_000 }, () => random.normal());
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    assert.ok(Math.abs(mean(uniform) - 0.5) < 0.01);
    assert.ok(Math.abs(mean(normal)) < 0.03);
    assert.ok(Math.abs(mean(normal.map((x) => x * x)) - 1) < 0.05);
  });
});
