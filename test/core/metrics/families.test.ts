import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { exposition } from "../../../src/core/metrics/exposition.ts";
import { brokerFamilies } from "../../../src/core/metrics/families.ts";
import { everything, everythingAsText } from "./givenFamilies.ts";
import { readPrometheus } from "./prometheusText.ts";

describe("metric families", () => {
  const samples = readPrometheus(exposition(everything()));
  const value = (name: string, labels: Record<string, string> = {}) =>
    samples.find((s) => s.name === name && Object.entries(labels).every(([key, text]) => s.labels[key] === text))?.value;

  it("are in base units: seconds and bytes", () => {
    assert.equal(value("quantdesk_event_loop_lag_seconds", { loop: "performance-api", quantile: "0.99" }), 0.004);
    assert.equal(value("quantdesk_broker_wait_seconds_total", { api: "data" }), 1.5);
    assert.equal(value("quantdesk_broker_lock_hold_seconds_total"), 0.7);
    assert.ok((value("process_resident_memory_bytes") ?? 0) > 1e6);
    assert.ok(Math.abs((value("process_start_time_seconds") ?? 0) - (Date.now() / 1000 - process.uptime())) < 5);
  });

  it("tell a broker's answer times per endpoint as a cumulative histogram", () => {
    const labels = { api: "trading", endpoint: "GET /v2/orders/:id" };
    assert.deepEqual(
      ["0.001", "0.1", "+Inf"].map((le) => value("quantdesk_broker_request_duration_seconds_bucket", { ...labels, le })),
      [1, 3, 4],
    );
    assert.equal(value("quantdesk_broker_request_duration_seconds_sum", labels), 2);
    assert.equal(value("quantdesk_broker_request_failures_total", labels), 1);
  });

  it("show a circuit's state as the one that is 1", () => {
    const states = (name: string, label: Record<string, string>) => ["closed", "open", "half-open"].map((state) => value(name, { ...label, state }));
    assert.deepEqual(states("quantdesk_broker_circuit", { api: "trading" }), [0, 0, 1]);
    assert.deepEqual(states("quantdesk_scanner_circuit", { scanner: "news" }), [0, 1, 0]);
  });

  it("count backtests by outcome", () => {
    assert.deepEqual(
      ["ok", "error", "timeout"].map((outcome) => value("quantdesk_backtests_total", { outcome })),
      [10, 1, 3],
    );
  });

  it("leave out the broker's before it was used", () => {
    assert.deepEqual(brokerFamilies(null), []);
  });

  it("have conventional names: counters end in _total, nothing else does, and each has a help text that ends", () => {
    for (const { name, type, help } of everything()) {
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.match(name, /^(quantdesk|process|nodejs)_[a-z_]+$/);
      assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kb|percent)(_|$)/);
      assert.match(help, /\.$/, name);
    }
  });

  it("keep any label's text apart from the format", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", "\n", "{", "}", ",", "=", "é") }), (text) => {
        const read = readPrometheus(exposition([{ type: "gauge", name: "quantdesk_x", help: `A ${text}`, samples: [{ labels: { of: text }, value: 1 }] }]));
        assert.equal(read[0]?.labels["of"], text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"'));
      }),
    );
  });

  // Registered only where Prometheus' own tool is installed (Debian: package prometheus).
  if (spawnSync("promtool", ["--version"]).error === undefined) {
    it("pass Prometheus' own check, together with the operations", async () => {
      const checked = spawnSync("promtool", ["check", "metrics"], { input: await everythingAsText(), encoding: "utf8" });
      assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    });
  }
});
