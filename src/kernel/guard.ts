/**
 * A thread of the runner that owns the interrupt pipe. It asks the main thread first; one that does not turn within
 * 30 ms is stopped by V8. When the pipe ends, whoever owned this kernel is gone, and so are the runner and the compiler.
 */
import { createReadStream } from "node:fs";
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import { INTERRUPT, INTERRUPT_FD, POLITE_MS, TURN, WANTED } from "./interruptWords.ts";

const session = new Session();
session.connectToMainThread();
const words = new Int32Array(workerData as SharedArrayBuffer);
const pipe = createReadStream("", { fd: INTERRUPT_FD });
let companion = 0;
let rest = "";
pipe.setEncoding("utf8").on("data", (data) => {
  rest += data;
  for (const [message, pid] of rest.matchAll(/i|c(\d+);/g)) {
    if (message === INTERRUPT) interrupt();
    else companion = Number(pid);
  }
  rest = /c\d*$/.exec(rest)?.[0] ?? "";
});

function interrupt(): void {
  Atomics.store(words, WANTED, 1);
  const turn = Atomics.load(words, TURN);
  parentPort?.postMessage("interrupt");
  // Never sent to an idle process: there it would hit the next callback.
  setTimeout(() => {
    if (Atomics.load(words, WANTED) === 1 && Atomics.load(words, TURN) === turn) session.post("Runtime.terminateExecution", () => undefined);
  }, POLITE_MS);
}

const end = (): void => {
  try {
    if (companion > 0) process.kill(companion, "SIGKILL");
  } catch {
    // gone already
  }
  process.kill(process.pid, "SIGKILL");
};
pipe.on("end", end);
pipe.on("error", end);
