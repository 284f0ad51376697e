/** The performance API described as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0); served at /api/performance/openapi.json. */
import { STREAM_PATH, STREAM_PROTOCOL, TOKEN_PROTOCOL } from "./apiNames.ts";
import { bodySchemas } from "./openApiSchemas.ts";

type SchemaName = keyof ReturnType<typeof bodySchemas>;

const API = "/api/performance";

/** `version` is the product's. */
export function openApiDocument(version: string) {
  const health = get("health", "The verdict and its alerts", { answer: json("Health") });
  return {
    openapi: "3.1.0",
    info: {
      title: "Quantdesk performance API",
      version,
      description: "What a session measures of itself. It listens on this machine only; every request but the page's needs the token.",
      license: { name: "MIT", identifier: "MIT" },
    },
    // Relative to where the document was read: the port is whatever the server got.
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths: {
      [`${API}/metrics`]: get("metrics", "The newest operations", {
        parameters: [query("last_n", "At most so many; all that are kept when absent.", { type: "integer", minimum: 1 })],
        answer: json("Metrics"),
        errors: [400],
      }),
      [`${API}/metrics/summary`]: get("metricsSummary", "Counts, success, throughput, percentiles and lag", { answer: json("MetricsSummary") }),
      [`${API}/metrics/clear`]: post("clearMetrics", "Forgets the operations; counters of /metrics go on", { answer: json("Cleared") }),
      [`${API}/benchmarks`]: get("benchmarks", "The reports of this session, oldest first", {
        answer: { "application/json": { schema: { type: "array", items: schemaRef("Latency") } } },
      }),
      [`${API}/benchmarks/feature-computation`]: benchmark("runFeatureBenchmark", "Computes features in the loop, and offloaded"),
      [`${API}/benchmarks/signal-generation`]: benchmark("runSignalBenchmark", "Generates signals in the loop, and offloaded"),
      [`${API}/benchmarks/clear`]: post("clearBenchmarks", "Forgets the reports", { answer: json("Cleared") }),
      [`${API}/health`]: health,
      [`${API}/openapi.json`]: get("openApi", "This document", { answer: { "application/json": { schema: { type: "object" } } } }),
      [STREAM_PATH]: {
        get: {
          operationId: "stream",
          summary: "A WebSocket that pushes a snapshot at once and then every second",
          description:
            `The token comes in the Authorization header or, from a browser, as the subprotocol ${TOKEN_PROTOCOL}TOKEN ` +
            `(TOKEN as it is, or in base64url) beside ${STREAM_PROTOCOL}. Each text message is a Snapshot. Nothing is read from the client.`,
          responses: {
            "101": { description: "Snapshots follow as messages, each as the schema Snapshot says." },
            ...failures([401, 403, 426, 503]),
          },
        },
      },
      "/metrics": get("prometheus", "The same in Prometheus' text format", { answer: { "text/plain": { schema: { type: "string" } } } }),
      "/": {
        get: {
          operationId: "page",
          summary: "The dashboard page; it holds no data and asks for the token",
          security: [],
          responses: { "200": { description: "The page.", content: { "text/html": { schema: { type: "string" } } } }, ...failures([403]) },
        },
      },
    },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "Of QUANTDESK_TOKEN, or the token file that `quantdesk serve` names." } },
      schemas: bodySchemas(),
    },
  };
}

interface Shape {
  readonly parameters?: readonly object[];
  /** By media type. */
  readonly answer: object;
  /** Beside those that every request may meet. */
  readonly errors?: readonly number[];
}

function get(operationId: string, summary: string, shape: Shape) {
  return { get: operation(operationId, summary, shape) };
}

function post(operationId: string, summary: string, shape: Shape) {
  return { post: operation(operationId, summary, shape) };
}

function benchmark(operationId: string, summary: string) {
  return post(operationId, `${summary}; one at a time`, {
    parameters: [query("num_operations", "All asked for at once.", { type: "integer", minimum: 1, maximum: 5000, default: 100 })],
    answer: json("Latency"),
    errors: [400, 409],
  });
}

function operation(operationId: string, summary: string, { parameters, answer, errors = [] }: Shape) {
  return {
    operationId,
    summary,
    ...(parameters === undefined ? {} : { parameters }),
    responses: { "200": { description: summary, content: answer }, ...failures([...errors, 401, 403, 503]) },
  };
}

function query(name: string, description: string, schema: object) {
  return { name, in: "query", required: false, description, schema };
}

function json(name: SchemaName) {
  return { "application/json": { schema: schemaRef(name) } };
}

function schemaRef(name: SchemaName) {
  return { $ref: `#/components/schemas/${name}` };
}

const REASONS: Readonly<Record<number, string>> = {
  400: "A count that is none, or out of range.",
  401: "The token is missing or wrong.",
  403: "Another host name, or another web page.",
  409: "A benchmark is running already.",
  426: "It is a WebSocket, and this was a plain request.",
  503: "The session does not answer in time, is closing, or has too much to do.",
};

function failures(statuses: readonly number[]) {
  return Object.fromEntries(statuses.map((status) => [String(status), { description: REASONS[status] ?? "Refused.", content: json("Error") }]));
}
