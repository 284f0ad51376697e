/**
 * The process of the paper exchange. Takes the flags of `quantdesk paper`, prints one JSON line when it serves, and ends
 * on SIGINT or SIGTERM, when idle, or with its starter. `paper stop` is the command line's own.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { badInput, TradingError } from "../base/errors.ts";
import { readFileDataset } from "../data/fileDataset.ts";
import type { Dataset } from "../domain/bars.ts";
import type { CorporateEvent } from "../domain/simulatedEvents.ts";
import { ACTIONS_FILE, parseActions } from "./replayActions.ts";
import { startExchange, type RunningExchange } from "./paper.ts";
import { parsePaperArgs, type PaperOptions } from "./paperOptions.ts";

/** Longest that closing may take before the process ends anyway. */
const CLOSE_MS = 2000;

async function main(): Promise<number> {
  const interrupted = signalled();
  let options: PaperOptions | undefined;
  let exchange: RunningExchange;
  try {
    options = parsePaperArgs(process.argv.slice(2));
    exchange = await startExchange(options, { readBars, say: (line) => void process.stderr.write(`${line}\n`) });
  } catch (error) {
    // Told apart from other failures by whoever starts an exchange and may find that another one was quicker.
    const isEmbedded = options?.idleMs !== undefined || options?.endsWithStdin === true;
    const code = complain(error);
    // Nothing is on standard output yet: the ready line's place is the error document's.
    if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(TradingError.from(error, "exchange-failed").toDocument())}\n`);
    return isEmbedded && error instanceof TradingError && error.code === "home-in-use" ? EXIT_HOME_IN_USE : code;
  }
  process.stdout.on("error", () => undefined); // whoever started us may be gone
  process.stdout.write(`${JSON.stringify(exchange.ready)}\n`);
  const reason = await Promise.race([interrupted, exchange.ended, ...(options.endsWithStdin ? [stdinEnd()] : [])]);
  setTimeout(() => process.exit(1), CLOSE_MS).unref();
  try {
    await exchange.close();
  } catch (error) {
    return complain(error);
  }
  if (reason instanceof TradingError) return complain(reason);
  return reason === "SIGINT" ? 130 : reason === "SIGTERM" ? 143 : 0;
}

const MAX_FILES = 1000;

async function readBars(path: string): Promise<readonly [readonly Dataset[], readonly CorporateEvent[]]> {
  const { signal } = new AbortController(); // an interrupt ends the process
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  if (!isFolder) return [[await readFileDataset(path, {}, signal)], []];
  const found = await readdir(path);
  const files = found.filter((file) => file !== ACTIONS_FILE && /\.(?:csv|tsv|parquet)(?:\.gz)?$/i.test(file)).sort();
  if (files.length === 0 || files.length > MAX_FILES)
    throw badInput(
      "bad-data",
      `The folder ${path} has ${files.length === 0 ? "no" : files.length} files of prices.`,
      `Give one with 1 to ${MAX_FILES}, each named for its symbol.`,
    );
  const datasets: Dataset[] = [];
  for (const file of files) datasets.push(await readFileDataset(join(path, file), {}, signal));
  return [datasets, found.includes(ACTIONS_FILE) ? parseActions(await readFile(join(path, ACTIONS_FILE), "utf8")) : []];
}

function complain(error: unknown): number {
  const failure = TradingError.from(error, "exchange-failed");
  process.stderr.write(`${failure.message}${failure.hint === undefined ? "" : ` ${failure.hint}`}\n`);
  return failure.kind === "usage" ? 2 : 1;
}

/** embedded.ts knows it. */
const EXIT_HOME_IN_USE = 75;

function signalled(): Promise<"SIGINT" | "SIGTERM"> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve("SIGINT"));
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve("SIGTERM"));
  });
}

function stdinEnd(): Promise<"stdin"> {
  return new Promise((resolve) => {
    process.stdin
      .once("end", () => resolve("stdin"))
      .once("close", () => resolve("stdin"))
      .once("error", () => resolve("stdin"));
    process.stdin.resume();
  });
}

process.exitCode = await main();
process.exit();
