/** The two bundled series: the real daily S&P 500 (in a clone only) and a seeded one that is marked SIMULATED. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { packageRoot } from "../base/entry.ts";
import { badInput } from "../base/errors.ts";
import { simulatedDailyBars } from "../domain/simulated.ts";
import { BAR_COLUMNS, type BarSeries, type Dataset } from "../domain/bars.ts";
import { readFileDataset } from "./fileDataset.ts";
import { spanOf } from "./timeframe.ts";

export const SAMPLE_NAMES = ["sample:sp500", "sample:simulated"] as const;
export type SampleName = (typeof SAMPLE_NAMES)[number];

const SIMULATED_SEED = "sample";
const SIMULATED_FROM = Date.UTC(2005, 0, 1);
const SIMULATED_TO = Date.UTC(2025, 0, 1);

export async function sampleDataset(name: SampleName, signal: AbortSignal): Promise<Dataset> {
  signal.throwIfAborted();
  switch (name) {
    case "sample:sp500": {
      // Columns date, open, high, low, close, adjclose, volume; the index pays nothing, so its close is as good as adjusted.
      const { series, info, warnings = [] } = await readFileDataset(sp500Path(), {}, signal);
      return { warnings, series: { ...series, symbol: "SP500" }, info: { ...info, name, source: "vega-datasets sp500-2000.csv", adjustment: "index" } };
    }
    case "sample:simulated": {
      const series: BarSeries = { ...simulatedDailyBars("SIMULATED", SIMULATED_SEED, SIMULATED_FROM, SIMULATED_TO), symbol: "SIMULATED", simulated: true };
      return {
        series,
        info: {
          name,
          ...spanOf(series),
          sha256: hashOfBars(series),
          source: "SIMULATED prices",
          adjustment: "none",
          asOf: null,
        },
      };
    }
  }
}

/** Hash of the columns and of what is applied to them, for series that are no file. */
export function hashOfBars(series: BarSeries): string {
  const bytes = BAR_COLUMNS.map((name) => new Uint8Array(series[name].buffer, series[name].byteOffset, series[name].byteLength));
  const { actions = [] } = series;
  return sha256(Buffer.concat(actions.length === 0 ? bytes : [...bytes, Buffer.from(canonicalJson(actions))]));
}

function sp500Path(): string {
  let path: string | undefined;
  try {
    const entry = createRequire(join(packageRoot(), "package.json")).resolve("vega-datasets");
    path = join(dirname(entry), "..", "data", "sp500-2000.csv");
  } catch {
    // not installed: the sentence below
  }
  if (path === undefined || !existsSync(path)) {
    throw badInput(
      "sample-missing",
      "sample:sp500 is not here: it is read from the development package vega-datasets, which only a clone has.",
      "Use sample:simulated, which is everywhere, or a CSV file.",
    );
  }
  return path;
}
