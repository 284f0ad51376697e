/**
 * Standard output and error of cells: a few lines at once, so that a loop that never turns shows what it said before; a
 * flood is gathered per cell and stream and sent at 32 KB, after 20 ms, or at the cell's end.
 */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { SendFrame } from "./frames.ts";
import { own } from "./ownGlobals.ts";
import type { RunningCell } from "./cellRun.ts";

const FLUSH_CHARACTERS = 32_768;
const FLUSH_MS = 20;
/** So many writes without a pause of `FLUSH_MS` are no flood. */
const AT_ONCE = 20;
/** A loop that never turns is flushed by age as well. */
const BUSY_FLUSH_MS = 50;
/** Of one run of a cell; more is counted and left out. */
const MAX_CHARACTERS = 16 * 2 ** 20;

export class Streams {
  readonly #send: SendFrame;
  readonly #current: AsyncLocalStorage<RunningCell>;
  #gathered: { readonly run: number; readonly stream: "stdout" | "stderr"; text: string; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;
  /** The run of the last write: another cell's flood is not this one's. */
  #writtenBy = 0;
  /** Since the last pause, by the same cell. */
  #sentAtOnce = 0;

  constructor(send: SendFrame, current: AsyncLocalStorage<RunningCell>) {
    this.#send = send;
    this.#current = current;
  }

  /** From now on `process.stdout` and `process.stderr` write here. */
  takeOver(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const write = (data: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
        this.#write(stream, typeof data === "string" ? data : own.bytesOf(data).toString("utf8"));
        const callback = typeof encoding === "function" ? encoding : done;
        if (typeof callback === "function") process.nextTick(callback as () => void);
        return true;
      };
      process[stream].write = write as typeof process.stdout.write;
    }
  }

  flush(): void {
    own.clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = this.#gathered;
    this.#gathered = undefined;
    if (gathered === undefined) return;
    this.#send({ t: "out", run: gathered.run, stream: gathered.stream, text: gathered.text });
  }

  #write(stream: "stdout" | "stderr", text: string): void {
    const cell = this.#current.getStore();
    const kept = cell === undefined ? text : within(cell, text);
    if (kept === "") return;
    const run = cell?.run ?? 0;
    if (this.#gathered !== undefined && (this.#gathered.run !== run || this.#gathered.stream !== stream)) this.flush();
    const now = own.now();
    if (now - this.#writtenAt > FLUSH_MS || run !== this.#writtenBy) this.#sentAtOnce = 0;
    this.#writtenAt = now;
    this.#writtenBy = run;
    if (this.#gathered === undefined) {
      this.#gathered = { run, stream, text: kept, since: now };
      if (this.#sentAtOnce++ < AT_ONCE || kept.length > FLUSH_CHARACTERS) this.flush();
      else this.#timer ??= this.#current.exit(() => own.setTimeout(() => this.flush(), FLUSH_MS));
      return;
    }
    this.#gathered.text += kept;
    if (this.#gathered.text.length > FLUSH_CHARACTERS || now - this.#gathered.since > BUSY_FLUSH_MS) this.flush();
  }
}

function within(cell: RunningCell, text: string): string {
  if (cell.written >= MAX_CHARACTERS) return "";
  cell.written += text.length;
  return cell.written < MAX_CHARACTERS ? text : `${text}\n… more than ${MAX_CHARACTERS / 2 ** 20} MB of output: the rest of this cell is left out.\n`;
}
