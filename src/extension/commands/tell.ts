/** What became of an order, said once to the person and answered to the caller. */
import * as vscode from "vscode";
import { isFinalStatus, type Order, type Placed } from "../../core/domain/orders.ts";
import { plainOrder } from "../../core/domain/plain.ts";
import type { Session } from "../../core/session.ts";
import { modeWord, outcomeWords } from "../words.ts";
import type { Window } from "./window.ts";

export const ORDER_WITHIN_MS = 30_000;
/** A person may think about the question that live trading asks. */
export const LIVE_WITHIN_MS = 5 * 60_000;
const FILL_WITHIN_MS = 8000;

export async function tell(window: Window, session: Session, placed: Placed): Promise<unknown> {
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
export function shown(window: Window, message: Thenable<unknown>): void {
  message.then(undefined, (error: unknown) => window.output.warn(String(error)));
}
