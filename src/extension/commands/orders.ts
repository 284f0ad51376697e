/** Buy, sell, close, cancel, stop: every order through the ticket, the preview and the guards. */
import * as vscode from "vscode";
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";
import { isFinalStatus, type Order, type OrderIntent, type Side } from "../../core/domain/orders.ts";
import type { Session } from "../../core/session.ts";
import { parsePrice, parseQuantity } from "../quantity.ts";
import { fillTicket, type Draft } from "../ticket.ts";
import { modeWord, outcomeWords, plainOrder } from "../words.ts";
import { DecimalText, parseArgument, SymbolText } from "./argument.ts";
import type { Command, Window } from "./window.ts";

const TicketArgument = v.object({
  symbol: v.optional(SymbolText),
  qty: v.optional(DecimalText),
  type: v.optional(v.picklist(["market", "limit", "stop", "bracket"])),
  limit: v.optional(DecimalText),
  stop: v.optional(DecimalText),
  takeProfit: v.optional(DecimalText),
  stopLoss: v.optional(DecimalText),
  timeInForce: v.optional(v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"])),
  again: v.optional(v.boolean()),
  allowShort: v.optional(v.boolean()),
});

const ORDER_WITHIN_MS = 30_000;
const FILL_WITHIN_MS = 8000;

export const orderCommands = {
  buy: (window, argument) => trade(window, "buy", argument),
  sell: (window, argument) => trade(window, "sell", argument),

  async closePosition(window, argument) {
    const { symbol } = parseArgument(v.object({ symbol: v.optional(SymbolText) }), argument);
    const { session } = await window.desk.connected();
    const positions = await session.broker.getPositions(AbortSignal.timeout(ORDER_WITHIN_MS));
    const chosen =
      symbol ??
      (
        await vscode.window.showQuickPick(
          positions.map((position) => ({ label: position.symbol, description: `${position.qty.toFixed()} held` })),
          { title: "Close Position", placeHolder: positions.length === 0 ? "You hold nothing." : "Position to close" },
        )
      )?.label;
    if (chosen === undefined) return undefined;
    const position = positions.find((held) => held.symbol === chosen);
    if (position === undefined) throw badInput("no-position", `You hold no ${chosen}.`);
    const side: Side = position.side === "long" ? "sell" : "buy";
    return send(window, session, await fillTicket(session, side, { symbol: chosen, qty: position.qty.abs(), type: "market" }, positions));
  },

  async cancelOrder(window, argument) {
    const { orderId } = parseArgument(v.object({ orderId: v.optional(v.string()) }), typeof argument === "string" ? { orderId: argument } : argument);
    const { session } = await window.desk.connected();
    const id = orderId ?? (await pickOpenOrder(session));
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

  async killSwitch(window, argument) {
    const { change } = parseArgument(v.object({ change: v.optional(v.picklist(["on", "off", "status"])) }), argument);
    const { session, account } = await window.desk.connected();
    const signal = AbortSignal.timeout(ORDER_WITHIN_MS);
    const isOn = await session.store.killSwitch(account.accountNumber, null, signal);
    if (change === "status") return { tradingStopped: isOn };
    const yes = isOn ? "Allow Trading" : "Stop Trading and Cancel Open Orders";
    const choice = await vscode.window.showQuickPick(
      [
        {
          label: yes,
          detail: isOn
            ? `New orders of ${account.accountNumber} are refused now.`
            : `New orders of ${account.accountNumber} are refused in every window and command of yours; positions are kept.`,
        },
        { label: "Cancel" },
      ],
      { title: `${modeWord(account.mode)} account ${account.accountNumber}`, ignoreFocusOut: true },
    );
    if (choice?.label !== yes) return undefined;
    const stopped = await session.store.killSwitch(account.accountNumber, isOn ? "off" : "on", signal);
    const cancelled = stopped ? await session.broker.cancelAll(signal) : 0;
    window.output.warn(
      stopped ? `Trading stopped for ${account.accountNumber}; ${cancelled} orders cancelled.` : `Trading allowed for ${account.accountNumber}.`,
    );
    return { tradingStopped: stopped, cancelled };
  },
} satisfies Record<string, Command>;

async function trade(window: Window, side: Side, argument: unknown): Promise<unknown> {
  const draft = draftOf(argument);
  const { session } = await window.desk.connected();
  const positions = await session.broker.getPositions(AbortSignal.timeout(ORDER_WITHIN_MS));
  return send(window, session, await fillTicket(session, side, draft, positions));
}

/** The argument may fill steps, never the preview: an order needs the person. */
export function draftOf(argument: unknown): Draft {
  const given = parseArgument(TicketArgument, argument);
  const price = (name: "limit" | "stop" | "takeProfit" | "stopLoss") => (given[name] === undefined ? {} : { [name]: parsePrice(given[name], name) });
  return {
    ...(given.symbol === undefined ? {} : { symbol: given.symbol }),
    ...(given.qty === undefined ? {} : { qty: parseQuantity(given.qty) }),
    ...(given.type === undefined ? {} : { type: given.type }),
    ...price("limit"),
    ...price("stop"),
    ...price("takeProfit"),
    ...price("stopLoss"),
    ...(given.timeInForce === undefined ? {} : { timeInForce: given.timeInForce }),
    ...(given.again === undefined ? {} : { again: given.again }),
    ...(given.allowShort === undefined ? {} : { allowShort: given.allowShort }),
  };
}

async function send(window: Window, session: Session, intent: OrderIntent | undefined): Promise<unknown> {
  if (intent === undefined) return undefined;
  const placed = await session.placeOrder(intent, AbortSignal.timeout(ORDER_WITHIN_MS));
  const mark = modeWord(session.status().mode);
  if (!placed.placed) {
    window.output.warn(`Order refused (${placed.code}): ${placed.message}`);
    shown(window, vscode.window.showWarningMessage(`${placed.message} ${placed.hint}`.trim()));
    return { placed: false, code: placed.code, message: placed.message, hint: placed.hint };
  }
  const order = await settled(session, placed.order);
  const text = [`${mark}: ${outcomeWords(order)}`, ...placed.warnings].join(" ");
  window.output.info(`${text} Order ${order.id}`);
  shown(window, vscode.window.showInformationMessage(text));
  return { placed: true, order: plainOrder(order), simulated: mark === "SIMULATED", warnings: placed.warnings };
}

/** A market order is waited for a little, so that one message can tell the fill; what rests is told as resting. */
async function settled(session: Session, order: Order): Promise<Order> {
  if (isFinalStatus(order.status) || order.type !== "market") return order;
  try {
    return await session.broker.waitForEnd(order.id, AbortSignal.timeout(FILL_WITHIN_MS));
  } catch {
    return session.broker.getOrder(order.id, AbortSignal.timeout(FILL_WITHIN_MS)); // the wait ended, the order did not
  }
}

/** A message that nobody has to answer. */
function shown(window: Window, message: Thenable<unknown>): void {
  message.then(undefined, (error: unknown) => window.output.warn(String(error)));
}

async function pickOpenOrder(session: Session): Promise<string | undefined> {
  const open = await session.broker.getOrders({ status: "open" }, AbortSignal.timeout(ORDER_WITHIN_MS));
  const rows = open.map((order) => ({ label: outcomeWords(order), description: order.id as string, id: order.id as string }));
  const chosen = await vscode.window.showQuickPick(rows, {
    title: "Cancel Order",
    placeHolder: rows.length === 0 ? "There are no open orders." : "Order to cancel",
  });
  return chosen?.id;
}
