/**
 * Entry of a scanner file's own process: imports the file, runs its scan, passes its tool calls on to the parent.
 * Everything here may be broken by the person's code; the parent trusts none of it.
 */
import { constants, runInThisContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { resolveOwnLibrary, userFileUrl } from "../base/ownLibrary.ts";
import { parseCandidates } from "./candidates.ts";
import type { ScannerSource } from "../domain/ports.ts";
import type { ScannerDefinition, ScanState, ScanTools } from "../domain/scanner.ts";

const send = process.send?.bind(process);
if (send === undefined) throw new Error("A scanner's process is started by the scan.");
process.once("disconnect", () => process.exit(0));

/**
 * A scan that was killed can end nobody, and a scanner in an endless loop never hears of it; buffers count against no heap
 * limit. A thread watches for all of it. What it writes tells the scan that memory was the reason (scannerProcess.ts).
 */
const WATCH = `
  const { writeSync } = require("node:fs");
  const parent = process.ppid;
  const limit = ${Number(process.argv[2])} * 2 ** 20;
  const end = () => process.kill(process.pid, "SIGKILL");
  setInterval(() => {
    if (process.ppid !== parent) end();
    if (process.memoryUsage.rss() <= limit) return;
    try { writeSync(2, "quantdesk: out of memory\\n"); } finally { end(); }
  }, 50);`;
new Worker(WATCH, { eval: true, env: {}, execArgv: [], stdout: false, stderr: false }).unref();

resolveOwnLibrary();

const channel = new Channel({ post: (message) => send(message), onMessage: (listener) => process.on("message", listener) }, { maxPending: 1000 });
// The line to the scan is ours alone: what goes over it is bounded.
delete process.send;
let scanner: ScannerDefinition | undefined;

channel.handle("load", async (source) => {
  channel.emit("importing", null);
  scanner = typeof source === "string" ? await fromFile(source) : fromText(source as ScannerSource);
  return { name: scanner.name, pipeline: scanner.pipeline, needs: scanner.needs ?? [], thresholds: scanner.thresholds };
});

async function fromFile(path: string): Promise<ScannerDefinition> {
  let loaded: { default?: unknown };
  try {
    loaded = (await import(userFileUrl(path, "1"))) as { default?: unknown };
  } catch (error) {
    throw badInput("scanner-does-not-load", `${path} does not load: ${firstLine(error)}`, "Correct the file.");
  }
  const found = loaded.default as Partial<ScannerDefinition> | null | undefined;
  if (found === null || typeof found !== "object" || typeof found.scan !== "function") {
    throw badInput(
      "not-a-scanner",
      `${path} has no scanner as its default export.`,
      'Write: export default defineScanner({ name, pipeline, needs, scan }), with defineScanner from "quantdesk".',
    );
  }
  return found as ScannerDefinition;
}

/** Its `import()` finds what a file's would, "quantdesk" among it. */
function fromText(source: ScannerSource): ScannerDefinition {
  try {
    const options = { filename: `${source.name}.js`, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
    return { ...source, scan: runInThisContext(`"use strict"; (${source.scan})`, options) as ScannerDefinition["scan"] };
  } catch (error) {
    throw badInput("scanner-does-not-load", `The scanner ${source.name} does not load: ${firstLine(error)}`);
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split("\n", 1)[0] as string;
}

channel.handle("scan", async (state, signal) => {
  if (scanner === undefined) throw new TradingError("not-loaded", "The scanner is not loaded.");
  const ask = <T>(tool: string, ...args: readonly unknown[]) => channel.ask("tool", { tool, args }, signal) as Promise<T>;
  const tools: ScanTools = {
    signal,
    bars: (symbols, options) => ask("bars", symbols, options),
    movers: (top) => ask("movers", top),
    mostActive: (top) => ask("mostActive", top),
    news: (symbols, limit) => ask("news", symbols, limit),
    insiders: (range) => ask("insiders", range),
    earnings: (range) => ask("earnings", range),
    posts: (limit) => ask("posts", limit),
  };
  const { universe, settings } = state as ScanState;
  Object.freeze(universe);
  Object.freeze(settings);
  // Looked at here, too: a million candidates would keep the scan's own loop busy before it could refuse them.
  return parseCandidates(await scanner.scan(Object.freeze(state) as ScanState, tools));
});
