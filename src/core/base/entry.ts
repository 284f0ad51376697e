/**
 * Where the entry files of our own processes and workers are: bundles in dist/ when we run from a bundle,
 * the TypeScript sources when we run from those (Node 24 strips their types).
 */
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { existsSync, readFileSync } from "node:fs";

/** Bundle name -> source file below src/. scripts/build.mjs reads this table too. */
export const ENTRIES = {
  quantdesk: "cli/main.ts",
  exchange: "core/exchange/main.ts",
  bookWorker: "core/exchange/bookWorker.ts",
  compute: "core/backtest/computeMain.ts",
  backtestWorker: "core/backtest/worker.ts",
  assertionWorker: "core/backtest/assertions/worker.ts",
  strategyApi: "strategyApi.ts",
  analystWorker: "core/analysts/worker.ts",
  scannerWorker: "core/scanner/worker.ts",
  storeWorker: "core/store/worker.ts",
  resultsWorker: "core/store/resultsWorker.ts",
  featureWorker: "core/features/worker.ts",
  performanceApi: "core/metrics/apiWorker.ts",
  kernelFront: "kernel/frontMain.ts",
  kernelRunner: "kernel/runner.ts",
  kernelGuard: "kernel/guard.ts",
  jupyterKernel: "kernel/jupyter/main.ts",
} as const;

export type EntryName = keyof typeof ENTRIES;

const here = dirname(fileURLToPath(import.meta.url));
const fromSource = import.meta.url.endsWith("/src/core/base/entry.ts");

/** The folder of package.json: the clone, the installed package, or the installed extension. */
export function packageRoot(): string {
  return fromSource ? join(here, "..", "..", "..") : join(here, "..");
}

/** As package.json says. */
export function productVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string }).version;
}

/** Absolute path of an entry file. */
export function entryPath(name: EntryName): string {
  return fromSource ? join(here, "..", "..", ENTRIES[name]) : join(here, `${name}.js`);
}

/** True in a clone, where development dependencies (the S&P 500 sample among them) are installed. */
export function isClone(): boolean {
  return existsSync(join(packageRoot(), "src", "core"));
}
