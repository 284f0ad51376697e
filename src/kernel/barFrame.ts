/** Bars in a cell: columns as they came, rows when asked for. */
import type { Danfo } from "./danfo.ts";
import type { Bar, Bars, DanfoFrame, Timeframe } from "./deskTypes.d.ts";

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

  readonly #danfo: Danfo;

  constructor(columns: BarColumns, danfo: Danfo) {
    this.#danfo = danfo;
    this.symbol = columns.symbol;
    this.timeframe = columns.timeframe;
    this.source = columns.source;
    this.adjustment = columns.adjustment ?? "unknown";
    this.asOf = columns.asOf ?? null; // an owner that does not say when it was asked
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

  /** Which class it is, only the caller's types know. */
  toDanfo<Frame extends DanfoFrame = DanfoFrame>(): Promise<Frame> {
    return this.#danfo.toDanfo(this) as Promise<Frame>;
  }
}
