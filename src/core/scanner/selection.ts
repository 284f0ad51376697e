/** Which scanners a person asked for, and within what limits. */
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { ScanOptions } from "../domain/ports.ts";
import type { ScannerDefinition, Thresholds } from "../domain/scanner.ts";

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

/** In the order of `known`. A scanner that is asked for by name runs even where a setting turns it off. */
export function chooseScanners(known: readonly ScannerDefinition[], asked: ScanOptions, settings: ScanSettings): readonly ScannerDefinition[] {
  const names = known.map(({ name }) => name);
  for (const name of asked.scanners ?? []) {
    if (!names.includes(name)) throw badInput("unknown-scanner", `There is no scanner "${name}".`, knownNames(name, names));
  }
  const own = (asked.files ?? []).length + (asked.sources ?? []).length;
  if (own > MAX_OWN) throw badInput("too-many-files", `${own} scanner files, at most ${MAX_OWN} run in one scan.`);
  const wanted = asked.scanners;
  let chosen = wanted === undefined ? known.filter(({ name }) => settings.enabled(name)) : known.filter(({ name }) => wanted.includes(name));
  if (asked.pipeline !== undefined) {
    const pipelines = [...new Set(known.map(({ pipeline }) => pipeline))];
    if (!pipelines.includes(asked.pipeline))
      throw badInput("unknown-pipeline", `No scanner belongs to the pipeline "${asked.pipeline}".`, knownNames(asked.pipeline, pipelines));
    chosen = chosen.filter(({ pipeline }) => pipeline === asked.pipeline);
  }
  if (chosen.length === 0 && own === 0) {
    throw badInput("no-scanners", "No scanner is left to run.", "Turn one on with scanners.<name>.enabled, or name it outright.");
  }
  return chosen;
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
