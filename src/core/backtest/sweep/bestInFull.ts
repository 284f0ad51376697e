/** The best combinations of a sweep through the ordinary engine, shared among its workers. */
import { TradingError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { FullAnswer } from "./messages.ts";

/** Some combinations in one worker, when one is free; with `monteCarlo` the trades of the first are drawn again. */
export type RunInFull = (items: readonly number[], monteCarlo: boolean) => Promise<readonly FullAnswer[]>;

/** A worker alone has all of them at once; several take them from a queue, fewer and fewer at a time. */
export async function allInFull(order: readonly number[], workers: number, run: RunInFull): Promise<readonly FullAnswer[]> {
  const parts: Array<readonly number[]> = [];
  for (let from = 0; from < order.length; from += parts[parts.length - 1]!.length) {
    const left = order.length - from;
    parts.push(order.slice(from, from + (workers === 1 ? left : Math.max(3, Math.ceil(left / (1.5 * workers))))));
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
