/** The analysts in a thread of their own: started by the first analysis, ended by `close`; if it dies, the next analysis starts another. */
import { Worker } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AnalystRunner, MarketData } from "../domain/ports.ts";
import type { Analysis } from "../domain/research.ts";
import { answerData } from "./dataOverChannel.ts";

export interface AnalystThreadOptions {
  readonly data: MarketData;
  readonly selected: readonly string[];
  readonly log: Log;
}

export interface AnalystWorkerData {
  readonly simulated: boolean;
  readonly selected: readonly string[];
}

export interface AnalysisAsked {
  readonly id: number;
  readonly symbol: string;
  readonly analysts?: readonly string[];
}

interface Thread {
  readonly channel: Channel;
  end(): Promise<void>;
}

export function createAnalystThread(options: AnalystThreadOptions): AnalystRunner & { close(): Promise<void> } {
  let thread: Thread | undefined;
  let isClosed = false;
  let nextId = 0;
  const start = (): Thread => {
    const { data, selected } = options;
    const worker = new Worker(entryPath("analystWorker"), { workerData: { simulated: data.simulated, selected } satisfies AnalystWorkerData, env: childEnv() });
    const channel = new Channel({ post: (message) => worker.postMessage(message), onMessage: (listener) => worker.on("message", listener) });
    answerData(channel, data);
    const started: Thread = { channel, end: async () => void (await worker.terminate()) };
    const gone = (reason: string) => {
      if (thread === started) thread = undefined;
      channel.close(new TradingError("analysts-died", `The analysts' thread ended (${reason}).`, { hint: "Ask again." }));
    };
    worker.once("error", (error) => gone(error.message));
    worker.once("exit", (code) => gone(`exit code ${code}`));
    return started;
  };
  return {
    analyze: async (symbol, asked, signal) => {
      if (isClosed) throw new TradingError("closed", "The session is closed.");
      thread ??= start();
      const { channel } = thread;
      const id = ++nextId;
      const forget = channel.on("line", (value) => {
        const said = value as { readonly id: number; readonly line: string };
        if (said.id !== id) return;
        asked.onLine?.(said.line);
        options.log.debug(said.line);
      });
      try {
        return (await channel.ask(
          "analyze",
          { id, symbol, ...(asked.analysts === undefined ? {} : { analysts: asked.analysts }) } satisfies AnalysisAsked,
          signal,
        )) as Analysis;
      } finally {
        forget();
      }
    },
    close: async () => {
      isClosed = true;
      await thread?.end();
    },
  };
}
