/** Progress bars of cells: over anything that can be counted through, or moved by hand. Drawn at most ten times a second. */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { RunningCell } from "./cellRun.ts";
import type { DisplayProgress, Progress, ProgressOptions } from "./deskTypes.d.ts";
import { drawProgress, type ProgressState } from "./draw/progress.ts";
import { SHOWN } from "./drawValue.ts";
import type { MimeBundle } from "./protocol.ts";

const DRAW_MS = 100;

export interface ProgressParts {
  readonly current: AsyncLocalStorage<RunningCell>;
  /** Answers how it is drawn again in the same place. */
  readonly show: (bundle: MimeBundle) => (bundle: MimeBundle) => void;
}

export function createProgress(parts: ProgressParts): DisplayProgress {
  const progress = (over: unknown, options: ProgressOptions = {}): unknown => {
    const label = String(options.label ?? "");
    const { since } = options;
    if (typeof over === "number") return new Bar(parts, label, countOf(over), since);
    if (over === null || typeof over !== "object") throw new TypeError("display.progress takes a count, or something to count through.");
    const total = options.total === undefined ? lengthOf(over) : countOf(options.total);
    if (Symbol.asyncIterator in over) return countedAsync(over as AsyncIterable<unknown>, new Bar(parts, label, total, since));
    if (Symbol.iterator in over) return counted(over as Iterable<unknown>, new Bar(parts, label, total, since));
    throw new TypeError("display.progress takes a count, or something to count through.");
  };
  return progress as DisplayProgress;
}

function countOf(total: number): number | undefined {
  return Number.isFinite(total) && total >= 0 ? total : undefined;
}

function lengthOf(over: object): number | undefined {
  const { length, size } = over as { readonly length?: unknown; readonly size?: unknown };
  return typeof length === "number" ? countOf(length) : typeof size === "number" ? countOf(size) : undefined;
}

function* counted<T>(over: Iterable<T>, bar: Bar): Generator<T, void> {
  let isWhole = false;
  try {
    for (const one of over) {
      yield one;
      bar.advance();
    }
    isWhole = true;
  } finally {
    if (isWhole) bar.done();
    else bar.stop();
  }
}

async function* countedAsync<T>(over: AsyncIterable<T>, bar: Bar): AsyncGenerator<T, void> {
  let isWhole = false;
  try {
    for await (const one of over) {
      // What a sweep tells of itself is its progress.
      const said = countsOf(one);
      if (said !== undefined) bar.update(said.done, said.total);
      yield one;
      if (said === undefined) bar.advance();
    }
    isWhole = true;
  } finally {
    if (isWhole) bar.done();
    else bar.stop();
  }
}

function countsOf(one: unknown): { readonly done: number; readonly total: number } | undefined {
  if (one === null || typeof one !== "object") return undefined;
  const { done, combinations } = one as { readonly done?: unknown; readonly combinations?: unknown };
  return typeof done === "number" && typeof combinations === "number" ? { done, total: combinations } : undefined;
}

class Bar implements Progress {
  readonly #started: number;
  readonly #label: string;
  readonly #current: ProgressParts["current"];
  readonly #cell: RunningCell | undefined;
  readonly #redraw: (bundle: MimeBundle) => void;
  /** For the cell's end: a loop that is stopped runs none of its own code any more. */
  readonly #onEnd = (): void => this.stop();
  #timer: NodeJS.Timeout | undefined;
  #total: number | undefined;
  #count = 0;
  #status: ProgressState["status"] = "running";
  #drawnAt = performance.now();

  constructor({ current, show }: ProgressParts, label: string, total: number | undefined, since = performance.now()) {
    this.#started = since;
    this.#label = label;
    this.#total = total;
    this.#current = current;
    this.#cell = current.getStore();
    this.#cell?.bars.add(this.#onEnd);
    this.#redraw = show(this.#drawn());
    // As a cell's last value it is not shown again.
    Object.defineProperty(this, SHOWN, { value: true, enumerable: false });
  }

  advance(by = 1): void {
    this.update(this.#count + by);
  }

  update(count: number, total?: number): void {
    if (this.#status !== "running") return;
    this.#count = count;
    if (total !== undefined) this.#total = countOf(total);
    if (performance.now() - this.#drawnAt >= DRAW_MS) this.#draw();
    else this.#timer ??= this.#current.exit(() => setTimeout(() => this.#draw(), DRAW_MS));
  }

  done(): void {
    if (this.#total !== undefined && this.#count < this.#total && this.#status === "running") this.#count = this.#total;
    this.#end("done");
  }

  stop(): void {
    this.#end(this.#cell?.isStopped === true ? "interrupted" : "stopped");
  }

  #end(status: ProgressState["status"]): void {
    if (this.#status !== "running") return;
    this.#status = status;
    this.#cell?.bars.delete(this.#onEnd);
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnAt = performance.now();
    this.#redraw(this.#drawn());
  }

  #drawn(): MimeBundle {
    return drawProgress({ label: this.#label, count: this.#count, total: this.#total, elapsedMs: performance.now() - this.#started, status: this.#status });
  }
}
