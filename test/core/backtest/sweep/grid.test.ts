import assert from "node:assert/strict";
import { chooseCombinations, parseGrid } from "../../../../src/core/backtest/sweep/grid.ts";
import { parseWhere } from "../../../../src/core/backtest/sweep/where.ts";

const ALL = { fixed: {}, method: "grid", seed: 1 } as const;

describe("the grid of a sweep", () => {
  const check = (text: string, expected: Readonly<Record<string, readonly number[]>>) =>
    assert.deepEqual(Object.fromEntries(parseGrid(text).map(({ name, values }) => [name, values])), expected);

  it("has ranges with their end, lists and single values", () => {
    check("fast=5:50:5,slow=20:200:60", { fast: [5, 10, 15, 20, 25, 30, 35, 40, 45, 50], slow: [20, 80, 140, 200] });
    check("a=1:4", { a: [1, 2, 3, 4] });
    check("a=1:10:4", { a: [1, 5, 9] });
    check("a=0.1:0.5:0.1", { a: [0.1, 0.2, 0.3, 0.4, 0.5] });
    check("a=-2:2:2, b=3|1|2 ,c=7", { a: [-2, 0, 2], b: [3, 1, 2], c: [7] });
    check("a=5:5:1", { a: [5] });
  });

  it("is refused with the part that is wrong", () => {
    const refuse = (text: string, message: RegExp) => assert.throws(() => parseGrid(text), { kind: "usage", message });
    refuse("", /empty part/);
    refuse("a=1:2,", /empty part/);
    refuse("a", /"a", which is not name=values/);
    refuse("a=1:2:0", /step of 0/);
    refuse("a=1:2:-1", /step of -1/);
    refuse("a=9:2:1", /ends before it begins/);
    refuse("a=1:2:3:4", /is no range/);
    refuse("a=x|2", /"x" for a, which is no number/);
    refuse("a=1|2|1", /the value 1 twice/);
    refuse("a=1,a=2", /gives a twice/);
    refuse("a=0:1e9:1", /1000000001 values/);
    refuse("__proto__=1:2", /not name=values/);
  });

  it("gives every combination once, the last name changing fastest", () => {
    const { names, count, columns } = chooseCombinations(parseGrid("a=1:2,b=10|20|30"), ALL);
    assert.deepEqual([names, count], [["a", "b"], 6]);
    assert.deepEqual([...columns[0]!], [1, 1, 1, 2, 2, 2]);
    assert.deepEqual([...columns[1]!], [10, 20, 30, 10, 20, 30]);
  });

  it("leaves out what does not meet the condition, which may name fixed parameters too", () => {
    const { columns } = chooseCombinations(parseGrid("a=1:4,b=1:4"), { ...ALL, where: "a < b and b <= most", fixed: { most: 3 } });
    assert.deepEqual(
      [...columns[0]!].map((a, i) => `${a}${columns[1]![i]}`),
      ["12", "13", "23"],
    );
    assert.throws(() => chooseCombinations(parseGrid("a=1:4"), { ...ALL, where: "a > 9" }), /None of the grid's 4 combinations/);
    assert.throws(() => chooseCombinations(parseGrid("a=1:4"), { ...ALL, fixed: { a: 3 } }), /in the grid and in the parameters/);
  });

  it("is refused when it is too large, with the way out", () => {
    assert.throws(() => chooseCombinations(parseGrid("a=1:2000,b=1:2000"), ALL), {
      kind: "usage",
      message: /4,000,000 combinations; at most 1,000,000/,
      hint: /random/,
    });
    assert.throws(() => chooseCombinations(parseGrid("a=1:9999,b=1:9999,c=1:9999"), ALL), /at most 1,000,000/);
  });

  it("is drawn from at random, none twice, the same with the same seed", () => {
    const axes = parseGrid("a=1:1000,b=1:1000,c=1:1000");
    const draw = (seed: number) => chooseCombinations(axes, { ...ALL, method: "random", trials: 500, seed, where: "a < b" });
    const one = draw(1);
    assert.equal(one.count, 500);
    assert.deepEqual(one, draw(1));
    assert.notDeepEqual(one, draw(2));
    const rows = new Set(Array.from({ length: 500 }, (_value, i) => one.columns.map((column) => column[i]).join()));
    assert.equal(rows.size, 500);
    assert.ok([...one.columns[0]!].every((a, i) => a < one.columns[1]![i]!));
    const few = chooseCombinations(parseGrid("a=1:5"), { ...ALL, method: "random", trials: 500 });
    assert.deepEqual([...few.columns[0]!.toSorted()], [1, 2, 3, 4, 5]);
  });
});

describe("a condition on parameters", () => {
  const check = (text: string, expected: boolean, values: readonly number[] = [5, 20]) =>
    assert.equal(parseWhere(text, ["fast", "slow"])(values), expected, text);

  it("compares, counts and joins", () => {
    check("fast<slow", true);
    check("slow <= fast", false);
    check("slow >= 20 and fast != 6", true);
    check("fast == 5 && !(slow > 20)", true);
    check("fast = 6 or slow = 20", true);
    check("not fast < slow", false);
    check("slow - 2 * fast > 9", true);
    check("slow - 2 * fast > 10", false);
    check("(slow - fast) % 10 == 5", true);
    check("-fast + slow / 4 == 0", true);
    check("fast < 1e1 AND .5 < slow", true);
    check("fast > 9 and fast < 1 or slow > 1", true);
  });

  it("is refused with what is wrong, and never run as code", () => {
    const refuse = (text: string, message: RegExp) => assert.throws(() => parseWhere(text, ["fast", "slow"]), { kind: "usage", message });
    refuse("", /it is empty/);
    refuse("fast", /needs a comparison/);
    refuse("fast <", /ends too early/);
    refuse("fast < slow slow", /"slow" does not fit/);
    refuse("1 < fast < 9", /two comparisons/);
    refuse("(fast < slow", /closing parenthesis/);
    refuse("fsat < slow", /names fsat/);
    refuse("fast < slow; process.exit()", /"; process" means nothing here|means nothing here/);
    refuse("constructor < 1", /names constructor/);
    refuse("(fast < slow) + 1 > 0", /where a number is needed/);
    refuse(`${"(".repeat(200)}fast < slow${")".repeat(200)}`, /nested too deeply/);
    refuse("fast < slow or ".repeat(100), /more than 1000/);
  });
});
