/** Bars for these tests: real ones from CSV files, and random walks. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { BacktestRequest } from "../../../src/core/domain/backtest.ts";
import type { BarSeries, Dataset } from "../../../src/core/domain/bars.ts";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const shared = join(root, "..", "shared");

/** Folder of the golden results of other engines; they exist beside a development clone only. */
export const goldenFolder = existsSync(join(shared, "golden")) ? join(shared, "golden") : undefined;

export function sharedCsv(name: string): Dataset {
  return csv(join(shared, "data", `${name}.csv`), name);
}

export function sp500(): Dataset {
  return csv(join(root, "node_modules", "vega-datasets", "data", "sp500-2000.csv"), "sample:sp500");
}

function csv(path: string, name: string): Dataset {
  const [head, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const names = (head as string).toLowerCase().split(",");
  const rows = lines.map((line) => line.split(","));
  const column = (...known: string[]) => {
    const at = names.findIndex((column) => known.includes(column));
    return Float64Array.from(rows, (row) => (known.includes("date") ? Date.parse(row[at] as string) : Number(row[at])));
  };
  return dataset(name, {
    time: column("date", "timestamp"),
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: column("volume"),
  });
}

type Columns = Pick<BarSeries, "time" | "open" | "high" | "low" | "close" | "volume">;

export function dataset(name: string, columns: Columns): Dataset {
  return {
    info: { name, bars: columns.time.length, from: null, to: null, sha256: name, source: "test", adjustment: "none", asOf: null },
    series: { symbol: name, timeframe: "unknown", simulated: false, ...columns },
  };
}

/** Daily bars from [open, high, low, close] rows. */
export function barsOf(rows: ReadonlyArray<readonly [number, number, number, number]>): Dataset {
  const column = (at: 0 | 1 | 2 | 3) => Float64Array.from(rows, (row) => row[at]);
  return dataset("rows", {
    time: Float64Array.from(rows, (_row, i) => i * 86_400_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: new Float64Array(rows.length),
  });
}

/** Random walks in cents with gaps, ties, flat stretches and bars without volume. */
export function randomBars(maxLength = 120): fc.Arbitrary<Dataset> {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -150, max: 150 }) },
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -3000, max: 3000 }) },
  );
  const bar = fc.record({ gap: step, move: step, up: fc.nat(80), down: fc.nat(80) });
  return fc.array(bar, { minLength: 1, maxLength }).map((steps) => {
    let last = 10_000;
    return barsOf(
      steps.map(({ gap, move, up, down }) => {
        const open = Math.max(100, last + gap);
        const close = Math.max(100, open + move);
        last = close;
        return [open / 100, (Math.max(open, close) + up) / 100, Math.max(1, Math.min(open, close) - down) / 100, close / 100] as const;
      }),
    );
  });
}

export function request(change: Partial<BacktestRequest> & { readonly name?: string } = {}): BacktestRequest {
  const { name, ...rest } = change;
  return {
    strategy: { kind: "builtin", name: name ?? "sma_cross" },
    params: {},
    data: "bars",
    engine: "auto",
    cash: 10_000,
    costs: { feeRate: 0, slippageBps: 0 },
    sizing: { kind: "all-in" },
    fill: "next-open",
    riskFree: 0,
    withEquity: false,
    ...rest,
  };
}
