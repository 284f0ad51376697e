/**
 * A thread of the runner that owns the interrupt pipe. It asks the main thread first; one that does not turn within
 * 30 ms is stopped by V8. When the pipe ends, whoever owned this kernel is gone, and so is the runner.
 */
import { createReadStream } from "node:fs";
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import { INTERRUPT_FD, POLITE_MS, TURN, WANTED } from "./interruptWords.ts";

const session = new Session();
session.connectToMainThread();
const words = new Int32Array(workerData as SharedArrayBuffer);
const pipe = createReadStream("", { fd: INTERRUPT_FD });
pipe.on("data", () => {
  Atomics.store(words, WANTED, 1);
  const turn = Atomics.load(words, TURN);
  parentPort?.postMessage("interrupt");
  // Never sent to an idle process: there it would hit the next callback.
  setTimeout(() => {
    if (Atomics.load(words, WANTED) === 1 && Atomics.load(words, TURN) === turn) session.post("Runtime.terminateExecution", () => undefined);
  }, POLITE_MS);
});
const end = (): void => {
  process.kill(process.pid, "SIGKILL");
};
pipe.on("end", end);
pipe.on("error", end);
