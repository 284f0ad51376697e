/** The process of one scanner of a person's own: started, listened to, watched and ended. */
import { fork, type ChildProcess } from "node:child_process";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

/** Memory of one scanner's process, MB, buffers included; more ends it. */
const MEMORY_MB = 1024;
/** What the process writes to its standard error when it ends itself for its memory; as in worker.ts, an entry. */
const OUT_OF_MEMORY = "quantdesk: out of memory";
/** Lines of its own output that go to the log, and characters of each. */
const MAX_OUTPUT_LINES = 200;
const MAX_LINE = 500;

export interface ScannerProcess {
  readonly channel: Channel;
  /** Kills it with what it has started, and waits until it is gone; may be called again. */
  readonly end: () => Promise<void>;
}

export function startScannerProcess(name: string, log: Log): ScannerProcess {
  const isGroup = process.platform !== "win32";
  const child = fork(entryPath("scannerWorker"), [String(MEMORY_MB)], {
    env: childEnv(),
    execArgv: [`--max-old-space-size=${MEMORY_MB}`, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: isGroup, // a group of its own, which ends as one; it ends by itself when we are gone
  });
  const channel = new Channel({
    post: (message) => {
      if (child.connected) child.send(message as object, () => undefined); // a process that is gone is told by its exit
    },
    onMessage: (listener) => child.on("message", listener),
  });
  const output = keepOutput(name, child, log);
  const isOver = new Promise<void>((done) => {
    const isGone = (how: string) => {
      channel.close(new TradingError("scanner-died", how));
      done();
    };
    child.once("error", (error) => isGone(`its process could not be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      if (output.ranOutOfMemory()) isGone(`it used more than ${MEMORY_MB} MB of memory`);
      else isGone(signal === null ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`);
    });
  });
  const kill = () => {
    try {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone.
    }
    child.kill("SIGKILL");
  };
  child.once("disconnect", kill);
  return {
    channel,
    end: async () => {
      kill();
      await isOver;
    },
  };
}

/** What it prints is for its author. Bounded: what comes after that is read and forgotten, so that it never waits for us. */
function keepOutput(name: string, child: ChildProcess, log: Log): { readonly ranOutOfMemory: () => boolean } {
  let lines = 0;
  let outOfMemory = false;
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes(OUT_OF_MEMORY) || text.includes("JavaScript heap out of memory")) outOfMemory = true;
      if (lines >= MAX_OUTPUT_LINES) return;
      const parts = (rest + text).split("\n", MAX_OUTPUT_LINES + 1);
      rest = (parts.pop() ?? "").slice(0, MAX_LINE);
      for (const line of parts) if (lines++ < MAX_OUTPUT_LINES) log.info(`${name}: ${line.slice(0, MAX_LINE)}`);
    });
  }
  return { ranOutOfMemory: () => outOfMemory };
}
