import assert from "node:assert/strict";
import type { KeptCombinations } from "../../../src/core/domain/ports.ts";
import { sensitivityOn, sensitivitySentence, sparkline } from "../../../src/core/domain/sensitivity.ts";

/** Every pair of `fast` and `slow`, with what `sharpe` says of it. */
function swept(
  fast: readonly number[],
  slow: readonly number[],
  sharpe: (fast: number, slow: number) => number,
  more: Partial<KeptCombinations> = {},
): KeptCombinations {
  const pairs = fast.flatMap((f) => slow.map((s) => [f, s] as const));
  const ratios = Float64Array.from(pairs, ([f, s]) => sharpe(f, s));
  const params = [Float64Array.from(pairs, ([f]) => f), Float64Array.from(pairs, ([, s]) => s)];
  const combinations = { names: ["fast", "slow"], params, sharpe: ratios } as unknown as KeptCombinations["combinations"];
  return { key: "k", at: 2, strategy: "sma_cross", dataset: "GOOG", datasetHash: "g", fixed: {}, combinations, ...more };
}

describe("the sensitivity of a parameter", () => {
  const plateau = (f: number, s: number) => 1 - Math.abs(f - 10) / 100 - Math.abs(s - 50) / 1000;

  it("is its Sharpe ratio along its values, and a plateau where the neighbours keep up", () => {
    const [found] = sensitivityOn([swept([5, 10, 15], [40, 50, 60], plateau)], "fast", { fast: 10, slow: 50 });
    assert.ok(found !== undefined);
    assert.deepEqual(
      found.values.map(({ value, sharpe }) => [value, Math.round((sharpe as number) * 100)]),
      [
        [5, 95],
        [10, 100],
        [15, 95],
      ],
    );
    assert.deepEqual([found.stability?.verdict, found.stability?.neighbours, found.tried, found.others], ["plateau", 8, 9, { slow: 50 }]);
    assert.match(sensitivitySentence(found), /^Sharpe 1\.00 on a plateau: 8 neighbours have 0\.9[45] in the middle\. 9 tried on GOOG\.$/);
    assert.equal(sparkline(found), "▁█▁");
  });

  it("is a spike where they do not", () => {
    const [found] = sensitivityOn([swept([5, 10, 15], [40, 50, 60], (f, s) => (f === 10 && s === 50 ? 2 : 0.1))], "fast", { fast: 10, slow: 50 });
    assert.equal(found?.stability?.verdict, "spike");
  });

  it("says so where the value was not tried, and takes the others of the best where theirs was not", () => {
    const [found] = sensitivityOn([swept([5, 10, 15], [40, 50, 60], plateau)], "fast", { fast: 12, slow: 55 });
    assert.ok(found !== undefined);
    assert.deepEqual([found.wasTried, found.sharpe, found.stability, found.others], [false, null, null, { slow: 50 }]);
    assert.match(sensitivitySentence(found), /fast 12 was not tried; fast 10 has a Sharpe ratio of 1\.00/);
  });

  it("joins sweeps over the same ground, keeps data sets apart, and leaves out other fixed values", () => {
    const kept = [
      swept([5, 10], [50], plateau, { at: 9 }),
      swept([10, 15], [50], plateau),
      swept([10, 20], [50], plateau, { key: "m", at: 5, dataset: "MSFT", datasetHash: "m" }),
      swept([10], [50], plateau, { key: "x", at: 99, dataset: "X", datasetHash: "x", fixed: { stop: 3 } }),
    ];
    const found = sensitivityOn(kept, "fast", { fast: 10, slow: 50, stop: 5 });
    assert.deepEqual(
      found.map(({ dataset, values }) => [dataset, values.map(({ value }) => value)]),
      [
        ["GOOG", [5, 10, 15]],
        ["MSFT", [10, 20]],
      ],
    );
    assert.deepEqual(sensitivityOn(kept, "stop", {}), []);
  });

  it("is null where a Sharpe ratio is undefined", () => {
    const [found] = sensitivityOn([swept([5, 10, 15], [50], (f) => (f === 10 ? Number.NaN : 1))], "fast", { fast: 10, slow: 50 });
    assert.deepEqual([found?.sharpe, found?.wasTried, found?.stability], [null, true, null]);
    assert.match(found === undefined ? "" : sensitivitySentence(found), /^Sharpe –\. 3 tried/);
    assert.equal(found === undefined ? "" : sparkline(found), "▄ ▄");
  });
});
