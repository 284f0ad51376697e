/** The trace of an analysis in OpenTelemetry's JSON encoding (OTLP/JSON, opentelemetry-proto trace v1). Written to a file; sent nowhere. */
import { sha256 } from "../base/canonical.ts";
import type { Analysis } from "./research.ts";

export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 1;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: ReadonlyArray<{
    readonly key: string;
    readonly value: { readonly stringValue: string } | { readonly doubleValue: number } | { readonly boolValue: boolean };
  }>;
  readonly status: { readonly code: 1 | 2; readonly message?: string };
}

export interface Trace {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: TraceSpan["attributes"] };
    readonly scopeSpans: ReadonlyArray<{ readonly scope: { readonly name: string }; readonly spans: readonly TraceSpan[] }>;
  }>;
}

/** One span for the analysis, one for each analyst below it, one for each tool call below that. `endedAt`: UTC milliseconds. */
export function traceJson(analysis: Analysis, endedAt: number = Date.now()): Trace {
  const startedAt = endedAt - analysis.durationMs;
  const traceId = sha256(`${analysis.symbol} ${startedAt} ${JSON.stringify(analysis.opinions)}`).slice(0, 32);
  const spans: TraceSpan[] = [];
  const add = (
    parentSpanId: string,
    name: string,
    startMs: number,
    endMs: number,
    attributes: Readonly<Record<string, string | number | boolean>>,
    error: string | null = null,
  ): string => {
    const spanId = sha256(`${traceId} ${spans.length}`).slice(0, 16);
    const status = error === null ? { code: 1 as const } : { code: 2 as const, message: error };
    spans.push({
      traceId,
      spanId,
      parentSpanId,
      name,
      kind: 1,
      startTimeUnixNano: nanos(startedAt + startMs),
      endTimeUnixNano: nanos(startedAt + endMs),
      attributes: attributesOf(attributes),
      status,
    });
    return spanId;
  };
  const { symbol, action, confidence, simulated, cache } = analysis;
  const root = add("", `analyze ${symbol}`, 0, analysis.durationMs, {
    symbol,
    action,
    confidence,
    simulated,
    "cache.hits": cache.hits,
    "cache.misses": cache.misses,
  });
  for (const opinion of analysis.opinions) {
    const parent = add(root, `analyst ${opinion.analyst}`, opinion.startMs, opinion.endMs, { stance: opinion.stance, confidence: opinion.confidence });
    for (const tool of opinion.tools) add(parent, `tool ${tool.name}`, tool.startMs, tool.endMs, { cached: tool.cached }, tool.error);
  }
  return {
    resourceSpans: [
      { resource: { attributes: attributesOf({ "service.name": "quantdesk" }) }, scopeSpans: [{ scope: { name: "quantdesk.analysts" }, spans }] },
    ],
  };
}

/** Whole microseconds: a float64 of today's milliseconds holds no finer time. */
function nanos(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}

function attributesOf(values: Readonly<Record<string, string | number | boolean>>): TraceSpan["attributes"] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? { stringValue: value } : typeof value === "number" ? { doubleValue: value } : { boolValue: value },
  }));
}
