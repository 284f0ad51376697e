/** What workers do, the same in a thread and in a process: their answers carry a failure as a value, so that a rejection means the worker itself. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, runInThisContext } from "node:vm";
import { badInput, TradingError, type PlainError } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { IndicatorColumns } from "../domain/indicators/definition.ts";
import { computeColumns } from "./featureSet.ts";
import type { LatencyBenchOptions } from "./latencyBench.ts";

/** Features of several series, which stand one after another in the columns; answered one after another too. */
export interface FeaturesTask {
  readonly kind: "features";
  readonly columns: IndicatorColumns;
  /** Bars of each series. */
  readonly lengths: readonly number[];
  readonly indicators: readonly string[];
}

export type Task =
  | FeaturesTask
  | { readonly kind: "latency-bench"; readonly options: LatencyBenchOptions }
  /** `source` is an expression that evaluates to a function. */
  | { readonly kind: "function"; readonly source: string; readonly args: readonly unknown[] }
  /** `module` is an absolute path, a file: address or a package's name. */
  | { readonly kind: "module"; readonly module: string; readonly name: string; readonly args: readonly unknown[] };

export type TaskAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: PlainError };

export async function runTask(task: Task): Promise<TaskAnswer> {
  try {
    return { ok: true, value: await valueOf(task) };
  } catch (error) {
    return { ok: false, error: TradingError.from(error, "task-failed").toPlain() };
  }
}

function valueOf(task: Task): unknown {
  switch (task.kind) {
    case "features":
      return computeAll(task);
    case "latency-bench":
      return latencyBench(task.options);
    case "function": {
      // `import("node:fs")` in it works as in a module; relative paths start at the working directory.
      const options = { filename: "executeBlocking", importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
      const work = runInThisContext(`"use strict"; ${task.source}`, options) as (...args: readonly unknown[]) => unknown;
      return work(...task.args);
    }
    case "module":
      return callExport(task.module, task.name, task.args);
  }
}

function computeAll({ columns, lengths, indicators }: FeaturesTask): Float64Array {
  if (lengths.length === 1) return computeColumns(columns, indicators);
  let from = 0;
  const answers = lengths.map((length) => {
    const own = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.subarray(from, from + length)]));
    from += length;
    return computeColumns(own, indicators);
  });
  const all = new Float64Array(answers.reduce((sum, answer) => sum + answer.length, 0));
  let at = 0;
  for (const answer of answers) {
    all.set(answer, at);
    at += answer.length;
  }
  return all;
}

/** Loaded when it is asked for only: it brings pools of its own. The process is ended by whoever asked. */
async function latencyBench(options: LatencyBenchOptions): Promise<unknown> {
  const { runRecordedBench } = await import("./latencyBench.ts");
  return await runRecordedBench(options, new AbortController().signal);
}

async function callExport(module: string, name: string, args: readonly unknown[]): Promise<unknown> {
  const address = module.startsWith("/") || /^[A-Za-z]:[\\/]/.test(module) ? pathToFileURL(resolve(module)).href : module;
  let exported: Record<string, unknown>;
  try {
    exported = (await import(address)) as Record<string, unknown>;
  } catch (error) {
    throw badInput(
      "module-not-loaded",
      `The module ${module} cannot be loaded: ${(error as Error).message}`,
      "Give an absolute path or the name of an installed package.",
    );
  }
  const work = exported[name];
  if (typeof work !== "function")
    throw badInput("unknown-export", `The module ${module} exports no function ${name}.`, knownNames(name, Object.keys(exported)));
  return (work as (...args: readonly unknown[]) => unknown)(...args);
}
