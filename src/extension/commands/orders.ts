/** Buy, sell, replace, cancel: every order through the ticket, the preview and the guards. */
import * as vscode from "vscode";
import * as v from "valibot";
import type { Order, OrderChange, Side } from "../../core/domain/orders.ts";
import { plainOrder } from "../../core/domain/plain.ts";
import { changeWords } from "../../core/domain/orderWords.ts";
import type { Session } from "../../core/session.ts";
import { complaint, parsePrice, parseQuantity } from "../quantity.ts";
import { BACK, pickStep, textStep } from "../steps.ts";
import { fillTicket, type Draft, type Filled } from "../ticket.ts";
import { modeWord, outcomeWords } from "../words.ts";
import { DecimalText, parseArgument, SymbolText } from "./argument.ts";
import { LIVE_WITHIN_MS, ORDER_WITHIN_MS, tell } from "./tell.ts";
import type { Command, Window } from "./window.ts";

const TicketArgument = v.object({
  symbol: v.optional(SymbolText),
  qty: v.optional(DecimalText),
  notional: v.optional(DecimalText),
  type: v.optional(v.picklist(["market", "limit", "stop", "stop-limit", "trailing", "bracket"])),
  limit: v.optional(DecimalText),
  stop: v.optional(DecimalText),
  trailPercent: v.optional(DecimalText),
  trailPrice: v.optional(DecimalText),
  takeProfit: v.optional(DecimalText),
  stopLoss: v.optional(DecimalText),
  timeInForce: v.optional(v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"])),
  again: v.optional(v.boolean()),
  allowShort: v.optional(v.boolean()),
  why: v.optional(v.pipe(v.string(), v.maxLength(500))),
});
const PRICES = ["limit", "stop", "trailPercent", "trailPrice", "takeProfit", "stopLoss"] as const;

export const orderCommands = {
  buy: (window, argument) => trade(window, "buy", argument),
  sell: (window, argument) => trade(window, "sell", argument),

  async replaceOrder(window, argument) {
    const given = parseArgument(
      v.object({ orderId: v.optional(v.string()), qty: v.optional(DecimalText), limit: v.optional(DecimalText), stop: v.optional(DecimalText) }),
      typeof argument === "string" ? { orderId: argument } : argument,
    );
    const { session } = await window.desk.connected();
    const id = given.orderId ?? (await pickOpenOrder(session, "Replace Order", "Order to replace"));
    if (id === undefined) return undefined;
    const order = await session.broker.getOrder(id, AbortSignal.timeout(ORDER_WITHIN_MS));
    const change = await changeOf(order, given);
    if (change === undefined) return undefined;
    const yes = `Replace it: ${changeWords(change)}`;
    const choice = await vscode.window.showQuickPick([{ label: yes, detail: outcomeWords(order) }, { label: "Leave It as It Is" }], {
      title: `Replace Order · ${modeWord(session.status().mode)}`,
      ignoreFocusOut: true,
    });
    if (choice?.label !== yes) return undefined;
    return tell(window, session, await session.replaceOrder(id, change, { origin: "palette" }, AbortSignal.timeout(LIVE_WITHIN_MS)));
  },

  async cancelOrder(window, argument) {
    const { orderId } = parseArgument(v.object({ orderId: v.optional(v.string()) }), typeof argument === "string" ? { orderId: argument } : argument);
    const { session } = await window.desk.connected();
    const id = orderId ?? (await pickOpenOrder(session, "Cancel Order", "Order to cancel"));
    if (id === undefined) return undefined;
    const order = await session.broker.cancelOrder(id, AbortSignal.timeout(ORDER_WITHIN_MS));
    return plainOrder(order);
  },

  async cancelAll(window) {
    const { session } = await window.desk.connected();
    const open = await session.broker.getOrders({ status: "open" }, AbortSignal.timeout(ORDER_WITHIN_MS));
    if (open.length === 0) {
      window.output.info("No open orders to cancel.");
      return { cancelled: 0 };
    }
    const yes = `Cancel ${open.length} ${open.length === 1 ? "Order" : "Orders"}`;
    const choice = await vscode.window.showQuickPick([{ label: yes, detail: open.map((order) => outcomeWords(order)).join(" ") }, { label: "Keep Them" }], {
      title: "Cancel All Orders",
      ignoreFocusOut: true,
    });
    if (choice?.label !== yes) return undefined;
    return { cancelled: await session.broker.cancelAll(AbortSignal.timeout(ORDER_WITHIN_MS)) };
  },
} satisfies Record<string, Command>;

/** What is to be changed, asked where the caller did not say. */
async function changeOf(order: Order, given: { readonly qty?: string | undefined; readonly limit?: string | undefined; readonly stop?: string | undefined }) {
  const change: OrderChange = {
    ...(given.qty === undefined ? {} : { qty: parseQuantity(given.qty) }),
    ...(given.limit === undefined ? {} : { limitPrice: parsePrice(given.limit, "The limit price") }),
    ...(given.stop === undefined ? {} : { stopPrice: parsePrice(given.stop, "The stop price") }),
  };
  if (Object.keys(change).length > 0) return change;
  const fields = [
    { name: "qty", label: "Quantity", now: order.qty },
    { name: "limitPrice", label: "Limit price", now: order.limitPrice },
    { name: "stopPrice", label: "Stop price", now: order.type === "trailing_stop" ? null : order.stopPrice },
  ].filter((field) => field.now !== null);
  const title = `Replace ${outcomeWords(order)}`;
  const field = await pickStep({
    title,
    step: 1,
    total: 3,
    placeholder: "What to change",
    choices: fields.map((one) => ({ label: `${one.label}…`, description: one.now?.toFixed() ?? "", value: one })),
  });
  if (field === undefined || field === BACK) return undefined;
  const parse = field.name === "qty" ? parseQuantity : (text: string) => parsePrice(text, `The ${field.label.toLowerCase()}`);
  const value = await textStep({
    title,
    step: 2,
    total: 3,
    prompt: `New ${field.label.toLowerCase()}; it is ${field.now?.toFixed() ?? ""} now.`,
    value: field.now?.toFixed() ?? "",
    complain: (text) => complaint(parse, text),
    parse,
  });
  return value === undefined || value === BACK ? undefined : ({ [field.name]: value } as OrderChange);
}

async function trade(window: Window, side: Side, argument: unknown): Promise<unknown> {
  const draft = draftOf(argument);
  const { session } = await window.desk.connected();
  const positions = await session.broker.getPositions(AbortSignal.timeout(ORDER_WITHIN_MS));
  return send(window, session, await fillTicket(session, side, draft, positions));
}

/** The argument may fill steps, never the preview: an order needs the person. */
export function draftOf(argument: unknown): Draft {
  const given = parseArgument(TicketArgument, argument);
  const prices = PRICES.map((name) => (given[name] === undefined ? {} : { [name]: parsePrice(given[name], name) }));
  return {
    ...(given.symbol === undefined ? {} : { symbol: given.symbol }),
    ...(given.qty === undefined ? {} : { qty: parseQuantity(given.qty) }),
    ...(given.notional === undefined ? {} : { notional: parsePrice(given.notional, "The amount") }),
    ...(given.type === undefined ? {} : { type: given.type }),
    ...Object.assign({}, ...prices),
    ...(given.timeInForce === undefined ? {} : { timeInForce: given.timeInForce }),
    ...(given.again === undefined ? {} : { again: given.again }),
    ...(given.allowShort === undefined ? {} : { allowShort: given.allowShort }),
    ...(given.why === undefined ? {} : { why: given.why }),
  };
}

async function send(window: Window, session: Session, filled: Filled): Promise<unknown> {
  if (filled === undefined) return undefined;
  if ("refusal" in filled) {
    const { code, message, hint } = filled.refusal; // it was shown in the ticket
    window.output.warn(`Order refused (${code}): ${message}`);
    return { placed: false, code, message, hint };
  }
  return tell(window, session, await session.placeOrder(filled.intent, AbortSignal.timeout(LIVE_WITHIN_MS)));
}

async function pickOpenOrder(session: Session, title: string, placeHolder: string): Promise<string | undefined> {
  const open = await session.broker.getOrders({ status: "open" }, AbortSignal.timeout(ORDER_WITHIN_MS));
  const rows = open.map((order) => ({ label: outcomeWords(order), description: order.id as string, id: order.id as string }));
  const chosen = await vscode.window.showQuickPick(rows, { title, placeHolder: rows.length === 0 ? "There are no open orders." : placeHolder });
  return chosen?.id;
}
