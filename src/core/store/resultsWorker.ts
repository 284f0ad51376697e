/** Entry of the thread that holds the file of results: asked over the channel. */
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { ResultsFile } from "./resultsFile.ts";
import type { ResultCalls } from "./results.ts";

const port = parentPort;
if (port === null) throw new Error("The results' worker is started by the store.");

const channel = new Channel({ post: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) });
const { path, before } = workerData as { path: string; before: string };
const file = new ResultsFile({ path, before, warn: (sentence) => channel.emit("warning", sentence) });

const calls: { readonly [K in keyof ResultCalls]: (argument: ResultCalls[K]["argument"]) => ResultCalls[K]["answer"] } = {
  addRuns: (runs) => file.addRuns(runs),
  runs: (query) => file.use(({ runs }) => runs.find(query)),
  runsByHash: (hash) => file.use(({ runs }) => runs.byHash(hash)),
  strategyText: (hash) => file.use(({ runs }) => runs.strategyText(hash)),
  trialsOn: (datasetHash) => file.use(({ runs }) => runs.trialsOn(datasetHash)),
  dashboard: () => file.use(({ runs, sources }) => ({ ...runs.dashboard(), sources: sources.latest() })),
  addSources: (items) => file.change(({ sources }) => sources.add(items)),
  results: ({ hashes, withEquity }) => file.use(({ cache }) => cache.results(hashes, withEquity)),
  keepResults: ({ at, results }) => file.change(({ cache }) => cache.keepResults(at, results)),
  combinations: (key) => file.use(({ cache }) => cache.combinations(key)),
  keepCombinations: (kept) => file.change(({ cache }) => cache.keepCombinations(kept)),
  neighbourhood: ({ strategy, datasetHash }) => file.use(({ cache }) => cache.neighbourhood(strategy, datasetHash)),
};
/** Opened for whoever only waits for what others write. */
for (const [name, call] of Object.entries(calls)) channel.handle(name, call as (argument: unknown) => unknown);

/** Other processes write the same file: tell our side when they did, at once where the system tells us. */
const POLL_MS = 1000;
const SOON_MS = 50;
let isWatching = false;
let seen: number | undefined;
let soon: NodeJS.Timeout | undefined;
const look = () => {
  soon = undefined;
  try {
    const isFirst = file.dataVersion() === 0;
    if (isWatching && isFirst) file.use(() => undefined); // it was locked, or was set aside
    const now = file.dataVersion();
    if (now !== 0 && seen !== undefined && now !== seen) channel.emit("changed", null);
    if (now !== 0) seen = now;
  } catch {
    // a file that cannot be read is told to whoever asks for what is in it
  }
};
/** Opens it for whoever only waits for what others write. */
channel.handle("watch", () => {
  isWatching = true;
  look();
  seen ??= -1; // not open yet: whatever is in it then is news
});
const poll = setInterval(() => {
  look();
  try {
    file.replay();
  } catch {
    // what waits stays where it is
  }
}, POLL_MS);
let watcher: FSWatcher | undefined;
try {
  watcher = watch(dirname(path), (_event, name) => {
    if (name?.startsWith(basename(path)) === true) soon ??= setTimeout(look, SOON_MS);
  });
  watcher.on("error", () => watcher?.close());
} catch {
  // no such thing here: the poll is enough
}

channel.handle("close", () => {
  clearInterval(poll);
  clearTimeout(soon);
  watcher?.close();
  file.close();
  setImmediate(() => port.close());
});
