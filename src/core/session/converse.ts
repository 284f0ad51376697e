/**
 * What a sentence does: reads are answered at once, whatever changes something comes back as a question with the act
 * behind it, and the front asks the person. Nothing is placed, cancelled or closed before.
 */
import { TradingError } from "../base/errors.ts";
import { withDeadline } from "../base/scope.ts";
import type { AccountLimits } from "../domain/limits.ts";
import { isFinalStatus, type Account, type OrderIntent, type Placed, type Reason } from "../domain/orders.ts";
import { intentOf } from "../domain/orderTerms.ts";
import { orderWords } from "../domain/orderWords.ts";
import { plainAlarm, plainOrder, plainPosition, plainQuote } from "../domain/plain.ts";
import { plainPreview } from "../domain/plainPreview.ts";
import type { Broker, KillSwitchResult, ScanOptions, Store } from "../domain/ports.ts";
import type { Analysis, ScanResult } from "../domain/research.ts";
import { SENTENCES, type Sentence } from "../domain/sentence.ts";
import type { Previewed } from "./preview.ts";
import {
  accountReply,
  alarmsReply,
  analysisReply,
  limitsReply,
  orderLine,
  portfolioReply,
  positionLine,
  previewWords,
  rows,
  scanReply,
  type Reply,
} from "./replies.ts";
import type { ClosedPart } from "./trading.ts";

/** The part of a session that sentences reach. */
export interface Talker {
  readonly broker: Broker;
  readonly store: Pick<Store, "killSwitch">;
  readonly provider: string;
  connect(signal: AbortSignal): Promise<Account>;
  disconnect(): Promise<void>;
  previewOrder(intent: OrderIntent, signal: AbortSignal): Promise<Previewed>;
  placeOrder(intent: OrderIntent, signal: AbortSignal): Promise<Placed>;
  closePosition(symbol: string, part: ClosedPart, reason: Reason, signal: AbortSignal): Promise<Placed>;
  setKillSwitch(change: "on" | "off", options: Reason, signal: AbortSignal): Promise<KillSwitchResult>;
  limits(signal: AbortSignal): Promise<AccountLimits>;
  setProvider(provider: string): Promise<void>;
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  analyze(symbol: string, options: { readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
}

const FILL_WITHIN_MS = 5000;

export async function converse(session: Talker, sentence: Sentence, origin: string, signal: AbortSignal): Promise<Reply> {
  const { broker } = session;
  const reason = { origin };
  switch (sentence.kind) {
    case "help":
      return {
        text: ["You can write:", ...SENTENCES.map((line) => `  ${line}`), "An order shows a preview and asks; nothing is sent before you say yes."].join("\n"),
        data: { sentences: SENTENCES },
      };
    case "leave":
      return { text: "Bye.", data: null };
    case "start":
    case "connect":
    case "account":
      return accountReply(await session.connect(signal), sentence.kind !== "account");
    case "disconnect":
      await session.disconnect();
      return { text: "Disconnected.", data: { connected: false } };
    case "portfolio": {
      await session.connect(signal);
      return portfolioReply(await broker.getPositions(signal));
    }
    case "orders": {
      await session.connect(signal);
      const orders = await broker.getOrders({ status: "open" }, signal);
      return { text: orders.length === 0 ? "No open orders." : rows(orders.map(orderLine)), data: { orders: orders.map(plainOrder) } };
    }
    case "limits": {
      await session.connect(signal);
      return limitsReply(await session.limits(signal));
    }
    case "alarms": {
      await session.connect(signal);
      return alarmsReply(await broker.getAlarms(signal));
    }
    case "acknowledge": {
      await session.connect(signal);
      const reply = alarmsReply(await broker.getAlarms(signal));
      if (reply.data.alarms.length === 0) return reply;
      const act = async (inner: AbortSignal): Promise<Reply> => {
        const ended = await broker.acknowledge(reason, inner);
        return { text: `${ended.length} acknowledged.`, data: { alarms: ended.map(plainAlarm) } };
      };
      return { ...reply, ask: { words: "Take the broker's positions as the books and let entries through again", act } };
    }
    case "price": {
      await session.connect(signal);
      const quote = await broker.getCurrentPrice(sentence.symbol, signal);
      return { text: `${quote.symbol}: ${quote.bid} bid, ${quote.ask} ask.`, data: plainQuote(quote) };
    }
    case "scan":
      return scanReply(await session.scan({}, signal));
    case "analyze":
      return analysisReply(await session.analyze(sentence.symbol, {}, signal));
    case "provider":
      if (sentence.name !== null) await session.setProvider(sentence.name);
      return { text: `The analysts' provider is ${session.provider}.`, data: { provider: session.provider } };
    case "order": {
      await session.connect(signal);
      return await orderReply(
        session,
        intentOf(sentence.side, sentence.symbol, sentence.terms, origin, (term) => term),
        signal,
      );
    }
    case "cancel": {
      await session.connect(signal);
      const order = await broker.getOrder(sentence.id, signal);
      return {
        text: orderLine(order),
        data: { order: plainOrder(order) },
        ask: {
          words: `Cancel order ${order.id}`,
          act: async (inner) => {
            const cancelled = await broker.cancelOrder(order.id, inner);
            return { text: orderLine(cancelled), data: { order: plainOrder(cancelled) } };
          },
        },
      };
    }
    case "cancel-all": {
      await session.connect(signal);
      const orders = await broker.getOrders({ status: "open" }, signal);
      if (orders.length === 0) return { text: "No open orders.", data: { orders: [] } };
      return {
        text: rows(orders.map(orderLine)),
        data: { orders: orders.map(plainOrder) },
        ask: {
          words: `Cancel ${orders.length === 1 ? "this order" : `these ${orders.length} orders`}`,
          act: async (inner) => {
            const cancelled = await broker.cancelAll(inner);
            return { text: `${cancelled} cancelled.`, data: { cancelled } };
          },
        },
      };
    }
    case "close":
      return await closeReply(session, sentence, reason, signal);
    case "kill-switch":
      return await killSwitchReply(session, sentence.change, reason, signal);
  }
}

async function orderReply(session: Talker, intent: OrderIntent, signal: AbortSignal): Promise<Reply> {
  const previewed = await session.previewOrder(intent, signal);
  if (!previewed.allowed) throw new TradingError(previewed.code, previewed.message, { kind: "refused", hint: previewed.hint });
  return {
    text: previewWords(previewed.preview),
    data: { preview: plainPreview(previewed.preview) },
    ask: { words: orderWords(intent), act: async (inner) => await placedReply(session, await session.placeOrder(intent, inner), inner) },
  };
}

async function closeReply(session: Talker, wanted: Extract<Sentence, { kind: "close" }>, reason: Reason, signal: AbortSignal): Promise<Reply> {
  await session.connect(signal);
  const { symbol, percent, qty } = wanted;
  const position = await session.broker.getPosition(symbol, signal);
  if (position === null) throw new TradingError("insufficient-position", `No ${symbol} is held.`, { kind: "refused", hint: "Look at the portfolio." });
  const part = { ...(percent === undefined ? {} : { percent }), ...(qty === undefined ? {} : { qty }) };
  const size = qty?.toFixed() ?? (percent === undefined ? `all ${position.qty.abs().toFixed()}` : `${percent.toFixed()} % of ${position.qty.abs().toFixed()}`);
  return {
    text: positionLine(position),
    data: { position: plainPosition(position) },
    ask: {
      words: `Close ${size} ${symbol}`,
      act: async (inner) => await placedReply(session, await session.closePosition(symbol, part, reason, inner), inner),
    },
  };
}

async function killSwitchReply(session: Talker, change: "on" | "off" | "status", reason: Reason, signal: AbortSignal): Promise<Reply> {
  const { accountNumber } = await session.connect(signal);
  const said = (on: boolean) => (on ? `Trading is stopped for ${accountNumber}.` : `Trading is allowed for ${accountNumber}.`);
  if (change === "status") {
    const on = await session.store.killSwitch(accountNumber, null, signal);
    return { text: said(on), data: { account: accountNumber, on } };
  }
  const act = async (inner: AbortSignal): Promise<Reply> => {
    const { on, canceled, unconfirmed } = await session.setKillSwitch(change, reason, inner);
    const rest = unconfirmed.length === 0 ? "" : ` ${unconfirmed.length} orders are not confirmed as cancelled yet.`;
    return { text: `${said(on)}${on ? ` ${canceled} open orders cancelled.${rest}` : ""}`, data: { account: accountNumber, on, cancelled: canceled } };
  };
  // Stopping needs no question: waiting for an answer would be the risk.
  if (change === "on") return await act(signal);
  return { text: "New orders would be sent again.", data: { account: accountNumber }, ask: { words: "Allow trading", act } };
}

/** A market order is waited for a little, so that the answer tells its fill. */
async function placedReply({ broker }: Talker, placed: Placed, signal: AbortSignal): Promise<Reply> {
  if (!placed.placed) throw new TradingError(placed.code, placed.message, { kind: "refused", hint: placed.hint });
  let { order } = placed;
  if (order.type === "market" && !isFinalStatus(order.status)) {
    const ended = await withDeadline("The fill", FILL_WITHIN_MS, signal, (inner) => broker.waitForEnd(order.id, inner)).catch(() => undefined);
    order = ended ?? (await broker.getOrder(order.id, signal));
  }
  return { text: [orderLine(order), ...placed.warnings.map((warning) => `Note: ${warning}`)].join("\n"), data: { order: plainOrder(order) } };
}
