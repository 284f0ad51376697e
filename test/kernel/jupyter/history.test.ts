import assert from "node:assert/strict";
import fc from "fast-check";
import { History } from "../../../src/kernel/jupyter/history.ts";

describe("kernel: history as Jupyter's consoles search it", () => {
  const found = (pattern: string, ...inputs: readonly string[]): unknown[] => {
    const history = new History();
    inputs.forEach((input, i) => history.add(i + 1, input));
    return history.answer({ hist_access_type: "search", pattern, n: 100 }).map(([, , input]) => input);
  };

  it("finds what a glob means", () => {
    assert.deepEqual(found("a*b?", "ab1", "axxb2", "ab", "xab1", "a\nb\n"), ["ab1", "axxb2", "a\nb\n"]);
    assert.deepEqual(found("*", "", "any"), ["", "any"]);
    assert.deepEqual(found("[.]+", "[.]+", "."), ["[.]+"]);
  });

  it("agrees with the regular expression that a glob is", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }), (pattern, text) => {
        const expected = new RegExp(`^${pattern.replaceAll("?", ".").replace(/\*+/g, ".*")}$`, "s").test(text);
        assert.equal(found(pattern, text).length === 1, expected);
      }),
    );
  });

  it("ends for a pattern of many stars", () => {
    assert.deepEqual(found(`${"*?".repeat(500)}z`, "a".repeat(5000)), []);
  });
});
