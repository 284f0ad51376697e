import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { connect, createServer, type AddressInfo } from "node:net";
import { startPerformanceApi } from "../../../src/core/metrics/performanceApi.ts";
import { givenApi, TOKEN, type GivenApi } from "./givenApi.ts";
import { readPrometheus } from "./prometheusText.ts";

const signal = new AbortController().signal;

describe("the performance API", () => {
  let given: GivenApi;
  const call: GivenApi["call"] = (...request) => given.call(...request);

  beforeEach(async () => {
    given = await givenApi();
  });
  afterEach(() => given.end());

  it("answers metrics, the newest last_n of them, a summary, and clears", async () => {
    given.record(5);
    const all = await call("GET", "/api/performance/metrics");
    assert.equal(all.status, 200);
    assert.equal(all.json["schema"], "quantdesk.metrics/1");
    assert.equal(all.json["queueDepth"], 4);
    assert.equal((all.json["metrics"] as unknown[]).length, 5);
    const last = await call("GET", "/api/performance/metrics?last_n=2");
    assert.deepEqual(
      (last.json["metrics"] as Array<{ startedAt: string }>).map((m) => m.startedAt),
      ["1970-01-01T00:00:00.003Z", "1970-01-01T00:00:00.004Z"],
    );
    const summary = await call("GET", "/api/performance/metrics/summary");
    assert.deepEqual([summary.json["schema"], summary.json["operations"], summary.json["successRate"]], ["quantdesk.metrics-summary/1", 5, 1]);
    assert.deepEqual(Object.keys(summary.json["lagMs"] as object), ["avg", "p50", "p95", "p99", "max"]);
    assert.deepEqual((await call("POST", "/api/performance/metrics/clear")).json, { cleared: 5 });
    assert.deepEqual((await call("GET", "/api/performance/metrics")).json["metrics"], []);
  });

  it("answers health", async () => {
    const { status, json } = await call("GET", "/api/performance/health");
    assert.equal(status, 200);
    assert.equal(json["schema"], "quantdesk.health/1");
    assert.ok(["ok", "degraded"].includes(json["status"] as string));
    assert.deepEqual([json["workers"], json["queue"]], [2, { depth: 4, capacity: 1000 }]);
  });

  it("says that the session's loop stands while it stands", async () => {
    const { Worker } = await import("node:worker_threads");
    // Asked from another thread, since this one is about to stand still.
    const asker = new Worker(
      `
      const { parentPort, workerData } = require("node:worker_threads");
      parentPort.postMessage("started");
      setTimeout(async () => {
        const answer = await fetch(workerData.url + "/api/performance/health", { headers: { authorization: "Bearer " + workerData.token } });
        parentPort.postMessage(await answer.json());
      }, 100);`,
      { eval: true, workerData: { url: given.api.url, token: TOKEN }, env: {} },
    );
    try {
      await new Promise((resolve) => asker.once("message", resolve));
      const answered = new Promise<{ status: string; alerts: Array<{ code: string }> }>((resolve) => asker.once("message", resolve));
      const end = Date.now() + 3_500;
      while (Date.now() < end);
      const health = await answered;
      assert.equal(health.status, "failing");
      assert.deepEqual(
        health.alerts.map((a) => a.code),
        ["loop-blocked"],
      );
    } finally {
      await asker.terminate();
    }
  });

  it("runs benchmarks, lists and clears them", async () => {
    assert.equal((await call("POST", "/api/performance/benchmarks/feature-computation")).json["operations"], 100);
    assert.equal(
      (await call("POST", "/api/performance/benchmarks/signal-generation?num_operations=7", { "content-type": "application/json" })).json["operations"],
      7,
    );
    const list = JSON.parse((await call("GET", "/api/performance/benchmarks")).text) as Array<{ schema: string }>;
    assert.deepEqual(
      list.map((r) => r.schema),
      ["quantdesk.latency/1", "quantdesk.latency/1"],
    );
    assert.deepEqual((await call("POST", "/api/performance/benchmarks/clear", { "content-type": "application/json" }, "{}")).json, { cleared: 2 });
  });

  it("serves Prometheus text", async () => {
    given.record(3);
    const { status, type, text } = await call("GET", "/metrics");
    assert.equal(status, 200);
    assert.match(type, /^text\/plain; version=0\.0\.4/);
    assert.equal(readPrometheus(text).find((s) => s.name === "quantdesk_operations_total")?.value, 3);
  });

  it("refuses bad counts in one sentence", async () => {
    for (const [method, path] of [
      ["GET", "/api/performance/metrics?last_n=0"],
      ["GET", "/api/performance/metrics?last_n=-1"],
      ["GET", "/api/performance/metrics?last_n=abc"],
      ["GET", "/api/performance/metrics?last_n=1.5"],
      ["GET", "/api/performance/metrics?last_n="],
      ["GET", "/api/performance/metrics?last_n=1&last_n=2"],
      ["POST", "/api/performance/benchmarks/feature-computation?num_operations=5001"],
      ["POST", "/api/performance/benchmarks/signal-generation?num_operations=x"],
    ] as const) {
      const { status, json } = await call(method, path);
      assert.deepEqual([status, json["schema"], json["code"]], [400, "quantdesk.error/1", "bad-count"], path);
      assert.match(json["message"] as string, /(last_n|num_operations) is .*\.$/);
    }
  });

  it("refuses a body that is too long and a target that is none, and goes on", async () => {
    const long = await call("POST", "/api/performance/metrics/clear", { "content-type": "application/json" }, "x".repeat(20_000));
    assert.deepEqual([long.status, long.json["schema"], long.json["code"]], [413, "quantdesk.error/1", "bad-request"]);
    const undecodable = "/api/performance/%E0%A4%A";
    assert.deepEqual([(await call("GET", undecodable)).json["code"], (await call("GET", undecodable, { authorization: "" })).status], ["bad-request", 401]);
    assert.equal((await call("GET", `/api/performance/${"x".repeat(5_000)}`)).status, 404);
    assert.equal((await call("GET", "/api/performance/health")).status, 200);
  });

  it("cuts off a client that does not send its request, and serves others meanwhile", async function () {
    this.timeout(20_000);
    const { port } = new URL(given.api.url);
    const slow = connect(Number(port), "127.0.0.1");
    await once(slow, "connect");
    slow.write("GET /api/performance/health HTTP/1.1\r\nHost: ");
    const answer = text(slow);
    assert.equal((await call("GET", "/api/performance/health")).status, 200);
    assert.match(await answer, /^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/);
  });

  it("answers what is no request in one sentence, too", async () => {
    const { port } = new URL(given.api.url);
    for (const [sent, answer] of [
      ["no request\r\n\r\n", /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"code":"bad-request"/],
      [`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 [\s\S]*"code":"headers-too-long"/],
    ] as const) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.end(sent);
      assert.match(await text(socket), answer);
    }
  });

  it("serves three hundred clients at once", async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => call("GET", "/api/performance/metrics/summary")));
    assert.ok(answers.every(({ status }) => status === 200));
  });

  it("serves nobody without the token, under another name, or from another web page", async () => {
    const port = new URL(given.api.url).port;
    for (const [headers, status] of [
      [{ authorization: "" }, 401],
      [{ authorization: "Bearer wrong" }, 401],
      [{ authorization: `Basic ${TOKEN}` }, 401],
      [{ host: "evil.example" }, 403],
      [{ host: `evil.example:${port}` }, 403],
      [{ origin: "http://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ host: `localhost:${port}` }, 200],
      [{ origin: given.api.url }, 200],
    ] as const) {
      for (const path of ["/api/performance/health", "/metrics"]) {
        assert.equal((await call("GET", path, headers)).status, status, JSON.stringify(headers));
      }
    }
  });

  it("answers an unknown path and a wrong method with 404, still asking for the token first", async () => {
    assert.equal((await call("GET", "/api/performance/nothing")).json["code"], "unknown-route");
    assert.equal((await call("GET", "/api/performance/metrics/clear")).status, 404);
    assert.equal((await call("GET", "/nothing", { authorization: "" })).status, 401);
  });

  it("names a port that is in use, with the remedy", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      await assert.rejects(
        startPerformanceApi({ port, host: "127.0.0.1", token: TOKEN, source: given.performance.source }, signal),
        (error: { code: string; message: string; hint: string }) => {
          assert.deepEqual([error.code, error.message], ["port-in-use", `Port ${port} on 127.0.0.1 is in use by another program.`]);
          return /--port/.test(error.hint);
        },
      );
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  it("listens on loopback only", async () => {
    await assert.rejects(startPerformanceApi({ port: 0, host: "0.0.0.0", token: TOKEN, source: given.performance.source }, signal), { code: "not-loopback" });
  });

  it("is gone after close, and closes twice without harm", async () => {
    await Promise.all([given.api.close(), given.api.close()]);
    await given.api.closed;
    await assert.rejects(call("GET", "/metrics"), { code: "ECONNREFUSED" });
  });
});
