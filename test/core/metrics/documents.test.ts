import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HEALTH_LIMITS } from "../../../src/core/metrics/health.ts";
import { everythingAsText } from "./givenFamilies.ts";

const DOCS = join(import.meta.dirname, "..", "..", "..", "docs");

describe("documents about the metrics", () => {
  /** Names of families, as the TYPE lines have them. */
  let exposed: ReadonlySet<string>;
  before(async () => {
    exposed = new Set([...(await everythingAsText()).matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string));
  });
  const named = (text: string) =>
    new Set([...text.matchAll(/\b(?:quantdesk|process|nodejs)_[a-z_]+\b/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, "")));

  it("list every metric, and none that is not there", () => {
    const table = /## Metrics\n([\s\S]*?)\n## /.exec(readFileSync(join(DOCS, "features.md"), "utf8"))?.[1] ?? "";
    assert.deepEqual([...named(table)].sort(), [...exposed].sort());
  });

  it("draw in the Grafana dashboard only what there is, each panel something of its own", () => {
    const dashboard = JSON.parse(readFileSync(join(DOCS, "grafana-dashboard.json"), "utf8")) as {
      readonly panels: ReadonlyArray<{
        readonly id: number;
        readonly title: string;
        readonly type: string;
        readonly targets?: ReadonlyArray<{ readonly expr: string }>;
      }>;
    };
    const drawn = dashboard.panels.filter(({ type }) => type !== "row");
    assert.ok(drawn.length >= 10);
    assert.equal(new Set(drawn.map(({ title }) => title)).size, drawn.length);
    for (const { title, targets = [] } of drawn) {
      assert.ok(targets.length > 0, title);
      for (const { expr } of targets) {
        const names = [...named(expr)];
        assert.ok(names.length > 0, expr);
        for (const name of names) assert.ok(exposed.has(name), `${title}: ${name} is not exposed`);
      }
    }
  });

  it("scrape the path that is served, with the token from a file", () => {
    const config = readFileSync(join(DOCS, "prometheus.yml"), "utf8");
    assert.match(config, /metrics_path: \/metrics\n/);
    assert.match(config, /credentials_file: \S+/);
    assert.match(config, /targets: \["127\.0\.0\.1:8000"\]/);
  });

  it("raise with Prometheus' rules the alerts of health, at its limits", () => {
    const rules = readFileSync(join(DOCS, "quantdesk-alerts.yml"), "utf8");
    const names = [...named(rules)];
    assert.ok(names.length >= 4);
    for (const name of names) assert.ok(exposed.has(name), name);
    for (const limit of [
      `> ${HEALTH_LIMITS.lagP95Ms / 1000}`,
      `< ${HEALTH_LIMITS.successRate}`,
      `> ${HEALTH_LIMITS.queueShare}`,
      `< ${HEALTH_LIMITS.opsPerSecond}`,
    ])
      assert.ok(rules.includes(limit), limit);
  });
});
