/**
 * A scanner out of a person's own file, in a process of its own: whatever it does there (a loop without end, an exit, a
 * crash) ends that process only. Its tools are ours, asked over the channel; its environment holds no key.
 */
import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import * as v from "valibot";
import { sha256 } from "../base/canonical.ts";
import type { Channel } from "../base/channel.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { abortable, type Scope } from "../base/scope.ts";
import type { ScannerSource } from "../domain/ports.ts";
import type { Candidate } from "../domain/research.ts";
import type { RunnableScanner } from "./executor.ts";
import { startScannerProcess } from "./scannerProcess.ts";
import { answerTool } from "./toolCalls.ts";

/** How long a file's own code may run while it loads before the scan begins without its name; and its process may take to start. */
const LOAD_MS = 2000;
const START_MS = 10_000;

const Described = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/, "is not a name like my_scanner")),
  pipeline: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, "is not a name like momentum")),
  needs: v.array(v.string()),
  thresholds: v.optional(v.record(v.string(), v.pipe(v.number(), v.finite("is not finite"))), {}),
});

/**
 * Starts the file's process and reads its name. The process ends with `owner`, or with its scan, whichever is first.
 * A file that is missing, does not compile or exports no scanner is bad input. One that dies while it loads becomes a
 * scanner that fails when it runs; one that takes long goes on loading in its own time, as part of its run.
 */
export async function openFileScanner(path: string, owner: Scope, log: Log): Promise<RunnableScanner> {
  if (!/\.[cm]?[jt]s$/.test(path)) throw badInput("not-a-scanner-file", `${path} is not a TypeScript or JavaScript file.`, "Give a file that ends in .ts.");
  const file = statSync(path, { throwIfNoEntry: false });
  if (file?.isFile() !== true) throw badInput("no-such-file", `There is no scanner file ${path}.`, "Check the path.");
  const version = sha256(`${resolve(path)} ${file.mtimeMs} ${file.size}`).slice(0, 12); // a file that was corrected starts anew
  const fileName = basename(path).replace(/\.[cm]?[jt]s$/, "");
  return await open(resolve(path), { name: fileName, version, what: path }, owner, log);
}

/** A scanner out of a cell, the same way: `bad-scanner` when its name, its thresholds or its text cannot be read. */
export async function openSourceScanner(source: ScannerSource, owner: Scope, log: Log): Promise<RunnableScanner> {
  const { name } = described("The scanner", source);
  return await open(source, { name, version: sha256(source.scan).slice(0, 12), what: `The scanner ${name}` }, owner, log);
}

/** `what` names it in sentences; `version` tells a corrected one from the one that failed. */
async function open(
  source: string | ScannerSource,
  { name, version, what }: { readonly name: string; readonly version: string; readonly what: string },
  owner: Scope,
  log: Log,
): Promise<RunnableScanner> {
  const { channel, end } = startScannerProcess(name, log);
  owner.onClose(end); // also when the process was told to end before: a scan is over when its processes are gone
  const loaded = channel.ask("load", source, owner.signal).then((answer) => described(what, answer));
  const run: RunnableScanner["scan"] = async (state, tools) => {
    try {
      await abortable(loaded, tools.signal);
      channel.handle("tool", (argument) => answerTool(tools, argument));
      // What comes back is checked by the executor, like every scanner's answer.
      return (await channel.ask("scan", state, tools.signal)) as readonly Candidate[];
    } finally {
      await end();
    }
  };
  const unnamed = { name, circuit: `${name} ${version}`, pipeline: "user", needs: [], scan: run };
  try {
    if (!(await isLoadedSoon(loaded, channel, owner.signal))) return unnamed;
    const scanner = await loaded;
    return { ...scanner, circuit: `${scanner.name} ${version}`, scan: run };
  } catch (error) {
    await end();
    if (TradingError.from(error, "scanner-failed").kind === "usage" || owner.signal.aborted) throw error;
    return unnamed;
  }
}

/** False when its own code runs for long while it loads. A machine that is slow to start the process is waited for longer. */
async function isLoadedSoon(loaded: Promise<unknown>, channel: Channel, signal: AbortSignal): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, START_MS, false);
    channel.on("importing", () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, LOAD_MS, false);
    });
  });
  try {
    return await abortable(Promise.race([loaded.then(() => true), late]), signal);
  } finally {
    clearTimeout(timer);
  }
}

function described(what: string, answer: unknown): v.InferOutput<typeof Described> {
  const parsed = v.safeParse(Described, answer);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw badInput(
    "not-a-scanner",
    `${what}: ${v.getDotPath(issue) ?? "its default export"} ${issue.kind === "schema" ? "is missing or of the wrong kind" : issue.message}.`,
    SHAPE,
  );
}

const SHAPE = 'Export it with: export default defineScanner({ name: "my_scanner", pipeline: "momentum", needs: ["bars"], async scan(state, tools) { … } }).';
