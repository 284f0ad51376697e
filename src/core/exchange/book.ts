/** Where accounts, orders and fills are kept so that a kill loses nothing that was acknowledged. */
import { Worker } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError, type PlainError } from "../base/errors.ts";
import { keptOf, rowsOf, type Changes, type Kept, type KeptRows } from "./bookRows.ts";

export interface Book {
  /** What it held when it was opened. */
  readonly kept: Kept;
  setSeed(seed: string): Promise<void> | undefined;
  /** Resolves when the changes are on disk; undefined where nothing has to be waited for. */
  write(changes: Changes): Promise<void> | undefined;
  close(): Promise<void>;
}

/** Without a home: nothing outlives the process. */
export const forgetfulBook: Book = {
  kept: { now: null, seed: null, accounts: [], orders: [], positions: [], fills: [], payments: [], equity: [] },
  setSeed: () => undefined,
  write: () => undefined,
  close: () => Promise.resolve(),
};

const CLOSE_MS = 1500;

/** Opens or makes the book, in a thread of its own. Throws `home-in-use` when another exchange has it, `book-unusable` when it is none. */
export async function openBook(path: string): Promise<Book> {
  const worker = new Worker(entryPath("bookWorker"), { workerData: { path }, env: childEnv() });
  const channel = new Channel({ post: (message) => worker.postMessage(message), onMessage: (listener) => worker.on("message", listener) });
  const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.on("error", (error) => channel.close(TradingError.from(error, "book-failed")));
  void gone.then(() => channel.close(new TradingError("book-closed", "The exchange's book is closed.")));
  const { signal } = new AbortController(); // a write ends with its thread
  let rows: KeptRows;
  try {
    rows = await new Promise<KeptRows>((resolve, reject) => {
      channel.on("ready", (kept) => resolve(kept as KeptRows));
      channel.on("failed", (error) => reject(TradingError.fromPlain(error as PlainError)));
      worker.once("error", (error) => reject(TradingError.from(error, "book-unusable")));
    });
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  const ask = async (name: string, argument: unknown) => {
    await channel.ask(name, argument, signal);
  };
  return {
    kept: keptOf(rows),
    setSeed: (seed) => ask("setSeed", seed),
    write: (changes) => ask("write", rowsOf(changes)),
    close: async () => {
      try {
        await channel.ask("close", null, AbortSignal.timeout(CLOSE_MS));
        await gone;
      } catch {
        await worker.terminate();
      }
    },
  };
}
