/** Beside a connection: from time to time books, stops and assets are looked at, since nobody tells of what happens to them. */
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { compareBooks, type BooksDeps } from "./books.ts";
import { checkFooting } from "./footing.ts";
import type { OrderFeed } from "./orderFeed.ts";
import type { Protection } from "./protection.ts";

export interface LookAroundDeps extends BooksDeps {
  readonly log: Log;
  readonly protection: Protection;
  readonly feed: OrderFeed;
}

const EVERY_MS = 60_000;
/** Assets of open orders are looked at every so many turns; at once only those of orders that have stood overnight. */
const FOOTING_TURNS = 15;
const FRESH_MS = 43_200_000;

/** Until the signal aborts. */
export async function lookAround(account: string, deps: LookAroundDeps, signal: AbortSignal): Promise<void> {
  const { journal, clock, log, protection, feed } = deps;
  for (let turn = 0; !signal.aborted; turn++) {
    try {
      if (turn > 0) await compareBooks(account, null, deps, signal);
      const standing = await journal.alarms(account, signal);
      const bare = standing.filter((alarm) => alarm.code === "unprotected-position").map((alarm) => alarm.symbol);
      if (bare.length > 0) await protection.review(account, [...new Set(bare)], signal);
      const open = feed.book.open();
      const old = turn > 0 ? open : open.filter((order) => clock.now() - order.submittedAt > FRESH_MS);
      if (turn > 0 ? turn % FOOTING_TURNS === 0 : old.length > 0) await checkFooting(account, old, clock.now(), deps, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.debug(`Books and assets could not be looked at: ${TradingError.from(error, "failed").message}`);
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
