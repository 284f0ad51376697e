/** One shown table's rows in the order that was asked for. Each order is made once, and anew when the table has grown. */
import { setImmediate as turn } from "node:timers/promises";
import { cellText, type Look } from "../../core/domain/shown.ts";
import { sortOrder, type SortOrder } from "./sortOrder.ts";
import { cellOf, type TableSource } from "./tableSource.ts";

/** Columns whose order is kept, 4 bytes a row. */
const MAX_ORDERS = 2;
/** Milliseconds between two turns of the process while it filters. */
const STEP_MS = 10;

type Sort = Extract<Look, { what: "rows" }>["sort"];

export class TableView {
  readonly source: TableSource;
  readonly #orders = new Map<number, SortOrder>();
  #matching: { readonly filter: string; readonly places: Uint32Array } | undefined;
  #last: { readonly key: string; readonly places: Uint32Array } | undefined;
  #length: number;

  constructor(source: TableSource) {
    this.source = source;
    this.#length = source.length();
  }

  /** null: as they are. */
  async places(sort: Sort, filter: string, signal: AbortSignal): Promise<Uint32Array | null> {
    this.#forgetIfGrown();
    const needle = filter.trim().toLowerCase();
    if (sort === null && needle === "") return null;
    const key = JSON.stringify([sort?.column, sort?.descending, needle]);
    if (this.#last?.key === key) return this.#last.places;
    const matching = needle === "" ? undefined : await this.#found(needle, signal);
    const places = sort === null ? (matching as Uint32Array) : turned(await this.#order(sort.column, matching, signal), sort.descending);
    this.#last = { key, places };
    return places;
  }

  async #order(column: number, matching: Uint32Array | undefined, signal: AbortSignal): Promise<SortOrder> {
    if (matching !== undefined) {
      const { places, present } = await sortOrder(matching.length, (i) => this.source.value(matching[i] as number, column), signal);
      return { places: places.map((i) => matching[i] as number), present };
    }
    const known = this.#orders.get(column);
    if (known !== undefined) return known;
    const made = await sortOrder(this.#length, (row) => this.source.value(row, column), signal);
    this.#orders.set(column, made);
    for (const oldest of this.#orders.keys()) {
      if (this.#orders.size <= MAX_ORDERS) break;
      this.#orders.delete(oldest);
    }
    return made;
  }

  async #found(needle: string, signal: AbortSignal): Promise<Uint32Array> {
    if (this.#matching?.filter === needle) return this.#matching.places;
    const { source } = this;
    const places = new Uint32Array(this.#length);
    let count = 0;
    let stepped = performance.now();
    for (let row = 0; row < this.#length; row++) {
      if (row % 500 === 0 && performance.now() - stepped > STEP_MS) {
        await turn();
        signal.throwIfAborted();
        stepped = performance.now();
      }
      if (
        source.names.some((_, column) =>
          cellText(cellOf(source.value(row, column)))
            .toLowerCase()
            .includes(needle),
        )
      )
        places[count++] = row;
    }
    this.#matching = { filter: needle, places: places.slice(0, count) };
    return this.#matching.places;
  }

  #forgetIfGrown(): void {
    const length = this.source.length();
    if (length === this.#length) return;
    this.#length = length;
    this.#orders.clear();
    this.#matching = undefined;
    this.#last = undefined;
  }
}

/** What is missing stays last, whichever way. */
function turned({ places, present }: SortOrder, isDescending: boolean): Uint32Array {
  if (!isDescending) return places;
  const result = places.slice();
  result.subarray(0, present).reverse();
  return result;
}
