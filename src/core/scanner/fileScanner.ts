/**
 * A scanner out of a person's own file, in a process of its own: whatever it does there (a loop without end, an exit, a
 * crash) ends that process only. Its tools are ours, asked over the channel; its environment holds no key.
 */
import { fork, type ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { sha256 } from "../base/canonical.ts";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Scope } from "../base/scope.ts";
import type { Candidate } from "../domain/research.ts";
import type { ScanTools } from "../domain/scanner.ts";
import type { RunnableScanner } from "./executor.ts";
import { answerTool } from "./toolCalls.ts";

/** Memory of one scanner's process, MB; more ends it. */
const HEAP_MB = 1024;
/** Lines of its own output that go to the log. */
const MAX_OUTPUT_LINES = 200;

const Described = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/, "is not a name like my_scanner")),
  pipeline: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, "is not a name like momentum")),
  needs: v.array(v.string()),
  thresholds: v.optional(v.record(v.string(), v.pipe(v.number(), v.finite("is not finite"))), {}),
});

/**
 * Starts the file's process and reads its name. The process ends with `owner`, or with its scan, whichever is first.
 * A file that is missing, does not compile or exports no scanner is bad input; one that hangs or dies while it loads
 * becomes a scanner that fails when it runs.
 */
export async function openFileScanner(path: string, loadMs: number, owner: Scope, log: Log): Promise<RunnableScanner> {
  if (!/\.[cm]?[jt]s$/.test(path)) throw badInput("not-a-scanner-file", `${path} is not a TypeScript or JavaScript file.`, "Give a file that ends in .ts.");
  const file = statSync(path, { throwIfNoEntry: false });
  if (file?.isFile() !== true) throw badInput("no-such-file", `There is no scanner file ${path}.`, "Check the path.");
  const version = sha256(`${resolve(path)} ${file.mtimeMs} ${file.size}`).slice(0, 12); // a file that was corrected starts anew
  const fileName = basename(path).replace(/\.[cm]?[jt]s$/, "");
  const { channel, end } = startProcess(fileName, log);
  owner.onClose(end); // also when the process was told to end before: a scan is over when its processes are gone
  const loading = new Scope({ name: fileName, deadlineMs: loadMs, signal: owner.signal });
  try {
    const answer = await channel.ask("load", resolve(path), loading.signal);
    const parsed = v.safeParse(Described, answer);
    if (!parsed.success) {
      const issue = parsed.issues[0];
      throw badInput(
        "not-a-scanner",
        `${path}: ${v.getDotPath(issue) ?? "its default export"} ${issue.kind === "schema" ? "is missing or of the wrong kind" : issue.message}.`,
        SHAPE,
      );
    }
    return { ...parsed.output, circuit: `${parsed.output.name} ${version}`, scan: (state, tools) => scanInProcess(channel, end, state, tools) };
  } catch (error) {
    await end();
    const failure = TradingError.from(error, "scanner-failed");
    if (failure.kind === "usage" || owner.signal.aborted) throw failure;
    return {
      name: fileName,
      circuit: `${fileName} ${version}`,
      pipeline: "user",
      needs: [],
      scan: () => Promise.reject(new TradingError(failure.code, failure.code === "timeout" ? `did not load within ${loadMs / 1000}s` : failure.message)),
    };
  } finally {
    await loading.close();
  }
}

const SHAPE = 'Export it with: export default defineScanner({ name: "my_scanner", pipeline: "momentum", needs: ["bars"], async scan(state, tools) { … } }).';

async function scanInProcess(channel: Channel, end: () => Promise<void>, state: unknown, tools: ScanTools): Promise<readonly Candidate[]> {
  channel.handle("tool", (argument) => answerTool(tools, argument));
  try {
    // What comes back is checked by the executor, like every scanner's answer.
    return (await channel.ask("scan", state, tools.signal)) as readonly Candidate[];
  } finally {
    await end();
  }
}

interface ScannerProcess {
  readonly channel: Channel;
  /** Kills it and waits until it is gone; may be called again. */
  readonly end: () => Promise<void>;
}

function startProcess(name: string, log: Log): ScannerProcess {
  const child = fork(entryPath("scannerWorker"), [], {
    env: childEnv(),
    execArgv: [`--max-old-space-size=${HEAP_MB}`, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const channel = new Channel({
    post: (message) => {
      if (child.connected) child.send(message as object, () => undefined); // a process that is gone is told by its exit
    },
    onMessage: (listener) => child.on("message", listener),
  });
  const isOver = new Promise<void>((done) => {
    const isGone = (how: string) => {
      channel.close(new TradingError("scanner-died", how));
      done();
    };
    child.once("error", (error) => isGone(`its process could not be started: ${error.message}`));
    child.once("exit", (code, signal) => isGone(signal === null ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`));
  });
  child.once("disconnect", () => child.kill("SIGKILL"));
  keepOutput(name, child, log);
  return {
    channel,
    end: async () => {
      child.kill("SIGKILL");
      await isOver;
    },
  };
}

function keepOutput(name: string, child: ChildProcess, log: Log): void {
  let lines = 0;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      if (lines++ < MAX_OUTPUT_LINES) log.info(`${name}: ${line.slice(0, 500)}`);
    });
  }
}
