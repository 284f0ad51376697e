/** Sweeps and walk-forward analyses of cells on the owner's side: long work under a ticket, by which its progress is asked and it is stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { badInput } from "../core/base/errors.ts";
import { Scope } from "../core/base/scope.ts";
import type { BacktestSpec } from "../core/domain/desk.ts";
import type { SweepOptions, SweepProgress, SweepSpec } from "../core/domain/sweep.ts";
import type { Session } from "../core/session.ts";
import type { BacktestArguments, DeskArguments } from "./deskArguments.ts";
import type { DeskAnswer, DeskCaller } from "./deskProtocol.ts";

interface Running {
  readonly scope: Scope;
  progress: SweepProgress;
  changed: PromiseWithResolvers<void>;
}

type Method<M extends keyof DeskArguments> = (args: DeskArguments[M], caller: DeskCaller, signal: AbortSignal) => Promise<DeskAnswer>;

/** Of one session at once; more would only wait for each other. */
const MAX_RUNNING = 16;
/** Between two answers about progress: enough for an eye. */
const PROGRESS_MS = 100;

export function createSweepMethods(
  session: Session,
  specOf: (args: BacktestArguments) => Promise<BacktestSpec>,
): { readonly sweep: Method<"sweep">; readonly walkForward: Method<"walkForward">; readonly progress: Method<"progress">; readonly stop: Method<"stop"> } {
  const running = new Map<string, Running>();
  const under = async <T>(
    ticket: string,
    how: Pick<DeskArguments["sweep"][0], "workers" | "timeoutSeconds">,
    signal: AbortSignal,
    work: Work<T>,
  ): Promise<T> => {
    if (running.size >= MAX_RUNNING) throw badInput("too-many-sweeps", `${MAX_RUNNING} sweeps run at once.`, "Wait for one to end.");
    const mine: Running = { scope: new Scope({ name: "A sweep", signal }), progress: { done: 0, combinations: 0 }, changed: Promise.withResolvers() };
    running.set(ticket, mine);
    const options: SweepOptions = {
      ...(how.workers === undefined ? {} : { workers: how.workers }),
      ...(how.timeoutSeconds === undefined ? {} : { timeoutMs: how.timeoutSeconds * 1000 }),
      onProgress: (progress) => {
        mine.progress = progress;
        mine.changed.resolve();
        mine.changed = Promise.withResolvers();
      },
    };
    try {
      return await work(options, mine.scope.signal);
    } finally {
      running.delete(ticket);
      mine.changed.resolve();
      await mine.scope.close();
    }
  };
  return {
    sweep: async ([args, ticket], _caller, signal) => {
      const { result, columns } = await under(ticket, args, signal, async (options, both) => session.sweep(await sweepSpec(args, specOf), options, both));
      return { kind: "sweep", value: { ...result, columns } };
    },
    walkForward: async ([args, ticket], _caller, signal) => {
      const { train, test, anchored = false } = args;
      const { result, time, equity } = await under(ticket, args, signal, async (options, both) =>
        session.walkForward({ ...(await sweepSpec(args, specOf)), train, test, anchored }, options, both),
      );
      const curve = Array.from(equity, (value, i) => [new Date(time[i]!).toISOString(), value] as const);
      return { kind: "walkForward", value: { ...result, equity: curve } };
    },
    progress: async ([ticket, seen], _caller, signal) => {
      const found = running.get(ticket);
      if (found !== undefined && found.progress.done <= seen) {
        await Promise.race([found.changed.promise, sleep(60_000, undefined, { signal, ref: false })]);
        await sleep(PROGRESS_MS, undefined, { signal });
      }
      return { kind: "plain", value: running.get(ticket)?.progress ?? null };
    },
    stop: async ([ticket]) => {
      running.get(ticket)?.scope.abort();
      return { kind: "plain", value: undefined };
    },
  };
}

type Work<T> = (options: SweepOptions, signal: AbortSignal) => Promise<T>;

async function sweepSpec(args: DeskArguments["sweep"][0], specOf: (args: BacktestArguments) => Promise<BacktestSpec>): Promise<SweepSpec> {
  const { grid, where, method, trials, seed, patience, budgetSeconds, folds, purge, embargo, top } = args;
  const { data, strategy, params, engine, cash, feeRate, slippageBps, sizing, fill, from, to, timeZone, timeframe, periodsPerYear, riskFree } = args;
  const base = { data, strategy, params, engine, cash, feeRate, slippageBps, sizing, fill, from, to, timeZone, timeframe, periodsPerYear, riskFree };
  const budgetMs = budgetSeconds === undefined ? undefined : budgetSeconds * 1000;
  const given = Object.fromEntries(Object.entries({ where, method, trials, seed, patience, budgetMs, top }).filter(([, value]) => value !== undefined));
  if (folds === undefined) return { ...(await specOf(base)), grid, ...given };
  return {
    ...(await specOf(base)),
    grid,
    ...given,
    crossValidation: { folds, ...(purge === undefined ? {} : { purge }), ...(embargo === undefined ? {} : { embargo }) },
  };
}
