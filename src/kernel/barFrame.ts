/** Bars in a cell: columns as they came, rows when asked for. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bar, Bars, Timeframe } from "./deskTypes.d.ts";

export interface BarColumns {
  readonly symbol: string;
  readonly timeframe: Timeframe | "unknown";
  readonly source: string;
  readonly adjustment: string;
  readonly asOf: string | null;
  readonly simulated: boolean;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

export class BarFrame implements Bars {
  readonly symbol: string;
  readonly timeframe: Timeframe | "unknown";
  readonly source: string;
  readonly adjustment: string;
  readonly asOf: string | null;
  readonly simulated: boolean;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;

  constructor(columns: BarColumns) {
    this.symbol = columns.symbol;
    this.timeframe = columns.timeframe;
    this.source = columns.source;
    this.adjustment = columns.adjustment;
    this.asOf = columns.asOf;
    this.simulated = columns.simulated;
    this.time = columns.time;
    this.open = columns.open;
    this.high = columns.high;
    this.low = columns.low;
    this.close = columns.close;
    this.volume = columns.volume;
  }

  get length(): number {
    return this.time.length;
  }

  row(index: number): Bar {
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      throw new RangeError(`Bar ${index} is not there: ${this.symbol} has ${this.length} bars, from 0.`);
    return {
      time: new Date(this.time[index] as number).toISOString(),
      open: this.open[index] as number,
      high: this.high[index] as number,
      low: this.low[index] as number,
      close: this.close[index] as number,
      volume: this.volume[index] as number,
    };
  }

  rows(): Bar[] {
    return Array.from({ length: this.length }, (_, i) => this.row(i));
  }

  /** danfojs-node is resolved from the notebook's folder, the process's own. */
  async toDanfo(): Promise<unknown> {
    let path: string;
    try {
      path = createRequire(join(process.cwd(), "cell.js")).resolve("danfojs-node");
    } catch (cause) {
      throw new Error("danfojs-node is not installed beside this notebook. Run npm install in the notebook's folder (notebooks/package.json lists it).", {
        cause,
      });
    }
    const loaded = (await import(pathToFileURL(path).href)) as {
      readonly DataFrame?: DataFrameClass;
      readonly default?: { readonly DataFrame: DataFrameClass };
    };
    const DataFrame = loaded.DataFrame ?? loaded.default?.DataFrame;
    if (DataFrame === undefined) throw new Error("The danfojs-node beside this notebook has no DataFrame.");
    return new DataFrame({
      time: Array.from(this.time, (ms) => new Date(ms).toISOString()),
      open: [...this.open],
      high: [...this.high],
      low: [...this.low],
      close: [...this.close],
      volume: [...this.volume],
    });
  }
}

type DataFrameClass = new (columns: Record<string, unknown[]>) => unknown;
