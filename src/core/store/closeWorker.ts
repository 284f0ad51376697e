/** Ends a worker that answers "close", by force when it does not in time. */
import type { Worker } from "node:worker_threads";
import type { Channel } from "../base/channel.ts";
import { abortable } from "../base/scope.ts";

export async function closeWorker(worker: Worker, channel: Channel, gone: Promise<void>): Promise<void> {
  try {
    await channel.ask("close", null, AbortSignal.timeout(1500));
    await abortable(gone, AbortSignal.timeout(500));
  } catch {
    await worker.terminate();
  }
}
