import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { resultsOf } from "../../bench/comparison.ts";
import { packageRoot } from "../../src/core/base/entry.ts";

function bench(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(packageRoot(), "bench", "run.ts"), ...args], { timeout: 60_000 }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

describe("npm run bench", () => {
  it("takes ratios within each round, so that a slow round does not count for one variant alone", () => {
    const results = resultsOf({ title: "t", unit: "ms", better: "lower", baseline: "a", note: "", samples: { a: [10, 100, 10], b: [5, 50, 5] } });
    assert.deepEqual(
      results.map((r) => [r.variant, r.median, r.ratio]),
      [
        ["a", 10, 1],
        ["b", 5, 2],
      ],
    );
    const rates = resultsOf({ title: "t", unit: "/s", better: "higher", baseline: "a", note: "", samples: { a: [10, 20], b: [40, 40] } });
    assert.equal(rates[1]?.ratio, 3);
  });

  it("names an unknown benchmark or flag and the nearest one, with exit code 2", async () => {
    const unknown = await bench("fetures");
    assert.deepEqual([unknown.code, unknown.out, unknown.err.trim()], [2, "", "There is no benchmark fetures. Did you mean features?"]);
    assert.equal((await bench("--jsn")).code, 2);
  });

  it("prints one JSON document with the ratios of the named benchmark", async () => {
    const { code, out } = await bench("scan", "--json");
    assert.equal(code, 0);
    const document = JSON.parse(out) as {
      schema: string;
      benchmarks: Array<{ name: string; comparisons: Array<{ baseline: string; variants: Array<{ variant: string; ratio: number }> }> }>;
    };
    assert.deepEqual([document.schema, document.benchmarks.map((b) => b.name)], ["quantdesk.bench/1", ["scan"]]);
    const [comparison] = document.benchmarks[0]?.comparisons ?? [];
    assert.equal(comparison?.variants.find((v) => v.variant === comparison.baseline)?.ratio, 1);
  });
});
