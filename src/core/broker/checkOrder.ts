/** From what somebody wants to a checked order: read the picture, ask the guards, write the journal. */
import { randomUUID } from "node:crypto";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { decimalText } from "../base/decimal.ts";
import { nearest } from "../base/nearest.ts";
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { OrderJournal } from "../domain/ports.ts";
import type { CheckedOrder, ClientOrderId, MarketClock, OrderIntent, OrderPreview, Verdict } from "../domain/orders.ts";
import { assetGuard, buyingPowerGuard, holdingsGuard } from "./guards/holdings.ts";
import { limitGuard, symbolGuard, type RiskLimits } from "./guards/limits.ts";
import { priceGuard } from "./guards/price.ts";
import { checkShape } from "./guards/shape.ts";
import { tickGuard } from "./guards/tick.ts";
import { orderValue, refuse, usd, worstPrice, type Picture, type Refusal } from "./guards/verdicts.ts";
import { orderBody } from "./orderBody.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface CheckDeps {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly limits: RiskLimits;
  readonly simulated: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export type Examined = Refusal | { readonly allowed: true; readonly intent: OrderIntent; readonly picture: Picture; readonly warnings: readonly string[] };

const MINUTE_MS = 60_000;

/** All guards but the journal's; sends and writes nothing. Throws on an intent that makes no sense. */
export async function examineOrder(raw: OrderIntent, deps: CheckDeps, signal: AbortSignal): Promise<Examined> {
  const intent: OrderIntent = { ...raw, symbol: raw.symbol.trim().toUpperCase() };
  checkShape(intent);
  const early = symbolGuard(intent, deps.limits) ?? tickGuard(intent);
  if (early !== null) return early;
  const picture = await readPicture(intent, deps, signal);
  if (picture === null) return await unknownSymbol(intent.symbol, deps, signal);
  const refusal =
    assetGuard(intent, picture) ??
    priceGuard(intent, picture) ??
    holdingsGuard(intent, picture) ??
    limitGuard(intent, picture, deps.limits) ??
    buyingPowerGuard(intent, picture);
  return refusal ?? { allowed: true, intent, picture, warnings: warningsOf(intent, picture) };
}

/** What `checkOrder` would say, with nothing written. */
export async function previewOrder(raw: OrderIntent, deps: CheckDeps, signal: AbortSignal): Promise<OrderPreview> {
  const examined = await examineOrder(raw, deps, signal);
  if (!examined.allowed) return examined;
  const { intent, picture, warnings } = examined;
  const price = worstPrice(intent, picture.quote);
  return { allowed: true, price, value: orderValue(intent, price), buyingPower: picture.account.buyingPower, warnings };
}

/** Examines and writes the intent into the journal: the only place where a CheckedOrder is made. */
export async function checkOrder(raw: OrderIntent, deps: CheckDeps, signal: AbortSignal): Promise<Verdict> {
  const examined = await examineOrder(raw, deps, signal);
  if (!examined.allowed) return examined;
  const { intent, picture, warnings } = examined;
  const order = { ...intent, clientOrderId: intent.clientOrderId ?? (`qd-${randomUUID()}` as ClientOrderId) };
  const account = picture.account.accountNumber;
  const entry = {
    clientOrderId: order.clientOrderId,
    account,
    fingerprint: fingerprintOf(order, account),
    origin: order.origin,
    at: deps.clock.now(),
    body: JSON.stringify(orderBody(order)),
  };
  let written: "written" | "duplicate" | "killed";
  try {
    written = await deps.journal.begin(entry, deps.limits.duplicateWindowSeconds * 1000, order.again === true, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = TradingError.from(error, "journal-unwritable");
    deps.log.error(`The order journal cannot be written: ${failure.message}`);
    return refuse(
      "journal-unwritable",
      `The order journal cannot be written, so nothing is sent: ${failure.message}`,
      "Free disk space or choose another --home; cancels still go.",
    );
  }
  switch (written) {
    case "written":
      return { allowed: true, order: order as CheckedOrder, warnings };
    case "killed":
      return refuse("kill-switch", "The kill switch is on: no order is sent.", "`quantdesk kill-switch off` turns it off.");
    case "duplicate":
      return intent.clientOrderId === undefined
        ? refuse("duplicate-intent", `An equal order (${describe(order)}) was just sent.`, "Say --again to send it once more.")
        : refuse(
            "duplicate-intent",
            `An order with the client order id ${intent.clientOrderId}, or an equal one, was sent already.`,
            "Look at `quantdesk orders --status all`; another id makes another order.",
          );
  }
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

async function readPicture(intent: OrderIntent, deps: CheckDeps, signal: AbortSignal): Promise<Picture | null> {
  const { api } = deps;
  const [account, asset, position, quote, clock] = await Promise.all([
    api.account(signal),
    api.asset(intent.symbol, signal),
    api.position(intent.symbol, signal),
    api.quote(intent.symbol, signal),
    api.clock(signal),
  ]);
  if (asset === null) return null;
  return { account, asset, position, quote, clock, ordersLastMinute: await countRecent(deps, clock, signal) };
}

/** Asked of the exchange, so that orders of other windows and commands count; its own clock says what a minute ago was. */
async function countRecent(deps: CheckDeps, clock: MarketClock, signal: AbortSignal): Promise<number> {
  const most = deps.limits.maxOrdersPerMinute;
  if (most === null) return 0;
  const recent = await deps.api.orders({ status: "all", after: clock.at - MINUTE_MS, limit: Math.max(1, Math.min(500, most)) }, signal);
  return recent.filter((order) => order.submittedAt > clock.at - MINUTE_MS).length;
}

async function unknownSymbol(symbol: string, deps: CheckDeps, signal: AbortSignal): Promise<Refusal> {
  return refuse("unknown-symbol", `The exchange does not know ${symbol}.`, await symbolHint(symbol, deps, signal));
}

/** Among the ten thousand symbols of the real market some other one is always near; on our own exchange the hint means something. */
export async function symbolHint(symbol: string, deps: Pick<CheckDeps, "api" | "simulated">, signal: AbortSignal): Promise<string> {
  const near = deps.simulated ? nearest(symbol, await deps.api.assetSymbols(signal)) : undefined;
  return near === undefined ? "Check the symbol." : `Did you mean ${near}?`;
}

function warningsOf(intent: OrderIntent, { clock, quote }: Picture): readonly string[] {
  const warnings: string[] = [];
  if (!clock.isOpen) warnings.push(`The market is closed: the order waits for the open at ${new Date(clock.nextOpen).toISOString()}.`);
  if (quote === null) warnings.push(`There is no quote for ${intent.symbol}: its price could not be checked.`);
  const value = orderValue(intent, worstPrice(intent, quote));
  if (value !== null && value.lt(1)) warnings.push(`The order is worth ${usd(value)}; brokers take $1.00 or more.`);
  return warnings;
}

function describe(order: OrderIntent): string {
  const size = order.qty?.toFixed() ?? (order.notional === undefined ? "" : usd(order.notional));
  return `${order.side} ${size} ${order.symbol}`;
}
