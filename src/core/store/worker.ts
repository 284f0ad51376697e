/** Entry of the store's worker thread: one database, asked over the channel. */
import { parentPort, workerData } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { TradingError } from "../base/errors.ts";
import { Database } from "./database.ts";
import { RequestBuckets } from "./requests.ts";
import { failureOf } from "./sqliteErrors.ts";
import type { StoreCalls } from "./store.ts";

const port = parentPort;
if (port === null) throw new Error("The store's worker is started by the store.");

const channel = new Channel({ post: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) });
const database = await open((workerData as { path: string }).path);

let buckets: RequestBuckets | undefined;
const requests = (): RequestBuckets => (buckets ??= new RequestBuckets(`${database.path}.requests`));

const calls: { readonly [K in keyof StoreCalls]: (argument: StoreCalls[K]["argument"]) => StoreCalls[K]["answer"] } = {
  addEquity: ({ account, at, equity }) => database.addEquity(account, at, equity),
  addScan: ({ at, candidates }) => database.addScan(at, candidates),
  lastScan: () => database.lastScan(),
  equity: (account) => database.equity(account),
  killSwitch: ({ account, change, reason }) => database.journal.killSwitch(account, change, reason),
  killPending: ({ account, add, ended }) => database.journal.killPending(account, add, ended),
  journalBegin: ({ entry, windowMs, again }) => database.journal.begin(entry, windowMs, again),
  journalSettle: ({ clientOrderId, state, orderId, reason }) => database.journal.settle(clientOrderId, state, orderId, reason),
  journalUnsettled: (account) => database.journal.unsettled(account),
  journalNote: ({ account, news }) => database.journal.note(account, news),
  journalClaim: ({ keyHash, account }) => database.journal.claim(keyHash, account),
  journalReadTo: (account) => database.journal.fillsReadTo(account),
  journalOrders: ({ account, limit }) => database.journal.journalledOrders(account, limit),
  journalOrder: (clientOrderId) => database.journal.journalledOrder(clientOrderId),
  fills: ({ account, limit, offset }) => database.journal.fills(account, limit, offset),
  journalOwn: ({ account, orders }) => database.journal.books.own(account, orders),
  journalOpenLegs: (account) => database.journal.books.openLegs(account),
  journalBooks: (account) => database.journal.books.read(account),
  alarms: (account) => database.journal.books.alarms(account),
  changeAlarms: ({ account, change }) => database.journal.changeAlarms(account, change),
  bookSplits: ({ account, splits }) => database.journal.bookSplits(account, splits),
  acknowledge: ({ account, positions, reason }) => database.journal.acknowledge(account, positions, reason),
  takeRequests: ({ name, ...rate }) => requests().take(name, rate),
  tellRequests: ({ name, ...news }) => requests().tell(name, news),
  limits: (account) => database.journal.limits(account),
  setLimits: ({ account, limits, reason }) => database.journal.setLimits(account, limits, reason),
  audit: ({ account, limit, before }) => database.journal.audit(account, limit, before),
};
/** What a program that may only read does not keep; it goes on without. Everything else that writes is refused by the database. */
const UNKEPT: { readonly [K in keyof StoreCalls]?: StoreCalls[K]["answer"] } = {
  addEquity: undefined,
  addScan: undefined,
  journalSettle: undefined,
  journalNote: [],
  journalClaim: true,
  changeAlarms: [],
  bookSplits: { booked: [], raised: [] },
};
for (const [name, call] of Object.entries(calls)) {
  const isUnkept = database.readOnly !== null && name in UNKEPT;
  channel.handle(name, isUnkept ? () => UNKEPT[name as keyof StoreCalls] : (call as (argument: unknown) => unknown));
}

// Other processes write the same file: tell our side when they did.
let seen = database.dataVersion();
const watch = setInterval(() => {
  const now = database.dataVersion();
  if (now !== seen) channel.emit("changed", null);
  seen = now;
}, 1000);

channel.handle("close", () => {
  clearInterval(watch);
  buckets?.close();
  database.close();
  setImmediate(() => port.close());
});
channel.emit("ready", { readOnly: database.readOnly?.toPlain() ?? null });

/** Why it cannot be opened is told in words and not thrown: an error that ends a thread overtakes what the thread has said. */
function open(path: string): Promise<Database> {
  try {
    return Promise.resolve(new Database(path));
  } catch (error) {
    const code = failureOf(error) === "damaged" ? "store-damaged" : "store-unopened";
    channel.emit("failed", TradingError.from(error, code).toPlain());
    return new Promise(() => undefined); // whoever started this thread ends it
  }
}
