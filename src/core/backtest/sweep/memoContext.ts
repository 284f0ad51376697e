/**
 * What signals() sees in a sweep: the same functions on the same bars for every combination, so indicators of the bars' own
 * columns are computed once per period and kept, within a bound. A user's strategy gets copies of its own of everything, as in
 * a single backtest, and what it hands in counts as a column only while it still equals it: a strategy may write into both.
 */
import { Buffer } from "node:buffer";
import type { BarSeries } from "../../domain/bars.ts";
import { parseIndicator } from "../../domain/indicators/catalog.ts";
import type { VectorContext } from "../../domain/strategy.ts";
import type { RunMemory } from "../runMemory.ts";
import { vectorContext } from "../vectorContext.ts";

const COLUMNS = ["time", "open", "high", "low", "close", "volume"] as const;
const MEMOIZED = ["sma", "ema", "rsi", "highest", "lowest", "stdev", "lag"] as const;
/** Of kept indicators, in one worker. */
const MAX_BYTES = 64 * 1024 ** 2;

export class MemoContext {
  readonly #plain: VectorContext;
  readonly #copies: boolean;
  readonly #maxBytes: number;
  /** Newest use last. */
  readonly #kept = new Map<string, Float64Array>();
  /** What was handed out, by whom it is equal to: a column's name or an indicator's key. */
  readonly #handedOut = new WeakMap<Float64Array, { readonly key: string; readonly original: Float64Array }>();
  #bytes = 0;

  /** `memory`: where averages may lie, till its owner begins with something else. */
  constructor(bars: BarSeries, { copy, maxBytes = MAX_BYTES, memory }: { readonly copy: boolean; readonly maxBytes?: number; readonly memory?: RunMemory }) {
    this.#plain = vectorContext(bars, { copy: false, ...(memory === undefined ? {} : { memory }) });
    this.#copies = copy;
    this.#maxBytes = maxBytes;
  }

  /** For one combination. */
  context(): VectorContext {
    const columns = new Map<string, Float64Array>();
    const column = (name: (typeof COLUMNS)[number]) => {
      const known = columns.get(name) ?? this.#handOut(name, this.#plain[name]);
      columns.set(name, known);
      return known;
    };
    const own = Object.defineProperties({}, Object.fromEntries(COLUMNS.map((name) => [name, { get: () => column(name), enumerable: true }]))) as Pick<
      VectorContext,
      (typeof COLUMNS)[number]
    >;
    const { length, crossOver, crossUnder } = this.#plain;
    const memoized = Object.fromEntries(MEMOIZED.map((name) => [name, (values: Float64Array, period: number) => this.#memo(name, values, period)])) as Pick<
      VectorContext,
      (typeof MEMOIZED)[number]
    >;
    const indicator: VectorContext["indicator"] = (request, given) => (given === undefined ? this.#indicator(request) : this.#plain.indicator(request, given));
    return Object.assign(own, memoized, { length, indicator, crossOver, crossUnder });
  }

  #memo(name: (typeof MEMOIZED)[number], values: Float64Array, period: number): Float64Array {
    const source = this.#handedOut.get(values);
    if (source === undefined || !this.#isUnchanged(values, source.original)) return this.#plain[name](values, period);
    const key = `${name} ${period} ${source.key}`;
    return this.#handOut(
      key,
      this.#keep(key, () => this.#plain[name](values, period)),
    );
  }

  #indicator(request: string): Readonly<Record<string, Float64Array>> {
    const wanted = parseIndicator(request);
    let computed: Readonly<Record<string, Float64Array>> | undefined;
    return Object.fromEntries(
      wanted.definition.outputs.map((output) => {
        const key = `${wanted.key}.${output}`;
        const result = this.#keep(key, () => (computed ??= this.#plain.indicator(wanted.key))[output] as Float64Array);
        return [output, this.#handOut(key, result)];
      }),
    );
  }

  #keep(key: string, compute: () => Float64Array): Float64Array {
    let result = this.#kept.get(key);
    if (result === undefined) {
      result = compute();
      this.#bytes += result.byteLength;
    } else this.#kept.delete(key);
    this.#kept.set(key, result);
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= byteLength;
    }
    return result;
  }

  #handOut(key: string, original: Float64Array): Float64Array {
    const shown = this.#copies ? original.slice() : original;
    this.#handedOut.set(shown, { key, original });
    return shown;
  }

  #isUnchanged(values: Float64Array, original: Float64Array): boolean {
    return values === original || Buffer.compare(bytesOf(values), bytesOf(original)) === 0;
  }
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
