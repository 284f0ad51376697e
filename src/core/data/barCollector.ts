/** Pages of bars (one object per bar) into columns, one set per symbol. */
import { TradingError } from "../base/errors.ts";
import type { BarSeries, Timeframe } from "../domain/bars.ts";

interface Columns {
  readonly time: number[];
  readonly open: number[];
  readonly high: number[];
  readonly low: number[];
  readonly close: number[];
  readonly volume: number[];
}

export class BarCollector {
  readonly #bySymbol = new Map<string, Columns>();
  #simulated: boolean;

  constructor(options: { readonly simulated: boolean }) {
    this.#simulated = options.simulated;
  }

  /** All series then say so: one page from a simulated exchange is enough. */
  markSimulated(): void {
    this.#simulated = true;
  }

  /** Takes a page in. Bars come by symbol, then by time; one whose time is not after the last is dropped. */
  add(json: unknown): { readonly nextToken: string | null } {
    const page = (json ?? {}) as { bars?: unknown; next_page_token?: unknown };
    if (page.bars !== null && typeof page.bars !== "object") throw bad("it has no bars");
    for (const [symbol, bars] of Object.entries(page.bars ?? {})) {
      if (!Array.isArray(bars)) throw bad(`the bars of ${symbol} are no list`);
      let columns = this.#bySymbol.get(symbol);
      if (columns === undefined) this.#bySymbol.set(symbol, (columns = { time: [], open: [], high: [], low: [], close: [], volume: [] }));
      // A page has up to 10,000 bars, read on the extension host's loop: checked by hand, a schema takes ten times as long.
      for (const bar of bars as ReadonlyArray<Record<string, unknown> | null>) addBar(columns, symbol, bar ?? {});
    }
    return { nextToken: typeof page.next_page_token === "string" && page.next_page_token !== "" ? page.next_page_token : null };
  }

  /** `limit` keeps the newest of each symbol. */
  finish(options: { readonly timeframe: Timeframe; readonly limit?: number }): ReadonlyMap<string, BarSeries> {
    const series = new Map<string, BarSeries>();
    for (const [symbol, columns] of this.#bySymbol) {
      const from = options.limit === undefined ? 0 : Math.max(0, columns.time.length - options.limit);
      if (columns.time.length === 0) continue;
      const column = (name: keyof Columns) => Float64Array.from(from === 0 ? columns[name] : columns[name].slice(from));
      series.set(symbol, {
        symbol,
        timeframe: options.timeframe,
        time: column("time"),
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
        volume: column("volume"),
        simulated: this.#simulated,
      });
    }
    return series;
  }
}

function addBar(columns: Columns, symbol: string, bar: Readonly<Record<string, unknown>>): void {
  const { t, o, h, l, c, v } = bar;
  const time = typeof t === "string" ? Date.parse(t) : Number.NaN;
  if (Number.isNaN(time) || !isPrice(o) || !isPrice(h) || !isPrice(l) || !isPrice(c))
    throw bad(`a bar of ${symbol} is incomplete: ${JSON.stringify(bar).slice(0, 200)}`);
  if (time <= (columns.time.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
  columns.time.push(time);
  columns.open.push(o);
  columns.high.push(h);
  columns.low.push(l);
  columns.close.push(c);
  columns.volume.push(typeof v === "number" ? v : 0);
}

function isPrice(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function bad(why: string): TradingError {
  return new TradingError("bad-answer", `The market data service sent bars that cannot be read: ${why}.`);
}
