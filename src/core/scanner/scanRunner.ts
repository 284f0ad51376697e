/** The scan runner of a session: which scanners run, their circuits, and the history of what they found. */
import { basename, resolve } from "node:path";
import { badInput, TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Scope } from "../base/scope.ts";
import type { ScanOptions, ScanRunner } from "../domain/ports.ts";
import type { ScanResult } from "../domain/research.ts";
import { Breaker, OPEN_MS } from "./breaker.ts";
import { BUILTIN_SCANNERS } from "./builtin/table.ts";
import { readCircuits, writeCircuits } from "./circuitFile.ts";
import type { RunnableScanner } from "./executor.ts";
import { openFileScanner, openSourceScanner } from "./fileScanner.ts";
import { scanCache, scanWith, type ScanRunnerOptions } from "./scanOnce.ts";
import { checkAsked, chooseScanners, workersAndTimeout } from "./selection.ts";
import { verifyScanners } from "./verify.ts";

export function createScanRunner(options: ScanRunnerOptions): ScanRunner {
  const breaker = new Breaker(options.clock);
  /** Scans under way: what they have counted is not in the file yet. */
  let running = 0;
  const live = async (asked: ScanOptions, signal: AbortSignal) => {
    if (running === 0) await recallCircuits(options, breaker);
    running++;
    try {
      return await scan(options, breaker, asked, signal);
    } finally {
      running--;
    }
  };
  return {
    names: BUILTIN_SCANNERS.map(({ name }) => name),
    circuits: () => Object.fromEntries([...breaker.circuits().keys()].map((key) => [key, breaker.state(key)])),
    scan: (asked, signal) => (asked.past === undefined ? live(asked, signal) : scan(options, new Breaker(options.clock), asked, signal)),
    verify: (asked, signal) => verifyScanners(options, { ...workersAndTimeout(options.settings, asked), onLine: asked.onLine ?? (() => {}) }, signal),
  };
}

async function scan(options: ScanRunnerOptions, breaker: Breaker, asked: ScanOptions, signal: AbortSignal): Promise<ScanResult> {
  signal.throwIfAborted();
  const limits = workersAndTimeout(options.settings, asked);
  checkAsked(BUILTIN_SCANNERS, asked);
  const scope = new Scope({ name: "The scan", signal });
  try {
    const chosen = chooseScanners(BUILTIN_SCANNERS, await openOwn(asked, scope, options.log), asked, options.settings);
    const before = breaker.circuits();
    const outcome = await scanWith(
      chosen,
      options,
      {
        ...limits,
        concurrent: options.settings.concurrent && asked.sequential !== true,
        breaker,
        cache: scanCache(limits.timeoutMs),
        onLine: (line) => {
          options.log.debug(line);
          asked.onLine?.(line);
        },
        past: asked.past,
      },
      scope.signal,
    );
    if (asked.past === undefined) {
      await keepCircuits(options, before, breaker);
      await options.saveScan(outcome.at, outcome.result.candidates, scope.signal).catch((error: unknown) => {
        signal.throwIfAborted();
        options.log.warn(`The scan is not in the history: ${TradingError.from(error, "store-failed").message}`);
      });
    }
    return outcome.result;
  } finally {
    await scope.close();
  }
}

async function recallCircuits({ circuitsFile, clock }: ScanRunnerOptions, breaker: Breaker): Promise<void> {
  if (circuitsFile !== undefined) breaker.replace(await readCircuits(circuitsFile, clock.now(), OPEN_MS));
}

async function keepCircuits({ circuitsFile, log }: ScanRunnerOptions, before: ReturnType<Breaker["circuits"]>, breaker: Breaker): Promise<void> {
  const now = breaker.circuits();
  if (circuitsFile === undefined || (now.size === before.size && [...now].every(([key, circuit]) => before.get(key) === circuit))) return;
  await writeCircuits(circuitsFile, now).catch((error: unknown) =>
    log.warn(`The scanners' circuits are not kept: ${TradingError.from(error, "unwritable").message}`),
  );
}

/** The person's own scanners, from files and cells. */
async function openOwn({ files = [], foundFiles = [], sources = [] }: ScanOptions, scope: Scope, log: Log): Promise<readonly RunnableScanner[]> {
  const paths = [...new Set(files.map((file) => resolve(file)))];
  const found = [...new Set(foundFiles.map((file) => resolve(file)))].filter((path) => !paths.includes(path));
  const names = new Set(BUILTIN_SCANNERS.map(({ name }) => name));
  const unique = (scanner: RunnableScanner, what: string): RunnableScanner => {
    if (names.has(scanner.name)) throw badInput("duplicate-scanner", `${what} is named ${scanner.name}, and so is another scanner.`, "Give it another name.");
    names.add(scanner.name);
    return scanner;
  };
  const [named, lenient] = await Promise.all([
    Promise.all([...paths.map((path) => openFileScanner(path, scope, log)), ...sources.map((source) => openSourceScanner(source, scope, log))]),
    Promise.allSettled(found.map((path) => openFileScanner(path, scope, log))),
  ]);
  scope.signal.throwIfAborted();
  return [
    ...named.map((scanner, index) => unique(scanner, paths[index] ?? "A scanner of the cell")),
    ...lenient.map((opened, index) => {
      const path = found[index] as string;
      try {
        if (opened.status === "fulfilled") return unique(opened.value, path);
        throw opened.reason;
      } catch (error) {
        return {
          name: basename(path).replace(/\.[cm]?[jt]s$/, ""),
          pipeline: "user",
          needs: [],
          scan: () => Promise.reject(TradingError.from(error, "scanner-failed")),
        };
      }
    }),
  ];
}
