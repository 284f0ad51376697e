/** Long work on the event loop, a few milliseconds at a time. */
import { setImmediate as nextTurn } from "node:timers/promises";

const TURN_MS = 8;

/** Awaited between pieces of work. */
export type Pace = () => Promise<void>;

/** Lets others have a turn when ours has taken long enough; throws when the caller has given up. */
export function createPace(signal: AbortSignal): Pace {
  let since = performance.now();
  return async () => {
    signal.throwIfAborted();
    if (performance.now() - since < TURN_MS) return;
    await nextTurn();
    signal.throwIfAborted();
    since = performance.now();
  };
}
