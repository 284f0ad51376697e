/** The scan runner of a session: which scanners run, their circuits, and the history of what they found. */
import { resolve } from "node:path";
import { badInput, TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Scope } from "../base/scope.ts";
import type { ScanOptions, ScanRunner } from "../domain/ports.ts";
import type { ScanResult } from "../domain/research.ts";
import type { ScannerDefinition } from "../domain/scanner.ts";
import { Breaker } from "./breaker.ts";
import { BUILTIN_SCANNERS } from "./builtin/table.ts";
import { openFileScanner } from "./fileScanner.ts";
import { scanCache, scanWith, type ScanRunnerOptions } from "./scanOnce.ts";
import { chooseScanners, workersAndTimeout } from "./selection.ts";
import { verifyScanners } from "./verify.ts";

export function createScanRunner(options: ScanRunnerOptions): ScanRunner {
  const breaker = new Breaker(options.clock);
  return {
    names: BUILTIN_SCANNERS.map(({ name }) => name),
    scan: (asked, signal) => scan(options, breaker, asked, signal),
    verify: (asked, signal) => verifyScanners(options, { ...workersAndTimeout(options.settings, asked), onLine: asked.onLine ?? (() => {}) }, signal),
  };
}

async function scan(options: ScanRunnerOptions, breaker: Breaker, asked: ScanOptions, signal: AbortSignal): Promise<ScanResult> {
  signal.throwIfAborted();
  const limits = workersAndTimeout(options.settings, asked);
  const builtin = chooseScanners(BUILTIN_SCANNERS, asked, options.settings);
  const scope = new Scope({ name: "The scan", signal });
  try {
    const fromFiles = await openFiles(asked.files ?? [], limits.timeoutMs, scope, options.log);
    const outcome = await scanWith(
      [...builtin, ...fromFiles],
      options,
      {
        ...limits,
        concurrent: options.settings.concurrent && asked.sequential !== true,
        breaker,
        cache: scanCache(limits.timeoutMs),
        onLine: asked.onLine ?? (() => {}),
      },
      scope.signal,
    );
    await options.saveScan(outcome.at, outcome.result.candidates, scope.signal).catch((error: unknown) => {
      signal.throwIfAborted();
      options.log.warn(`The scan is not in the history: ${TradingError.from(error, "store-failed").message}`);
    });
    return outcome.result;
  } finally {
    await scope.close();
  }
}

async function openFiles(files: readonly string[], timeoutMs: number, scope: Scope, log: Log): Promise<readonly ScannerDefinition[]> {
  const paths = [...new Set(files.map((file) => resolve(file)))];
  const opened = await Promise.all(paths.map((path) => openFileScanner(path, timeoutMs, scope, log)));
  const names = new Set(BUILTIN_SCANNERS.map(({ name }) => name));
  for (const [index, { name }] of opened.entries()) {
    if (names.has(name)) throw badInput("duplicate-scanner", `${paths[index]} is named ${name}, and so is another scanner.`, "Give it another name.");
    names.add(name);
  }
  return opened;
}
