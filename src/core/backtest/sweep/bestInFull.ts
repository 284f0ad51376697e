/** The best combinations of a sweep through the ordinary engine, shared among its workers. */
import { TradingError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { FullAnswer } from "./messages.ts";

/**
 * Combinations in one worker, when one is free; with `monteCarlo` the trades of the first are drawn again. Those of one
 * `round`, which name the same items, share them.
 */
export type RunInFull = (items: readonly number[], monteCarlo: boolean, round: number) => Promise<readonly FullAnswer[]>;

/** Every worker takes the next that nobody has taken, till none is left. Answers in the order of the items. */
export async function allInFull(order: readonly number[], workers: number, run: RunInFull): Promise<readonly FullAnswer[]> {
  const parts = await Promise.all(Array.from({ length: Math.min(workers, order.length) }, () => run(order, true, 1)));
  const answers: FullAnswer[] = [];
  // One that a new compute process has run again is the same.
  for (const answer of parts.flat()) answers[answer.at] = answer;
  return answers;
}

/** After a cancel: the best first, each by itself, as many as there is time for. */
export async function whileThereIsTime(order: readonly number[], run: RunInFull, log: Log): Promise<readonly FullAnswer[]> {
  const answers: FullAnswer[] = [];
  try {
    for (const [i, item] of order.entries()) answers.push(...(await run([item], i === 0, i + 1)));
  } catch (error) {
    const { message } = TradingError.from(error, "failed");
    log.warn(`Only ${answers.length} of the ${order.length} best of the cancelled sweep were run in full: ${message}`);
  }
  return answers;
}
