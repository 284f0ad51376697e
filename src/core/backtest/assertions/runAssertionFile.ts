/**
 * Runs one assertion file in a process of its own; the backtests that it names are run by whoever hands in `backtest`, so
 * that nothing in the file can reach the session. A file that hangs is ended at its deadline.
 */
import { fork } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import * as v from "valibot";
import { Channel } from "../../base/channel.ts";
import { childEnv } from "../../base/childEnv.ts";
import { entryPath } from "../../base/entry.ts";
import { badInput, TradingError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { Scope } from "../../base/scope.ts";
import type { AssertionFileResult, AssertionResult, ExpectationResult } from "../../domain/assertionReport.ts";
import type { BacktestResult } from "../../domain/backtest.ts";
import type { BacktestSpec } from "../../domain/desk.ts";
import { Checked, Declared } from "./protocol.ts";

const HEAP_MB = 1024;
const MAX_OUTPUT = 2000;
const FEE_RATE = 0.001;
const SLIPPAGE_BPS = 5;

export interface AssertionFileOptions {
  /** For the whole file, its backtests included. */
  readonly timeoutMs: number;
  readonly backtest: (spec: BacktestSpec, signal: AbortSignal) => Promise<BacktestResult>;
  /** A request out of the file, checked; throws bad input. */
  readonly parse: (spec: unknown) => BacktestSpec;
  readonly onBacktest?: (done: ExpectationResult) => void;
  readonly log: Log;
}

/** Bad input when there is no such file. */
export function checkAssertionFile(file: string): void {
  if (!/\.[cm]?[jt]s$/.test(file)) throw badInput("bad-file", `${file} is no TypeScript or JavaScript file.`, "Give files that end in .ts.");
  if (!existsSync(file) || !statSync(file).isFile()) throw badInput("no-such-file", `There is no file ${file}.`, "Check the path.");
}

export async function runAssertionFile(file: string, options: AssertionFileOptions, signal: AbortSignal): Promise<AssertionFileResult> {
  const started = performance.now();
  const backtests: ExpectationResult[] = [];
  const scope = new Scope({ name: file, deadlineMs: options.timeoutMs, signal });
  const ended = (error: string | null): AssertionFileResult => ({ file, error, durationMs: performance.now() - started, backtests });
  try {
    const channel = startProcess(file, scope, options.log);
    const declared = v.parse(Declared, await channel.ask("load", resolve(file), scope.signal));
    if (declared.every(({ checks }) => checks.length === 0)) return ended(`${file} expects nothing: it calls no expectBacktest(…) with an assertion.`);
    for (const [expectation, { spec, checks }] of declared.entries()) {
      const done = await one(expectation, spec, checks, { file, channel, scope, options });
      backtests.push(done);
      options.onBacktest?.(done);
    }
    return ended(null);
  } catch (error) {
    signal.throwIfAborted();
    return ended(messageOf(error));
  } finally {
    await scope.close();
  }
}

interface Around {
  readonly file: string;
  readonly channel: Channel;
  readonly scope: Scope;
  readonly options: AssertionFileOptions;
}

type Check = Pick<AssertionResult, "name" | "line">;

async function one(expectation: number, given: unknown, checks: readonly Check[], { file, channel, scope, options }: Around): Promise<ExpectationResult> {
  let result: BacktestResult | undefined;
  let words = "a backtest";
  try {
    const spec = withPaths(options.parse(given), dirname(resolve(file)));
    words = `${spec.strategy}${paramsIn(spec)} on ${spec.data}`;
    result = await options.backtest({ feeRate: FEE_RATE, slippageBps: SLIPPAGE_BPS, ...spec, equity: true, origin: `test:${file}` }, scope.signal);
    const found = v.parse(Checked, await channel.ask("check", { expectation, result }, scope.signal));
    const assertions = checks.map((check, at): AssertionResult => {
      const { status = "failed", message, bar, trade } = found[at] ?? {};
      return {
        ...check,
        status,
        ...(message === undefined ? {} : { message }),
        ...(bar === undefined ? {} : { bar }),
        ...(trade === undefined ? {} : { trade }),
      };
    });
    return { backtest: words, runHash: result.runHash, simulated: result.simulated, assertions };
  } catch (error) {
    const isLate = error instanceof TradingError && error.code === "timeout";
    const assertions = checks.map((check): AssertionResult => ({ ...check, status: isLate ? "timeout" : "error", message: messageOf(error) }));
    return { backtest: words, runHash: result?.runHash ?? null, simulated: result?.simulated ?? false, assertions };
  }
}

function paramsIn({ params = {} }: BacktestSpec): string {
  const text = Object.entries(params).map(([name, value]) => `${name} ${value}`);
  return text.length === 0 ? "" : ` (${text.join(", ")})`;
}

/** Files that are named in it are beside it. */
function withPaths(spec: BacktestSpec, folder: string): BacktestSpec {
  const beside = (reference: string) => {
    if (isAbsolute(reference) || reference.startsWith("sample:")) return reference;
    const path = resolve(folder, reference);
    return /\.(csv|gz|parquet|[cm]?[jt]s)$/i.test(reference) || existsSync(path) ? path : reference;
  };
  return {
    ...spec,
    data: beside(spec.data),
    ...(spec.benchmark === undefined ? {} : { benchmark: beside(spec.benchmark) }),
    strategy: /\.[cm]?[jt]s$/.test(spec.strategy) ? beside(spec.strategy) : spec.strategy,
  };
}

function startProcess(file: string, scope: Scope, log: Log): Channel {
  const child = fork(entryPath("assertionWorker"), [], {
    env: childEnv(),
    execArgv: [`--max-old-space-size=${HEAP_MB}`, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const channel = new Channel({
    post: (message) => {
      if (child.connected) child.send(message as object, () => undefined); // a process that is gone is told by its exit
    },
    onMessage: (listener) => child.on("message", listener),
  });
  const gone = new Promise<void>((done) => {
    const end = (how: string) => {
      channel.close(new TradingError("assertions-died", `${file}: its process ended (${how}).`));
      done();
    };
    child.once("error", (error) => end(error.message));
    child.once("exit", (code, by) => end(by ?? `exit code ${code}`));
  });
  let said = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      if (said++ < MAX_OUTPUT) log.info(`${file}: ${text.trimEnd().slice(0, MAX_OUTPUT)}`);
    });
  }
  scope.onClose(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  return channel;
}

function messageOf(error: unknown): string {
  const { message, hint } = TradingError.from(error, "assertions-failed");
  return hint === undefined ? message : `${message} ${hint}`;
}
