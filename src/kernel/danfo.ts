/**
 * Bars as a danfojs DataFrame, and back. The package is the notebook's own (notebooks/package.json): it is looked for in
 * the notebook's folder, and loaded at the first use, since it brings TensorFlow with it.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { badInput, TradingError } from "../core/base/errors.ts";
import type { BarColumns } from "./barFrame.ts";
import type { DanfoFrame, FromDanfoOptions } from "./deskTypes.d.ts";

type DataFrameClass = new (columns: Readonly<Record<string, unknown[]>>) => DanfoFrame;

const NUMBERS = ["open", "high", "low", "close", "volume"] as const;
const TIMES = ["time", "timestamp", "date"];

/** Where the bars of a frame came from; a frame that danfojs made of it is another object, which nobody knows. */
interface Origins {
  readonly known: WeakMap<object, Pick<BarColumns, "symbol" | "timeframe" | "source" | "adjustment" | "asOf" | "simulated">>;
  /** Some bars in this process were simulated. */
  someSimulated: boolean;
}

export interface Danfo {
  toDanfo(bars: BarColumns): Promise<DanfoFrame>;
  fromDanfo(frame: DanfoFrame, options?: FromDanfoOptions): BarColumns;
}

/** One for each process of cells. */
export function createDanfo(): Danfo {
  const origins: Origins = { known: new WeakMap(), someSimulated: false };
  return {
    toDanfo: async (bars) => {
      const DataFrame = await dataFrameClass();
      const frame = new DataFrame({
        time: Array.from(bars.time, (ms) => new Date(ms).toISOString()),
        ...Object.fromEntries(NUMBERS.map((name) => [name, [...bars[name]]])),
      });
      const { symbol, timeframe, source, adjustment, asOf, simulated } = bars;
      origins.known.set(frame, { symbol, timeframe, source, adjustment, asOf, simulated });
      origins.someSimulated ||= simulated;
      return frame;
    },
    fromDanfo: (frame, options = {}) => {
      const columns = columnsOf(frame);
      const named = TIMES.map((name) => columns.get(name)).find((values) => values !== undefined);
      if (named === undefined) throw wrongFrame("has no column time", columns);
      const time = Float64Array.from(named, (value, row) => timeOf(value, row));
      time.forEach((at, row) => {
        if (row > 0 && !(at > time[row - 1]!))
          throw wrongFrame(`is not in the order of its times: row ${row} is not after row ${row - 1}`, columns, "Sort it by time first.");
      });
      const numbers = NUMBERS.map((name) => [name, numbersOf(name, columns, time.length)] as const);
      const before = origins.known.get(frame);
      return {
        symbol: options.symbol ?? before?.symbol ?? "FRAME",
        timeframe: options.timeframe ?? before?.timeframe ?? "unknown",
        source: before?.source ?? "danfojs",
        adjustment: before?.adjustment ?? "unknown",
        asOf: before?.asOf ?? null,
        // Who cannot tell where the figures came from must not call made-up ones real.
        simulated: before?.simulated ?? options.simulated ?? origins.someSimulated,
        time,
        ...(Object.fromEntries(numbers) as Record<(typeof NUMBERS)[number], Float64Array>),
      };
    },
  };
}

async function dataFrameClass(): Promise<DataFrameClass> {
  let path: string;
  try {
    path = createRequire(join(process.cwd(), "cell.js")).resolve("danfojs-node");
  } catch (cause) {
    throw new TradingError("no-danfo", "danfojs-node is not installed beside this notebook.", {
      hint: "Run npm install in the folder of the guided notebooks, or copy their package.json beside this one and run it there (about 430 MB).",
      cause,
    });
  }
  let loaded: { readonly DataFrame?: DataFrameClass; readonly default?: { readonly DataFrame?: DataFrameClass } };
  try {
    loaded = (await import(pathToFileURL(path).href)) as typeof loaded;
  } catch (cause) {
    throw new TradingError("no-danfo", `danfojs-node is beside this notebook and does not load: ${(cause as Error).message.split("\n")[0]}.`, {
      hint: "Install it anew with the overrides of notebooks/package.json: they put the JavaScript build of TensorFlow in the place of the native one.",
      cause,
    });
  }
  const DataFrame = loaded.DataFrame ?? loaded.default?.DataFrame;
  if (DataFrame === undefined) throw new TradingError("no-danfo", "The danfojs-node beside this notebook has no DataFrame.", { hint: "Install version 1.2." });
  return DataFrame;
}

/** By name in lower case. */
function columnsOf(frame: DanfoFrame): ReadonlyMap<string, readonly unknown[]> {
  const { columns } = frame ?? {};
  if (!Array.isArray(columns) || typeof frame.column !== "function")
    throw badInput("bad-argument", "desk.fromDanfo takes a danfojs DataFrame.", "For example what bars.toDanfo() answers.");
  return new Map(columns.map((name) => [name.toLowerCase(), frame.column(name).values as readonly unknown[]]));
}

function numbersOf(name: string, columns: ReadonlyMap<string, readonly unknown[]>, length: number): Float64Array {
  const values = columns.get(name);
  if (values === undefined && name === "volume") return new Float64Array(length);
  if (values === undefined) throw wrongFrame(`has no column ${name}`, columns);
  return Float64Array.from(values, (value, row) => {
    if (typeof value !== "number" || !Number.isFinite(value))
      throw wrongFrame(`has no number in ${name}, row ${row}: ${String(value)}`, columns, "Drop or fill such rows first.");
    return value;
  });
}

function timeOf(value: unknown, row: number): number {
  const ms = typeof value === "number" ? value : value instanceof Date ? value.getTime() : Date.parse(String(value));
  if (Number.isNaN(ms)) throw badInput("bad-argument", `The frame has no time in row ${row}: ${String(value)}.`, "Give dates, ISO times or UTC milliseconds.");
  return ms;
}

function wrongFrame(
  what: string,
  columns: ReadonlyMap<string, unknown>,
  hint = `It has ${[...columns.keys()].join(", ")}; bars are time, open, high, low, close and, if known, volume.`,
) {
  return badInput("bad-argument", `The frame ${what}.`, hint);
}
