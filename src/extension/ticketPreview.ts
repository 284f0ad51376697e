/** The last step of the ticket: what the order would do, and the choice to send it. With real money the first choice is to leave. */
import * as vscode from "vscode";
import { orderWords } from "../core/domain/orderWords.ts";
import type { OrderIntent, TimeInForce } from "../core/domain/orders.ts";
import type { BookPreview } from "../core/domain/preview.ts";
import type { Previewed } from "../core/session.ts";
import { previewGroups } from "./previewRows.ts";
import { BACK, pickStep, type PickChoice, type StepPlace } from "./steps.ts";
import { dollars, modeWord } from "./words.ts";

export type Chosen = "send" | "leave" | "time-in-force" | "copy" | typeof BACK | undefined;

export const TIMES: ReadonlyArray<{ readonly label: string; readonly description: string; readonly value: TimeInForce }> = [
  { label: "Day", description: "until the close", value: "day" },
  { label: "GTC", description: "until cancelled", value: "gtc" },
  { label: "At open", description: "in the opening auction only", value: "opg" },
  { label: "At close", description: "in the closing auction only", value: "cls" },
  { label: "IOC", description: "now, the rest is cancelled", value: "ioc" },
  { label: "FOK", description: "all of it now, or nothing", value: "fok" },
];

export async function previewStep(preview: BookPreview, place: StepPlace): Promise<Chosen> {
  const { intent, guards } = preview;
  const { account, clock, price, value } = guards;
  const mode = modeWord(preview.mode);
  const what = orderWords(intent).split(",")[0] as string;
  const at =
    intent.limitPrice === undefined && intent.stopPrice === undefined
      ? `market, ${intent.side === "buy" ? "ask" : "bid"} ${price?.toFixed(2) ?? "–"}`
      : orderWords(intent).split(", ").slice(1).join(", ");
  const cost = `${intent.side === "buy" ? "Estimated cost" : "Estimated proceeds"} ${value === null ? "–" : dollars(value)} (${at})`;
  const send: PickChoice<Chosen> = {
    label: what,
    description: mode === "LIVE" ? "LIVE, real money" : mode,
    detail: `${cost}, account ${account.accountNumber}.${clock.isOpen ? "" : " The market is closed: the order waits for the open."}`,
    value: "send",
  };
  const leave: PickChoice<Chosen> = { label: "Cancel", description: "nothing is sent", value: "leave" };
  const time = TIMES.find((choice) => choice.value === intent.timeInForce);
  return pickStep<Chosen>({
    ...place,
    title: `${orderWords(intent)} · ${mode}`,
    placeholder: "Nothing is sent before you choose; Escape leaves.",
    choices: [
      ...(mode === "LIVE" ? [leave, send] : [send, leave]),
      { label: "Time in Force…", description: time?.label ?? intent.timeInForce, value: "time-in-force" },
      { label: "Copy as Cell", description: "the same order for a notebook", value: "copy" },
      ...previewGroups(preview).flatMap(({ title, rows }): PickChoice<Chosen>[] => [{ label: title, kind: vscode.QuickPickItemKind.Separator }, ...rows]),
    ],
  });
}

/** The guards' no, with the way back. */
export async function refusedStep(refusal: Extract<Previewed, { readonly allowed: false }>, intent: OrderIntent, place: StepPlace): Promise<Chosen> {
  return pickStep<Chosen>({
    ...place,
    title: orderWords(intent),
    placeholder: "This order would be refused; nothing is sent.",
    choices: [
      { label: "$(error) Not sent", description: refusal.message, detail: refusal.hint, value: "leave" },
      ...(place.step > 1 ? [{ label: "Change…", description: "back to the last step", value: BACK } as const] : []),
    ],
  });
}
