/** The best combinations of a sweep through the ordinary engine, shared among its workers. */
import { TradingError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { SweepFigures } from "../../domain/sweep.ts";
import { COLUMNS } from "./figures.ts";
import type { FullAnswer } from "./messages.ts";

/** Largest relative difference between tables and engine that is rounding. */
const TOLERANCE = 1e-9;
/** Between a trade that won and one that lost lies a rounding error, when it did neither: these are not held against each other. */
const NOT_COMPARED: ReadonlySet<string> = new Set(["winRatePct", "profitFactor"]);

/** Some combinations in one worker, when one is free; with `monteCarlo` the trades of the first are drawn again. */
export type RunInFull = (items: readonly number[], monteCarlo: boolean) => Promise<readonly FullAnswer[]>;

/** A worker alone has all of them at once; several take them from a queue, fewer and fewer at a time. */
export async function allInFull(order: readonly number[], workers: number, run: RunInFull): Promise<readonly FullAnswer[]> {
  const parts: Array<readonly number[]> = [];
  for (let from = 0; from < order.length; from += parts[parts.length - 1]!.length) {
    const left = order.length - from;
    parts.push(order.slice(from, from + (workers === 1 ? left : Math.max(2, Math.ceil(left / (2 * workers))))));
  }
  return (await Promise.all(parts.map((items, i) => run(items, i === 0)))).flat();
}

/** After a cancel: the best first, each by itself, as many as there is time for. */
export async function whileThereIsTime(order: readonly number[], run: RunInFull, log: Log): Promise<readonly FullAnswer[]> {
  const answers: FullAnswer[] = [];
  try {
    for (const [i, item] of order.entries()) answers.push(...(await run([item], i === 0)));
  } catch (error) {
    const { message } = TradingError.from(error, "failed");
    log.warn(`Only ${answers.length} of the ${order.length} best of the cancelled sweep were run in full: ${message}`);
  }
  return answers;
}

/** Whether the engine says of all of them what the columns say. */
export function agree(answers: readonly FullAnswer[], order: readonly number[], columns: SweepFigures): boolean {
  return answers.every(({ stats }, i) => COLUMNS.every((name) => NOT_COMPARED.has(name) || areEqual(stats[name], columns[name][order[i]!]!)));
}

function areEqual(full: number | null, quick: number): boolean {
  const expected = full ?? Number.NaN;
  if (Number.isNaN(expected) || Number.isNaN(quick)) return Number.isNaN(expected) && Number.isNaN(quick);
  return Math.abs(expected - quick) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
