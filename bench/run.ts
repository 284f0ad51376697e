/**
 * npm run bench [-- NAME…] [--json]: runs bench/NAME.bench.ts (all of them without a name) one after another.
 * Ratios against the baseline of the same run are what counts: absolute figures are this machine's, today.
 */
import { readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { TradingError, badInput } from "../src/core/base/errors.ts";
import { knownNames } from "../src/core/base/nearest.ts";
import { resultsOf, type Benchmark, type Comparison } from "./comparison.ts";

const ENDING = ".bench.ts";

interface Finished {
  readonly name: string;
  readonly description: string;
  readonly comparisons: readonly Comparison[];
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const json = args.includes("--json");
  const unknownFlag = args.find((arg) => arg.startsWith("-") && arg !== "--json");
  if (unknownFlag !== undefined) throw badInput("unknown-flag", `${unknownFlag} is not a flag of bench.`, "Known: --json.");
  const known = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
  const wanted = args.filter((arg) => !arg.startsWith("-"));
  for (const name of wanted) if (!known.includes(name)) throw badInput("unknown-benchmark", `There is no benchmark ${name}.`, knownNames(name, known));
  const finished: Finished[] = [];
  for (const name of wanted.length > 0 ? wanted : known) {
    signal.throwIfAborted();
    const { bench } = (await import(`./${name}${ENDING}`)) as { readonly bench: Benchmark };
    console.error(`${name}: ${bench.description} ...`);
    finished.push({ name, description: bench.description, comparisons: await bench.run(signal) });
  }
  console.log(json ? JSON.stringify(documentOf(finished)) : tableOf(finished));
}

function documentOf(finished: readonly Finished[]): unknown {
  return {
    schema: "quantdesk.bench/1",
    machine: { cores: availableParallelism(), cpu: cpus()[0]?.model ?? "unknown", node: process.versions.node, platform: process.platform },
    benchmarks: finished.map(({ name, description, comparisons }) => ({
      name,
      description,
      comparisons: comparisons.map((comparison) => ({
        title: comparison.title,
        unit: comparison.unit,
        better: comparison.better,
        baseline: comparison.baseline,
        note: comparison.note,
        variants: resultsOf(comparison),
      })),
    })),
  };
}

function tableOf(finished: readonly Finished[]): string {
  const rows = [["benchmark", "measured", "variant", "median", "lowest", "highest", "times better", "rounds"]];
  const notes: string[] = [];
  for (const { name, comparisons } of finished) {
    for (const comparison of comparisons) {
      for (const { variant, median, min, max, ratio, rounds } of resultsOf(comparison)) {
        const figure = (value: number) => `${value.toPrecision(3).includes("e") ? value.toFixed(0) : value.toPrecision(3)} ${comparison.unit}`;
        rows.push([
          name,
          comparison.title,
          variant,
          figure(median),
          figure(min),
          figure(max),
          variant === comparison.baseline ? "baseline" : ratio.toPrecision(3),
          String(rounds),
        ]);
      }
      notes.push(`${name}, ${comparison.title}: ${comparison.note}`);
    }
  }
  const widths = (rows[0] as string[]).map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const isText = (column: number) => column < 3;
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)))
      .join("  ")
      .trimEnd(),
  );
  return [
    ...lines,
    "",
    ...notes,
    `${availableParallelism()} cores, Node ${process.versions.node}. "Times better" is the median over the rounds of the ratio to the baseline of the same round.`,
  ].join("\n");
}

const controller = new AbortController();
const interrupt = () => controller.abort(new TradingError("interrupted", "Interrupted.", { kind: "interrupted" }));
process.once("SIGINT", interrupt);
process.once("SIGTERM", interrupt);
try {
  await main(process.argv.slice(2), controller.signal);
} catch (error) {
  const failure = TradingError.from(error, "bench-failed");
  console.error([failure.message, failure.hint].filter((line) => line !== undefined).join(" "));
  process.exitCode = { usage: 2, runtime: 1, refused: 3, interrupted: 130 }[failure.kind];
}
