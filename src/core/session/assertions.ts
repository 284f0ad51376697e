/** `quantdesk test` and the Test Explorer: assertion files, one after another, their backtests run and counted like any other. */
import { badInput } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { knownNames } from "../base/nearest.ts";
import { assertionReport, type AssertionFileResult, type AssertionReport, type ExpectationResult } from "../domain/assertionReport.ts";
import { EXTRA_COST_NAMES, isParams, type BacktestResult } from "../domain/backtest.ts";
import type { BacktestSpec } from "../domain/desk.ts";

export interface AssertionOptions {
  /** For each file, its backtests included; 120 s when absent. */
  readonly timeoutMs?: number;
  readonly onBacktest?: (file: string, done: ExpectationResult) => void;
}

interface Parts {
  readonly backtest: (spec: BacktestSpec, signal: AbortSignal) => Promise<BacktestResult>;
  /** Throws bad input when there is no such file. */
  readonly checkFile: (file: string) => void;
  readonly runFile: (
    file: string,
    options: {
      readonly timeoutMs: number;
      readonly backtest: Parts["backtest"];
      readonly parse: (spec: unknown) => BacktestSpec;
      readonly onBacktest?: (done: ExpectationResult) => void;
      readonly log: Log;
    },
    signal: AbortSignal,
  ) => Promise<AssertionFileResult>;
  readonly log: Log;
}

const FILE_MS = 120_000;
const FIELDS = [
  "data",
  "benchmark",
  "strategy",
  "params",
  "engine",
  "cash",
  "feeRate",
  "slippageBps",
  ...EXTRA_COST_NAMES,
  "sizing",
  "fill",
  "from",
  "to",
  "timeZone",
  "timeframe",
  "periodsPerYear",
  "riskFree",
] as const satisfies ReadonlyArray<keyof BacktestSpec>;

export async function runAssertions(files: readonly string[], options: AssertionOptions, parts: Parts, signal: AbortSignal): Promise<AssertionReport> {
  for (const file of files) parts.checkFile(file);
  const started = performance.now();
  const done: AssertionFileResult[] = [];
  const { onBacktest } = options;
  for (const file of files) {
    done.push(
      await parts.runFile(
        file,
        {
          timeoutMs: options.timeoutMs ?? FILE_MS,
          backtest: parts.backtest,
          parse: specOf,
          log: parts.log,
          ...(onBacktest === undefined ? {} : { onBacktest: (one: ExpectationResult) => onBacktest(file, one) }),
        },
        signal,
      ),
    );
  }
  return assertionReport(done, performance.now() - started);
}

/** What the compute process checks anyway (numbers and their bounds) is left to it. */
function specOf(value: unknown): BacktestSpec {
  if (value === null || typeof value !== "object") throw badInput("bad-request", "expectBacktest() takes a request like { data, strategy }.");
  const given = value as Record<string, unknown>;
  const stranger = Object.keys(given).find((name) => !(FIELDS as readonly string[]).includes(name));
  if (stranger !== undefined) throw badInput("bad-request", `expectBacktest(): "${stranger}" is no field of a request.`, knownNames(stranger, FIELDS));
  for (const name of ["data", "strategy"])
    if (typeof given[name] !== "string" || given[name] === "") throw badInput("bad-request", `expectBacktest(): ${name} must be a text.`);
  if (given["params"] !== undefined && !isParams(given["params"])) throw badInput("bad-request", "expectBacktest(): params must be names with numbers.");
  return given as unknown as BacktestSpec;
}
