/** A data set out of a file of prices: CSV text, gzipped or not, or Parquet. */
import { basename } from "node:path";
import type { Dataset } from "../domain/bars.ts";
import { oddities } from "./oddities.ts";
import { readCsv } from "./csv.ts";
import { readParquet } from "./parquet.ts";
import { createPace } from "./pace.ts";
import { readSourceFile } from "./sourceFile.ts";
import { spanOf } from "./timeframe.ts";
import { timeZone } from "./timeZone.ts";

export interface FileOptions {
  /** IANA name of the zone of times that say none; UTC when absent. */
  readonly timeZone?: string;
}

/** Throws `bad-csv` with one sentence when the file cannot be used whole; what is odd but usable is in `warnings`. */
export async function readFileDataset(path: string, options: FileOptions, signal: AbortSignal): Promise<Dataset> {
  const zone = options.timeZone === undefined ? undefined : timeZone(options.timeZone);
  const pace = createPace(signal);
  const { name, bytes, format, sha256 } = await readSourceFile(path, signal, pace);
  const { series, warnings } = await (format === "parquet" ? readParquet : readCsv)({ bytes, path, name, ...(zone === undefined ? {} : { zone }) }, pace);
  return {
    series,
    info: {
      name,
      ...spanOf(series),
      sha256,
      source: `file ${basename(path)}`,
      adjustment: "as in the file",
      asOf: null,
      ...(zone === undefined ? {} : { timeZone: zone.name }),
    },
    warnings: [...warnings, ...(await oddities(series, Date.now(), pace))],
  };
}
