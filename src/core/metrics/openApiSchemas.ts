/** The bodies of the performance API as JSON Schema, for its OpenAPI document; the types are those of domain/performance.ts. */

const number = { type: "number" } as const;
const count = { type: "integer", minimum: 0 } as const;
const text = { type: "string" } as const;
const time = { type: "string", format: "date-time", description: "UTC." } as const;
const share = (description: string) => ({ type: "number", minimum: 0, maximum: 1, description });
const orNull = (schema: object) => ({ anyOf: [schema, { type: "null" }] });
const list = (items: object, description: string) => ({ type: "array", items, description });

/** Every property is there, always. */
function record(properties: Readonly<Record<string, object>>, description: string, optional: readonly string[] = []) {
  return { type: "object", description, properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}

function ref(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

export function bodySchemas() {
  const operationSummary = {
    operations: count,
    successRate: orNull(share("Null while nothing has run.")),
    latencyMs: orNull(ref("LagStats")),
    queueMs: orNull(ref("LagStats")),
    runMs: orNull(ref("LagStats")),
  };
  return {
    LagStats: record({ avg: number, p50: number, p95: number, p99: number, max: number }, "Milliseconds."),
    Operation: record(
      {
        operation: text,
        startedAt: { ...time, description: "When it was asked for, UTC." },
        queueMs: { type: "number", description: "Waiting for a worker." },
        runMs: number,
        ok: { type: "boolean" },
        error: orNull({ type: "string", description: "Its code." }),
      },
      "One operation that ended.",
    ),
    Metrics: record(
      { schema: { const: "quantdesk.metrics/1" }, metrics: list(ref("Operation"), "Oldest first."), queueDepth: count },
      "The last operations; at most 10,000 are kept.",
    ),
    OperationSummary: record(operationSummary, "Latency is from asking to answer: waiting (queueMs) and running (runMs). Percentiles are within 0.4 %."),
    MetricsSummary: record(
      {
        schema: { const: "quantdesk.metrics-summary/1" },
        ...operationSummary,
        opsPerSecond: orNull({ type: "number", description: "Between the first start and the last end that are kept." }),
        lagMs: ref("LagStats"),
        byOperation: { type: "object", additionalProperties: ref("OperationSummary") },
      },
      "Counts and percentiles since the last clear; the session's loop lag over the last seconds.",
    ),
    Alert: record(
      {
        code: { enum: ["loop-lag", "success-rate", "queue-filling", "low-throughput", "loop-blocked"] },
        value: number,
        limit: number,
        since: time,
        reason: { type: "string", description: "What is wrong and what helps, one sentence or two." },
      },
      "A limit that is passed.",
    ),
    Health: record(
      {
        schema: { const: "quantdesk.health/1" },
        status: { enum: ["ok", "degraded", "failing"] },
        reason: orNull({ type: "string", description: "Why it is not ok; null when it is." }),
        alerts: list(ref("Alert"), "Empty when it is ok."),
        workers: count,
        queue: record({ depth: count, capacity: count }, "Operations that wait, and that may."),
      },
      "The verdict, with what it rests on.",
    ),
    LatencySide: record({ lagMs: ref("LagStats"), opsPerSecond: number, successRate: share("Answers that were right.") }, "One of the two ways."),
    Latency: record(
      {
        schema: { const: "quantdesk.latency/1" },
        benchmark: { enum: ["feature-computation", "signal-generation"] },
        operations: count,
        barsPerOperation: count,
        before: ref("LatencySide"),
        after: ref("LatencySide"),
        speedup: { type: "number", description: "Throughput after over before." },
        workers: count,
        at: time,
      },
      "The same operations in the caller's loop (before) and offloaded (after).",
    ),
    Snapshot: record(
      { schema: { const: "quantdesk.performance/1" }, at: time, health: ref("Health"), summary: orNull(ref("MetricsSummary")) },
      "What the WebSocket pushes.",
    ),
    Cleared: record({ cleared: count }, "How many were forgotten."),
    Error: record(
      { schema: { const: "quantdesk.error/1" }, code: text, message: text, hint: { type: "string", description: "What to do." } },
      "Why a request was refused, or failed.",
      ["hint"],
    ),
  };
}
