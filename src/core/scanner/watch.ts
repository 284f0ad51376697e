/** Scans again and again: never two at once, and only while the market is open. */
import type { Clock } from "../base/clock.ts";
import { TradingError } from "../base/errors.ts";
import type { MarketClock } from "../domain/orders.ts";

export interface Watch {
  /** From the start of one scan to the start of the next; a scan that takes longer delays the next, and none is made up for. */
  readonly everyMs: number;
  scan(signal: AbortSignal): Promise<void>;
  market(signal: AbortSignal): Promise<MarketClock>;
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
}

/** The market's hours are asked for again at least this often while it is closed. */
const ASK_MS = 60_000;

/** The first scan runs at once, whatever the hour. Ends only by rejecting: with the signal's reason, or with what a scan threw. */
export async function watchScans(watch: Watch, signal: AbortSignal): Promise<never> {
  for (;;) {
    const startedAt = watch.clock.now();
    await watch.scan(signal);
    const waitMs = startedAt + watch.everyMs - watch.clock.now();
    if (waitMs > 0) await watch.clock.sleep(waitMs, signal);
    await untilOpen(watch, signal);
  }
}

async function untilOpen({ everyMs, market, clock, onLine }: Watch, signal: AbortSignal): Promise<void> {
  let said = false;
  for (;;) {
    const hours = await hoursOf(market, onLine, signal);
    if (hours === undefined || hours.isOpen) return;
    if (!said) onLine(`The market is closed; the next scan is at its opening, ${new Date(hours.nextOpen).toISOString()}.`);
    said = true;
    await clock.sleep(Math.max(1, Math.min(hours.nextOpen - hours.at, ASK_MS, Math.max(everyMs, 1000))), signal);
  }
}

/** A market that does not say its hours is scanned all the same. */
async function hoursOf(market: Watch["market"], onLine: (line: string) => void, signal: AbortSignal): Promise<MarketClock | undefined> {
  try {
    return await market(signal);
  } catch (error) {
    signal.throwIfAborted();
    onLine(`The market's hours are not known: ${TradingError.from(error, "failed").message}`);
    return undefined;
  }
}
