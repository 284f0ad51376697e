/** Reads what may have happened while nothing was heard, with the stream already listening: at the start and on reconnect. */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Account, Fill, Order, TradeUpdate } from "../domain/orders.ts";
import type { OrderJournal } from "../domain/ports.ts";
import type { Alarms } from "./alarms.ts";
import { compareBooks, heldQuantities, isSameHoldings } from "./books.ts";
import { noteOf } from "./journalNotes.ts";
import type { OrderFeed } from "./orderFeed.ts";
import { reconcileJournal } from "./reconcile.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface CatchUpDeps {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly feed: OrderFeed;
  readonly alarms: Alarms;
  /** Being placed by this very broker: left alone. */
  readonly isPending: (clientOrderId: string) => boolean;
}

export interface CaughtUp {
  readonly account: Account;
  /** Exits of positions as they stand, those that ended meanwhile included. */
  readonly exits: readonly Order[];
  /** Journal entries that may still turn up. */
  readonly left: number;
}

/** Fills are read again from so long before the last, since a broker may book them late. */
const OVERLAP_MS = 60_000;
/** How far back a state folder without history looks. */
const FIRST_LOOK_BACK_MS = 86_400_000;
/** Between two looks at journal entries that may still turn up. */
const LEFT_PAUSE_MS = 5000;
/** Orders of missed fills that are read one by one to tell of them; the journal has the fills of all. */
const MOST_TOLD = 100;
const MOST_LOOKS = 3;

/**
 * Every fill is told once: by what this broker has told before, or, for orders it has not seen yet, by what the journal knew.
 */
export async function catchUp(deps: CatchUpDeps, signal: AbortSignal): Promise<CaughtUp> {
  const { api, journal, clock, feed } = deps;
  const { book, notes } = feed;
  feed.watch.reset();
  const known = book.open();
  const [account, current, market] = await Promise.all([api.account(signal), api.orders({ status: "open" }, signal), api.clock(signal)]);
  const number = account.accountNumber;
  notes.account = number;
  await notes.flush();
  const journalled = await reconcileJournal(number, current, deps, signal);
  const shown = new Map([...current, ...journalled.orders].flatMap((order) => [order, ...order.legs]).map((order) => [order.id as string, order]));
  for (const order of known) {
    const ended = shown.has(order.id) ? null : await orderOrNull(order.id, api, signal);
    if (ended !== null) shown.set(ended.id, ended);
  }
  const legs = await readLegs(number, shown, deps, signal);
  const mark = await journal.fillsReadTo(number, signal);
  const from = mark ?? market.at - FIRST_LOOK_BACK_MS;
  const { fills, positions, baseline } = await readFills(number, from - OVERLAP_MS, deps, signal);
  const readTo = fills.reduce((latest, fill) => Math.max(latest, fill.at), from);
  const news = new Set(await journal.note(number, { orders: [...shown.values()].map(noteOf), fills, readTo, ...baseline }, signal));
  const mine = new Set(journalled.orders.map((order) => order.id));
  const isNews = (fill: Fill) => book.get(fill.orderId) !== undefined || (news.has(fill) && (mark !== null || mine.has(fill.orderId)));
  const told = await updatesOf(fills, isNews, shown, deps, signal);
  told.push(...book.reconcile([...shown.values()], clock.now()));
  for (const order of shown.values()) book.adopt(order);
  for (const update of told) feed.updates.emit(update);
  await compareBooks(number, positions, deps, signal);
  return { account, exits: [...shown.values()].filter(({ id }) => legs.has(id) || book.isWorkingExit(id)), left: journalled.left };
}

/** With positions of just before, which are a baseline if they are the same just after, and the account has no books yet. */
async function readFills(account: string, since: number, { api, journal }: CatchUpDeps, signal: AbortSignal) {
  const isKept = (await journal.books(account, signal)) !== null;
  for (let look = 1; ; look++) {
    const positions = await api.positions(signal);
    const fills = await api.fills(since, signal);
    if (isKept) return { fills, positions, baseline: {} };
    const held = heldQuantities(positions);
    if (isSameHoldings(held, heldQuantities(await api.positions(signal)))) return { fills, positions, baseline: { baseline: { positions: held, since } } };
    if (look === MOST_LOOKS) return { fills, positions, baseline: {} }; // with the next connection
  }
}

/** Legs whose end has not been seen yet; adds those that are no longer open to `shown`. */
async function readLegs(account: string, shown: Map<string, Order>, { api, journal }: CatchUpDeps, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const legs = await journal.openLegs(account, signal);
  for (const id of legs.slice(0, MOST_TOLD)) {
    const leg = shown.has(id) ? null : await orderOrNull(id, api, signal);
    if (leg !== null) shown.set(leg.id, leg);
  }
  return new Set(legs);
}

/** Adds to `shown` what it reads. */
async function updatesOf(
  fills: readonly Fill[],
  isNews: (fill: Fill) => boolean,
  shown: Map<string, Order>,
  { api, feed }: CatchUpDeps,
  signal: AbortSignal,
): Promise<TradeUpdate[]> {
  const told: TradeUpdate[] = [];
  let reads = 0;
  for (const fill of fills) {
    if (!isNews(fill)) continue; // asked one by one: an order becomes known by its first fill
    let order = shown.get(fill.orderId) ?? feed.book.get(fill.orderId);
    if (order === undefined && reads++ < MOST_TOLD) order = (await orderOrNull(fill.orderId, api, signal).catch(() => null)) ?? undefined;
    if (order === undefined) continue;
    shown.set(order.id, order);
    const update = feed.book.fill(fill, order);
    if (update !== null) told.push(update);
  }
  return told;
}

/** Entries that may still turn up are asked for until they have, or surely will not; until the signal aborts. */
export async function settleLeft(account: string, deps: CatchUpDeps, signal: AbortSignal): Promise<void> {
  for (let left = 1; left > 0 && !signal.aborted; ) {
    try {
      await deps.clock.sleep(LEFT_PAUSE_MS, signal);
      const settled = await reconcileJournal(account, [], deps, signal);
      for (const order of settled.orders) deps.feed.learn(order);
      left = settled.left;
    } catch (error) {
      if (!signal.aborted) deps.log.debug(`The journal could not be reconciled: ${TradingError.from(error, "failed").message}`);
    }
  }
}

async function orderOrNull(id: string, api: TradingApi, signal: AbortSignal): Promise<Order | null> {
  try {
    return await api.order(id, signal);
  } catch (error) {
    if (TradingError.from(error, "failed").code === "not-found") return null;
    throw error;
  }
}
