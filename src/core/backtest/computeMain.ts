/**
 * Entry of the compute process: one per session, started on first use. It holds the bars in shared memory and the pool in
 * which all code that users write runs, so that nothing such code does can reach the process of the session.
 * It ends with its parent.
 */
import * as v from "valibot";
import { Channel } from "../base/channel.ts";
import { badInput } from "../base/errors.ts";
import { createComputePool } from "./computePool.ts";
import { MAX_GROUP } from "./groups.ts";
import { parseRequest } from "./request.ts";
import { share, type PackedDataset, type SharedDataset } from "./sharedBars.ts";
import { ComputeSweeps } from "./sweep/computeSweeps.ts";

/** Exit code that tells the session that memory was the reason. */
const OUT_OF_MEMORY_EXIT = 77;

const RunMessage = v.object({ request: v.unknown(), timeoutMs: v.pipe(v.number(), v.gtValue(0)) });

const GroupMessage = v.object({ requests: v.pipe(v.array(v.unknown()), v.maxLength(MAX_GROUP)), timeoutMs: v.pipe(v.number(), v.gtValue(0)) });

function main(): void {
  const send = process.send?.bind(process);
  if (send === undefined) {
    process.stderr.write("This is Quantdesk's compute process; it is started by a session.\n");
    process.exitCode = 2;
    return;
  }
  // A parent that has gone no longer wants answers: without the callback, sending one would be an error that nothing handles.
  process.on("disconnect", () => process.exit(0));
  // Ctrl-C reaches the whole terminal group; the session decides what it means, and disconnects.
  process.on("SIGINT", () => undefined);
  const channel = new Channel({
    post: (message) => void send(message, undefined, undefined, () => undefined),
    onMessage: (listener) => process.on("message", listener),
  });
  const pool = createComputePool((error) => channel.emit("stray", String(error)));
  const datasets = new Map<string, SharedDataset>();

  channel.handle("register", (packed) => void datasets.set((packed as PackedDataset).key, share(packed as PackedDataset)));
  channel.on("forget", (key) => void datasets.delete(String(key)));
  const known = (unchecked: unknown) => {
    const request = parseRequest(unchecked);
    const dataset = datasets.get(request.data);
    if (dataset === undefined) throw badInput("unknown-data", `No data set is registered as "${request.data}".`);
    return { request, dataset };
  };
  channel.handle("run", (message, signal) => {
    const { request: unchecked, timeoutMs } = v.parse(RunMessage, message);
    const { request, dataset } = known(unchecked);
    return pool.run(request, dataset, timeoutMs, signal);
  });
  channel.handle("group", (message, signal) => {
    const { requests, timeoutMs } = v.parse(GroupMessage, message);
    return pool.runGroup(requests.map(known), timeoutMs, signal);
  });
  const sweeps = new ComputeSweeps(pool.sweep, (key) => datasets.get(key));
  channel.handle("sweep", (message, signal) => sweeps.handle(message, signal));

  channel.emit("ready", null);

  // Buffers of a strategy count against no heap limit: the process as a whole is watched.
  const limit = Number(process.argv[2]) * 1024 ** 2;
  setInterval(() => {
    if (process.memoryUsage.rss() > limit) process.exit(OUT_OF_MEMORY_EXIT);
  }, 100).unref();
}

main();
