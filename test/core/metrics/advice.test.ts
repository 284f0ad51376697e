import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { featureAdvice, type FeatureFigures } from "../../../src/core/metrics/advice.ts";

const WELL: FeatureFigures = { cores: 4, workers: 4, queueSize: 1000, lagP95Ms: 1, opsPerSecond: 800 };

describe("advice on feature computation", () => {
  it("is none when all is well", () => {
    assert.deepEqual(featureAdvice(WELL), []);
  });

  it("names the remedy of each entry of the troubleshooting guide, and of the tuning guide", () => {
    const guide = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "features.md"), "utf8");
    for (const [figures, advice, heading] of [
      [{ lagP95Ms: 10.1 }, /^High loop lag \(P95 10\.1 ms\).*fewer workers/, "**High loop lag**"],
      [{ opsPerSecond: 49 }, /^Low throughput \(49 a second\).*fewer bars/, "**Low throughput**"],
      [{ queueSize: 10 }, /"Task queue full"\. Raise it/, "**`Task queue full"],
      [{ workers: 9 }, /^features\.workers is 9 on 4 cores: give 4 for computing, at most 8/, "cores x 2"],
    ] as const) {
      const given = featureAdvice({ ...WELL, ...figures });
      assert.equal(given.length, 1);
      assert.match(given[0] as string, advice);
      assert.ok(guide.includes(heading), heading);
    }
  });

  it("takes the limits themselves as well", () => {
    assert.deepEqual(featureAdvice({ ...WELL, lagP95Ms: 10, opsPerSecond: 50, queueSize: 100 }), []);
  });
});
