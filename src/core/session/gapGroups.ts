/**
 * Which backtest a fill is held against: the run that its order names ("run:HASH" before its reason), else the newest
 * backtest of its symbol that the order's cell, or anyone, had run before it. Fills for which there is none are told apart.
 */
import { TradingError } from "../base/errors.ts";
import { newYorkDate } from "../domain/nyse.ts";
import type { JournalledOrder, RunRecord, RunRow, Store, StoredFill } from "../domain/ports.ts";
import { proposalOf } from "../domain/preview.ts";

export interface GapQuery {
  /** YYYY-MM-DD, New York, both included. */
  readonly from: string;
  readonly to: string;
  /** Beginning of a run's hash: every fill of its symbols on these days is held against it, whatever its order says. */
  readonly run?: string;
}

export type GapStore = Pick<Store, "journalledOrders" | "fills" | "runs" | "runsByHash">;

export interface Group {
  readonly run: RunRecord;
  readonly account: string;
  readonly symbol: string;
  /** Of its orders, also before the first day; oldest first. */
  readonly fills: readonly StoredFill[];
  readonly orders: ReadonlyMap<string, JournalledOrder>;
  /** Orders that name no run. */
  readonly guessed: ReadonlySet<string>;
}

export interface Grouped {
  readonly groups: readonly Group[];
  /** Fills of these days that are held against nothing. */
  readonly unattributed: ReadonlyArray<{ readonly account: string; readonly symbol: string; readonly fills: number }>;
  /** All fills known, by account. */
  readonly fills: ReadonlyMap<string, readonly StoredFill[]>;
}

/** Origin of the runs that are made for this: one may be of a strategy's old text, in a file that is gone. */
export const OWN = "gap";
const MOST_ORDERS = 10_000;
const MOST_RUNS = 1000;
const PAGE = 5000;
const SYMBOL = /^[A-Z][A-Z0-9./-]{0,20}$/;

export async function fillsByRun({ from, to, run }: GapQuery, store: GapStore, signal: AbortSignal): Promise<Grouped> {
  const orders = await store.journalledOrders(null, MOST_ORDERS, signal);
  const byId = new Map(orders.flatMap((order) => (order.orderId === null ? [] : [[order.orderId, order] as const])));
  const runs = new Runs(store, signal);
  const named = run === undefined ? undefined : await runs.byHash(run);
  const isInside = ({ at }: StoredFill) => isBetween(newYorkDate(at), from, to);
  const groups = new Map<string, { -readonly [K in keyof Group]: Group[K] } & { fills: StoredFill[]; guessed: Set<string> }>();
  const left = new Map<string, { readonly account: string; readonly symbol: string; fills: number }>();
  const known = new Map<string, readonly StoredFill[]>();
  for (const account of new Set(orders.map((order) => order.account))) {
    const fills = await allFills(account, store, signal);
    known.set(account, fills);
    for (const fill of fills) {
      const order = byId.get(fill.orderId);
      const hash = order === undefined ? undefined : runIn(order);
      const record =
        named === undefined ? await (hash === undefined ? runs.before(fill, order) : runs.byHash(hash)) : isOf(named, fill.symbol) ? named : undefined;
      const key = `${account} ${record?.runHash ?? ""} ${fill.symbol}`;
      if (record === undefined) {
        const rest = left.get(key) ?? { account, symbol: fill.symbol, fills: 0 };
        if (isInside(fill)) left.set(key, { ...rest, fills: rest.fills + 1 });
        continue;
      }
      const group = groups.get(key) ?? { run: record, account, symbol: fill.symbol, fills: [], orders: byId, guessed: new Set<string>() };
      group.fills.push(fill);
      if (named === undefined && hash === undefined) group.guessed.add(fill.orderId);
      groups.set(key, group);
    }
  }
  return { groups: [...groups.values()].filter(({ fills }) => fills.some(isInside)), unattributed: [...left.values()], fills: known };
}

async function allFills(account: string, store: GapStore, signal: AbortSignal): Promise<readonly StoredFill[]> {
  const fills: StoredFill[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await store.fills(account, { limit: PAGE, offset }, signal);
    fills.push(...page);
    if (page.length < PAGE) return fills;
  }
}

/** Runs of the ledger, each read once. */
class Runs {
  readonly #store: GapStore;
  readonly #signal: AbortSignal;
  readonly #records = new Map<string, Promise<RunRecord>>();
  readonly #ofSymbol = new Map<string, Promise<readonly RunRow[]>>();

  constructor(store: GapStore, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  byHash(hash: string): Promise<RunRecord> {
    const known = this.#records.get(hash) ?? this.#read(hash);
    this.#records.set(hash, known);
    return known;
  }

  /** The newest backtest of the symbol before the order (or fill) that traded it: of the order's own cell, else of anyone. */
  async before({ symbol, at }: StoredFill, order: JournalledOrder | undefined): Promise<RunRecord | undefined> {
    const rows = this.#ofSymbol.get(symbol) ?? this.#store.runs({ data: symbol, limit: MOST_RUNS }, this.#signal);
    this.#ofSymbol.set(symbol, rows);
    const until = order?.at ?? at;
    const earlier = (await rows).filter((row) => row.at <= until && row.origin !== OWN && row.front !== "sweep" && row.front !== "walk-forward");
    const found = earlier.find((row) => row.origin !== undefined && row.origin === order?.origin) ?? earlier[0];
    return found === undefined ? undefined : await this.byHash(found.runHash);
  }

  async #read(hash: string): Promise<RunRecord> {
    const found = (await this.#store.runsByHash(hash, this.#signal)).find(({ details, origin }) => details?.kind === "backtest" && origin !== OWN);
    if (found === undefined)
      throw new TradingError("unknown-run", `The ledger has no backtest ${hash}.`, { kind: "usage", hint: "quantdesk runs lists them." });
    return found;
  }
}

function runIn(order: JournalledOrder): string | undefined {
  const { kind, id } = proposalOf({ origin: order.origin, ...(order.why === null ? {} : { why: order.why }) });
  return kind === "run" ? id : undefined;
}

/** A run on symbols is of those; a file may be of any. */
function isOf({ dataset }: RunRecord, symbol: string): boolean {
  const names = dataset.split(", ");
  return names.includes(symbol) || !names.every((name) => SYMBOL.test(name));
}

export function isBetween(date: string, from: string, to: string): boolean {
  return date >= from && date <= to;
}
