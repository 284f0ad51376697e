/** The search by tree-structured Parzen estimators, on functions whose best is known. */
import assert from "node:assert/strict";
import { seededRandom } from "../../../../src/core/base/random.ts";
import { parseGrid } from "../../../../src/core/backtest/sweep/grid.ts";
import { TreeParzen } from "../../../../src/core/backtest/sweep/tpe.ts";
import { trialsOf } from "../../../../src/core/backtest/sweep/trials.ts";
import { request } from "../givenBars.ts";

/** Runs the search for `trials` values of `score`, and answers all of them in the order tried. */
async function search(grid: string, trials: number, seed: number, score: (values: Readonly<Record<string, number>>) => number, where?: string) {
  const named = trialsOf({ grid, method: "tpe", trials, seed, request: request(), earlierTrials: 0, ...(where === undefined ? {} : { where }) })();
  const scores = new Float64Array(trials);
  let count = 0;
  for (;;) {
    const more = await named.next(scores.subarray(0, count));
    if (more === count) break;
    for (; count < more; count++) scores[count] = score(Object.fromEntries(named.names.map((name, at) => [name, named.columns[at]![count]!])));
  }
  return { scores: scores.slice(0, count), rows: Array.from({ length: count }, (_value, i) => named.columns.map((column) => column[i]!)) };
}

const hill = ({ a = 0, b = 0 }) => -(((a - 70) / 30) ** 2) - ((b - 20) / 30) ** 2 + 0.2 * Math.sin(a / 3);

describe("a search by what was found so far", () => {
  it("finds higher ground than as many random draws", async () => {
    const best = (values: Float64Array) => values.reduce((a, b) => Math.max(a, b));
    let [searched, drawn] = [0, 0];
    for (let seed = 1; seed <= 12; seed++) {
      searched += best((await search("a=1:100,b=1:100", 80, seed, hill)).scores);
      const random = seededRandom(seed);
      drawn += best(Float64Array.from({ length: 80 }, () => hill({ a: 1 + random.int(100), b: 1 + random.int(100) })));
    }
    assert.ok(searched / 12 > drawn / 12 + 0.01, `${searched / 12}, random ${drawn / 12}`);
  });

  it("tries nothing twice, keeps to the condition, and is the same for the same seed", async () => {
    const one = await search("a=1:30,b=1:30", 200, 7, hill, "a < b");
    const two = await search("a=1:30,b=1:30", 200, 7, hill, "a < b");
    assert.deepEqual(one, two);
    assert.equal(one.rows.length, 200);
    assert.equal(new Set(one.rows.map(String)).size, 200);
    for (const [a, b] of one.rows) assert.ok(a! < b!);
    assert.notDeepEqual((await search("a=1:30,b=1:30", 200, 8, hill, "a < b")).rows, one.rows);
  });

  it("ends when the grid has no more", async () => {
    const { rows } = await search("a=1:6,b=1|2|3", 100, 1, hill, "a > b");
    assert.equal(rows.length, 5 + 4 + 3);
  });

  it("needs no list of the grid: of 10 to the 20 combinations it tries those it was asked for", async () => {
    const grid = ["a", "b", "c", "d"].map((name) => `${name}=1:100000`).join(",");
    const { rows } = await search(grid, 60, 1, ({ a = 0 }) => -a);
    assert.equal(rows.length, 60);
  });

  it("goes on where most combinations have no score", async () => {
    const { rows, scores } = await search("a=1:50,b=1:50", 100, 3, ({ a = 0, b = 0 }) => (a > 10 ? Number.NaN : b));
    assert.equal(rows.length, 100);
    assert.ok(scores.some((score) => score >= 45));
  });

  it("refuses a condition that nothing meets", async () => {
    await assert.rejects(search("a=1:5,b=1:5", 10, 1, hill, "a > 100"), /No combination that was drawn meets "a > 100"/);
  });

  it("answers less than asked only at its end", async () => {
    const never = new TreeParzen(parseGrid("a=1:3"), () => true, 1);
    assert.equal((await never.next(2, new Float64Array(0))).length, 2);
    assert.equal((await never.next(5, new Float64Array(2))).length, 1);
    assert.equal((await never.next(5, new Float64Array(3))).length, 0);
  });
});
