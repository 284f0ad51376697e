/** From what somebody wants to a checked order: read the picture, ask the guards, write the journal. */
import { randomUUID } from "node:crypto";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { Big, decimalText } from "../base/decimal.ts";
import type { FlightCache } from "../base/flightCache.ts";
import { nearest } from "../base/nearest.ts";
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { tighterLimits } from "../domain/limits.ts";
import type { JournalBegun, JournalEntry, OrderJournal, PositionRoom, StoredLimits } from "../domain/ports.ts";
import type { CheckedOrder, ClientOrderId, Order, OrderIntent, Verdict } from "../domain/orders.ts";
import { assetGuard, buyingPowerGuard, holdingsGuard } from "./guards/holdings.ts";
import { limitGuard, roomBeside, symbolGuard, type RiskLimits } from "./guards/limits.ts";
import { priceGuard } from "./guards/price.ts";
import { checkShape } from "./guards/shape.ts";
import { tickGuard } from "./guards/tick.ts";
import { heldQty, openingUnits, orderValue, refuse, unitsOf, usd, worstPrice, type Picture, type Refusal } from "./guards/verdicts.ts";
import { orderBody } from "./orderBody.ts";
import type { TradingApi } from "./tradingApi.ts";
import type { TradableAsset } from "./wire.ts";

export interface CheckDeps {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly limits: RiskLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Assets change rarely and are asked for with every order. */
  readonly assets: FlightCache;
  /** Open orders as stream and answers have told of them. */
  readonly openOrders: () => readonly Order[];
  /** Who writes the journal entries: `pid/instance`. */
  readonly owner: string;
}

export interface CheckOptions {
  /** It only closes a position: limits, collar and kill switch let it pass. */
  readonly closes?: boolean;
  /** The order whose place it takes: what that one binds is free for it. */
  readonly instead?: Order;
  /** Open orders are read from the broker: others may have placed some since they were last told. */
  readonly looksAgain?: boolean;
}

export type Examined =
  | Refusal
  | {
      readonly allowed: true;
      readonly intent: OrderIntent;
      readonly picture: Picture;
      readonly limits: RiskLimits;
      readonly limitsVersion: number;
      /** Absent where no position limit holds. */
      readonly room?: PositionRoom;
      readonly warnings: readonly string[];
    };

/** How often limits that change while an order is examined are read again. */
const MOST_LOOKS = 3;
const LOOK_AGAIN_MS = 100;

/** All guards but the journal's; sends and writes nothing. Throws on an intent that makes no sense. */
export async function examineOrder(raw: OrderIntent, deps: CheckDeps, signal: AbortSignal, options: CheckOptions = {}): Promise<Examined> {
  const intent: OrderIntent = { ...raw, symbol: raw.symbol.trim().toUpperCase() };
  checkShape(intent);
  const early = (options.closes === true ? null : symbolGuard(intent, deps.limits)) ?? tickGuard(intent);
  if (early !== null) return early;
  const lookedAt = deps.clock.now();
  const read = await readPicture(intent, deps, signal);
  if (read === null) return await unknownSymbol(intent.symbol, deps, signal);
  const open = options.looksAgain === true ? await deps.api.orders({ status: "open" }, signal) : deps.openOrders();
  const others = open.filter((order) => order.symbol === intent.symbol && order.id !== options.instead?.id);
  const working = workingUnits(others);
  const picture = { ...(options.instead === undefined ? read : withoutOrder(read, options.instead)), working };
  let stored: StoredLimits | null;
  try {
    stored = await deps.journal.limits(picture.account.accountNumber, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return unwritable(error, deps);
  }
  const limits = tighterLimits(deps.limits, stored);
  const examined = { allowed: true, intent, picture, limits, limitsVersion: stored?.version ?? 0, warnings: warningsOf(intent, picture) } as const;
  if (options.closes === true) return assetGuard(intent, picture) ?? holdingsGuard(intent, picture) ?? examined;
  const refusal =
    symbolGuard(intent, limits) ??
    assetGuard(intent, picture) ??
    priceGuard(intent, picture) ??
    (options.instead === undefined ? holdingsGuard(intent, picture) : null) ??
    limitGuard(intent, picture, limits) ??
    buyingPowerGuard(intent, picture);
  if (refusal !== null || options.instead !== undefined) return refusal ?? examined;
  const room = roomBeside(intent, picture, limits);
  if (room === null) return examined;
  const counted = others.map((order) => order.clientOrderId);
  return { ...examined, room: { symbol: intent.symbol, side: intent.side, units: room.units.toFixed(), price: room.price.toFixed(), lookedAt, counted } };
}

/** Examines and writes the intent into the journal: the only place where a CheckedOrder is made. */
export async function checkOrder(raw: OrderIntent, deps: CheckDeps, signal: AbortSignal, options: CheckOptions = {}): Promise<Verdict> {
  for (let look = 1; ; look++) {
    const examined = await examineOrder(raw, deps, signal, { ...options, looksAgain: look > 1 });
    if (!examined.allowed) return examined;
    const { intent, warnings } = examined;
    const order = { ...intent, clientOrderId: intent.clientOrderId ?? (`qd-${randomUUID()}` as ClientOrderId) };
    const fingerprint = fingerprintOf(order, examined.picture.account.accountNumber);
    const refusal = await beginEntry(
      order,
      { fingerprint, body: JSON.stringify(orderBody(order)), again: order.again === true, idGiven: intent.clientOrderId !== undefined },
      examined,
      deps,
      signal,
      options,
    );
    if (refusal === null) return { allowed: true, order: order as CheckedOrder, warnings };
    if (refusal !== "limits-changed" && refusal !== "crowded") return refusal;
    if (look < MOST_LOOKS) await deps.clock.sleep(LOOK_AGAIN_MS, signal);
    else if (refusal === "limits-changed") return refuse("over-limit", "The limits are being changed at this moment.", "Try again.");
    else
      return refuse(
        "over-limit",
        `Other orders for ${intent.symbol} are on their way, and with them the position would be worth more than ${usd(new Big(examined.limits.maxPositionValue ?? 0))}, which is the limit.`,
        "Try again in a moment, or raise the limit: the setting risk.maxPositionValue and `quantdesk limits`.",
      );
  }
}

export interface EntryParts {
  readonly fingerprint: string;
  readonly body: string;
  readonly again: boolean;
  /** Whoever ordered chose the client order id. */
  readonly idGiven: boolean;
}

/** Writes the intent that was examined; null when it stands in the journal. */
export async function beginEntry(
  order: OrderIntent & { readonly clientOrderId: ClientOrderId },
  parts: EntryParts,
  { picture, limits, limitsVersion, room }: Extract<Examined, { readonly allowed: true }>,
  deps: CheckDeps,
  signal: AbortSignal,
  options: CheckOptions = {},
): Promise<Refusal | "limits-changed" | "crowded" | null> {
  const entry: JournalEntry = {
    clientOrderId: order.clientOrderId,
    account: picture.account.accountNumber,
    fingerprint: parts.fingerprint,
    origin: order.origin,
    at: deps.clock.now(),
    body: parts.body,
    owner: deps.owner,
    maxPerMinute: limits.maxOrdersPerMinute,
    reduces: options.closes === true,
    opens: opensPosition(order, picture),
    limitsVersion,
    ...(room === undefined ? {} : { room }),
    ...(order.why === undefined ? {} : { why: order.why }),
  };
  let begun: JournalBegun;
  try {
    begun = await deps.journal.begin(entry, deps.limits.duplicateWindowSeconds * 1000, parts.again, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return unwritable(error, deps);
  }
  switch (begun) {
    case "written":
      return null;
    case "limits-changed":
    case "crowded":
      return begun;
    case "killed":
      return refuse("kill-switch", "The kill switch is on: no order is sent.", "`quantdesk kill-switch off` turns it off.");
    case "books-differ": {
      const standing = (await deps.journal.alarms(picture.account.accountNumber, signal)).find((alarm) => alarm.blocksEntries);
      return refuse(
        "books-differ",
        `Nothing that opens a position is sent: ${standing?.message ?? "a position differs from the books."}`,
        "Look at positions and orders, then acknowledge it: `quantdesk alarms --acknowledge`. Closing works.",
      );
    }
    case "too-many":
      return refuse(
        "over-limit",
        `${limits.maxOrdersPerMinute} orders were sent in the last minute, which is the limit.`,
        "Wait a minute, or raise the limit: the setting risk.maxOrdersPerMinute and `quantdesk limits`.",
      );
    case "duplicate":
      return !parts.idGiven
        ? refuse("duplicate-intent", `An equal order (${describe(order)}) was just sent.`, "Say --again to send it once more.")
        : refuse(
            "duplicate-intent",
            `An order with the client order id ${order.clientOrderId}, or an equal one, was sent already.`,
            "Look at `quantdesk orders --status all`; another id makes another order.",
          );
  }
}

function unwritable(error: unknown, deps: CheckDeps): Refusal {
  const failure = TradingError.from(error, "journal-unwritable");
  deps.log.error(`The order journal cannot be written: ${failure.message}`);
  return refuse(
    "journal-unwritable",
    `The order journal cannot be written, so nothing is sent: ${failure.message}`,
    failure.code === "store-too-new" && failure.hint !== undefined ? failure.hint : "Free disk space or choose another --home; cancels still go.",
  );
}

/** What a working order binds is free for the one that takes its place. */
function withoutOrder(picture: Omit<Picture, "working">, order: Order): Omit<Picture, "working"> {
  const left = order.qty?.minus(order.filledQty) ?? new Big(0);
  const price = order.limitPrice ?? order.stopPrice ?? (picture.quote === null ? null : new Big(order.side === "buy" ? picture.quote.ask : picture.quote.bid));
  if (price === null) return picture;
  return { ...picture, account: { ...picture.account, buyingPower: picture.account.buyingPower.plus(price.times(left)) } };
}

/** Equal account, symbol, side, size, type and prices: the same intent, whoever has it. */
function fingerprintOf(order: OrderIntent, account: string): string {
  const text = (value: OrderIntent["qty"]) => (value === undefined ? undefined : decimalText(value));
  return sha256(
    canonicalJson({
      account,
      symbol: order.symbol,
      side: order.side,
      qty: text(order.qty),
      notional: text(order.notional),
      type: order.type,
      limit: text(order.limitPrice),
      stop: text(order.stopPrice),
    }),
  );
}

/** An exit closes what its entry opens: only orders of their own count. */
function workingUnits(open: readonly Order[]): Picture["working"] {
  const legs = new Set(open.flatMap((order) => order.legs.map((leg) => leg.id)));
  const units = (side: OrderIntent["side"]) =>
    open
      .filter((order) => order.side === side && !legs.has(order.id) && order.orderClass !== "oco")
      .reduce((sum, order) => sum.plus(order.qty?.minus(order.filledQty) ?? 0), new Big(0));
  return { buy: units("buy"), sell: units("sell") };
}

async function readPicture(intent: OrderIntent, deps: CheckDeps, signal: AbortSignal): Promise<Omit<Picture, "working"> | null> {
  const { api } = deps;
  const [account, asset, position, quote, clock] = await Promise.all([
    api.account(signal),
    deps.assets.get(`asset ${intent.symbol}`, signal, (own) => api.asset(intent.symbol, own)),
    api.position(intent.symbol, signal),
    api.quote(intent.symbol, signal),
    api.clock(signal),
  ]);
  return asset.value === null ? null : { account, asset: asset.value, position, quote, clock };
}

async function unknownSymbol(symbol: string, deps: CheckDeps, signal: AbortSignal): Promise<Refusal> {
  return refuse("unknown-symbol", `The exchange does not know ${symbol}.`, await symbolHint(symbol, deps, signal));
}

/** Among the ten thousand symbols of the real market some other one is always near; on our own exchange the hint means something. */
export async function symbolHint(symbol: string, deps: Pick<CheckDeps, "api" | "assets">, signal: AbortSignal): Promise<string> {
  const near = deps.api.isSimulated
    ? nearest(
        symbol,
        (await allAssets(deps, signal)).map((asset) => asset.symbol),
      )
    : undefined;
  return near === undefined ? "Check the symbol." : `Did you mean ${near}?`;
}

/** Active stocks, kept for as long as the cache keeps them. */
export async function allAssets(deps: Pick<CheckDeps, "api" | "assets">, signal: AbortSignal): Promise<readonly TradableAsset[]> {
  return (await deps.assets.get("assets", signal, (own) => deps.api.assets(own))).value;
}

function warningsOf(intent: OrderIntent, { clock, quote }: Picture): readonly string[] {
  const warnings: string[] = [];
  if (!clock.isOpen) warnings.push(`The market is closed: the order waits for the open at ${new Date(clock.nextOpen).toISOString()}.`);
  if (quote === null) warnings.push(`There is no quote for ${intent.symbol}: its price could not be checked.`);
  const value = orderValue(intent, worstPrice(intent, quote));
  if (value !== null && value.lt(1)) warnings.push(`The order is worth ${usd(value)}; brokers take $1.00 or more.`);
  return warnings;
}

/** Where its size is not known it may. */
function opensPosition(order: OrderIntent, { position, quote }: Picture): boolean {
  const units = unitsOf(order, worstPrice(order, quote));
  return units === null || openingUnits(order, units, heldQty(position)).gt(0);
}

function describe(order: OrderIntent): string {
  const size = order.qty?.toFixed() ?? (order.notional === undefined ? "" : usd(order.notional));
  return `${order.side} ${size} ${order.symbol}`;
}
