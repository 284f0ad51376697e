/** Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) for numbers that others count. */

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Counts per class: `counts[i]` is of values up to `bounds[i]`, the last one of those above. */
export interface Buckets {
  readonly labels?: Labels;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

export type MetricFamily =
  | { readonly type: "counter" | "gauge" | "summary"; readonly name: string; readonly help: string; readonly samples: readonly Sample[] }
  | { readonly type: "histogram"; readonly name: string; readonly help: string; readonly samples: readonly Buckets[] };

/** Families without a sample are left out. */
export function exposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => `# HELP ${family.name} ${escaped(family.help)}\n# TYPE ${family.name} ${family.type}\n${linesOf(family).join("\n")}\n`)
    .join("");
}

function linesOf(family: MetricFamily): readonly string[] {
  if (family.type === "histogram") return family.samples.flatMap((sample) => bucketLines(family.name, sample));
  return family.samples.map(({ labels, value }) => line(family.name, labels, value));
}

function bucketLines(name: string, { labels = {}, bounds, counts, sum }: Buckets): readonly string[] {
  let total = 0;
  const lines = counts.map((count, i) => {
    total += count;
    return line(`${name}_bucket`, { ...labels, le: i < bounds.length ? String(bounds[i]) : "+Inf" }, total);
  });
  return [...lines, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)];
}

function line(name: string, labels: Labels = {}, value: number): string {
  const inner = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text).replaceAll('"', '\\"')}"`);
  return `${name}${inner.length === 0 ? "" : `{${inner.join(",")}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
