/**
 * A strict reader of Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/),
 * for tests: throws at the first line that breaks a rule, answers the samples.
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];
const SUFFIXES: Readonly<Record<string, readonly string[]>> = { histogram: ["_bucket", "_sum", "_count"], summary: ["", "_sum", "_count"] };

export function readPrometheus(text: string): readonly Sample[] {
  if (!text.endsWith("\n")) throw new Error("The last line does not end with a line feed.");
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const closed = new Set<string>();
  const seen = new Set<string>();
  let family = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (name !== family) {
        if (closed.has(name)) throw new Error(`The lines of ${name} are not together.`);
        closed.add(family);
        family = name;
      }
      if (kind === "HELP" && helped.has(name)) throw new Error(`Two HELP lines for ${name}.`);
      if (kind === "HELP") helped.add(name);
      if (kind === "TYPE" && (types.has(name) || !TYPES.includes(rest))) throw new Error(`Bad TYPE line: ${line}`);
      if (kind === "TYPE") types.set(name, rest);
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`Neither a sample nor a comment: ${line}`);
    const [, name, labelText, valueText] = sample as unknown as [string, string, string | undefined, string];
    const type = types.get(family);
    if (type === undefined || !(SUFFIXES[type] ?? [""]).some((suffix) => name === family + suffix))
      throw new Error(`${name} does not belong to ${family} (${type}).`);
    const labels = labelsOf(labelText ?? "");
    const value = valueText === "+Inf" ? Number.POSITIVE_INFINITY : valueText === "-Inf" ? Number.NEGATIVE_INFINITY : Number(valueText);
    if (Number.isNaN(value) && valueText !== "NaN") throw new Error(`Not a number: ${line}`);
    if (type === "counter" && value < 0) throw new Error(`A counter below zero: ${line}`);
    const key = name + JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(key)) throw new Error(`Twice: ${line}`);
    seen.add(key);
    samples.push({ name, labels, value });
  }
  checkBuckets(samples, types);
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/.exec(rest);
    if (label === null) throw new Error(`Bad labels: ${text}`);
    const [whole, name, value] = label as unknown as [string, string, string];
    if (name in labels) throw new Error(`The label ${name} twice: ${text}`);
    labels[name] = value;
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** Buckets rise, and the last one is +Inf and equals the count. */
function checkBuckets(samples: readonly Sample[], types: ReadonlyMap<string, string>): void {
  for (const [family, type] of types) {
    if (type !== "histogram") continue;
    for (const count of samples.filter((sample) => sample.name === `${family}_count`)) {
      const buckets = samples.filter(
        (sample) => sample.name === `${family}_bucket` && Object.entries(count.labels).every(([name, value]) => sample.labels[name] === value),
      );
      const values = buckets.map((bucket) => bucket.value);
      if (values.some((value, i) => i > 0 && value < (values[i - 1] as number))) throw new Error(`The buckets of ${family} fall.`);
      if (buckets.at(-1)?.labels["le"] !== "+Inf" || buckets.at(-1)?.value !== count.value) throw new Error(`The last bucket of ${family} is not its count.`);
    }
  }
}
