/** Which scanners a person asked for, and within what limits. */
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { ScanOptions } from "../domain/ports.ts";
import type { Thresholds } from "../domain/scanner.ts";
import type { RunnableScanner } from "./executor.ts";

export interface ScanSettings {
  readonly concurrent: boolean;
  readonly maxWorkers: number;
  readonly timeoutMs: number;
  enabled(name: string): boolean;
  /** Of a scanner, by its name; nothing where no setting is. */
  thresholds(name: string): Thresholds;
}

/** Each has a process of its own. */
const MAX_OWN = 64;

/**
 * Built-in ones in their order, then the person's own. A scanner that is asked for by name runs even where a setting turns
 * it off; own ones run unless they belong to another pipeline than the one that is asked for.
 */
export function chooseScanners(
  builtin: readonly RunnableScanner[],
  own: readonly RunnableScanner[],
  asked: ScanOptions,
  settings: ScanSettings,
): readonly RunnableScanner[] {
  const { scanners: wanted, pipeline } = asked;
  const all = [...(wanted === undefined ? builtin.filter(({ name }) => settings.enabled(name)) : builtin.filter(({ name }) => wanted.includes(name))), ...own];
  const chosen = pipeline === undefined ? all : all.filter((scanner) => scanner.pipeline === pipeline);
  const pipelines = [...new Set([...builtin, ...own].map((scanner) => scanner.pipeline))];
  if (pipeline !== undefined && !pipelines.includes(pipeline))
    throw badInput("unknown-pipeline", `No scanner belongs to the pipeline "${pipeline}".`, knownNames(pipeline, pipelines));
  if (chosen.length === 0) throw badInput("no-scanners", "No scanner is left to run.", "Turn one on with scanners.<name>.enabled, or name it outright.");
  return chosen;
}

/** Before any process is started: names that there are not, and too many of one's own. */
export function checkAsked(builtin: readonly RunnableScanner[], { scanners = [], files = [], foundFiles = [], sources = [] }: ScanOptions): void {
  const names = builtin.map(({ name }) => name);
  const unknown = scanners.find((name) => !names.includes(name));
  const own = files.length + foundFiles.length + sources.length;
  if (unknown !== undefined)
    throw badInput(
      "unknown-scanner",
      `There is no built-in scanner "${unknown}".`,
      own === 0 ? knownNames(unknown, names) : `Your own run whatever names are given. ${knownNames(unknown, names)}`,
    );
  if (own > MAX_OWN) throw badInput("too-many-files", `${own} scanner files, at most ${MAX_OWN} run in one scan.`);
}

export function workersAndTimeout(
  settings: ScanSettings,
  asked: Pick<ScanOptions, "maxWorkers" | "timeoutMs">,
): { readonly maxWorkers: number; readonly timeoutMs: number } {
  const maxWorkers = asked.maxWorkers ?? settings.maxWorkers;
  const timeoutMs = asked.timeoutMs ?? settings.timeoutMs;
  if (!Number.isInteger(maxWorkers) || maxWorkers < 1 || maxWorkers > 64)
    throw badInput("bad-workers", `${maxWorkers} workers cannot run.`, "Give a whole number from 1 to 64.");
  if (!(timeoutMs >= 1 && timeoutMs <= 3_600_000))
    throw badInput("bad-timeout", `A timeout of ${timeoutMs / 1000} s cannot be kept.`, "Give seconds from 0.001 to 3600.");
  return { maxWorkers, timeoutMs };
}
