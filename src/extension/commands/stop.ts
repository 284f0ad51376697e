/** Leaving positions and stopping: close a position, the kill switch. */
import * as vscode from "vscode";
import * as v from "valibot";
import type { Big } from "../../core/base/decimal.ts";
import { badInput } from "../../core/base/errors.ts";
import type { Account, Position } from "../../core/domain/orders.ts";
import { plainAlarm, plainOrder } from "../../core/domain/plain.ts";
import type { Session } from "../../core/session.ts";
import { signed } from "../../webview/format.ts";
import { parsePrice, parseQuantity } from "../quantity.ts";
import { dollars, modeWord } from "../words.ts";
import { DecimalText, parseArgument, SymbolText } from "./argument.ts";
import { LIVE_WITHIN_MS, ORDER_WITHIN_MS, shown, tell } from "./tell.ts";
import type { Command, Window } from "./window.ts";

const CLOSE_WITHIN_MS = 60_000;

export const stopCommands = {
  async closePosition(window, argument) {
    const given = parseArgument(v.object({ symbol: v.optional(SymbolText), qty: v.optional(DecimalText), percent: v.optional(DecimalText) }), argument);
    const { session } = await window.desk.connected();
    const positions = await session.broker.getPositions(AbortSignal.timeout(ORDER_WITHIN_MS));
    const chosen =
      given.symbol ??
      (
        await vscode.window.showQuickPick(
          positions.map((position) => ({ label: position.symbol, description: `${position.qty.toFixed()} held` })),
          { title: "Close Position", placeHolder: positions.length === 0 ? "You hold nothing." : "Position to close" },
        )
      )?.label;
    if (chosen === undefined) return undefined;
    const position = positions.find((held) => held.symbol === chosen);
    if (position === undefined) throw badInput("no-position", `You hold no ${chosen}.`);
    const part = {
      ...(given.qty === undefined ? {} : { qty: parseQuantity(given.qty) }),
      ...(given.percent === undefined ? {} : { percent: parsePrice(given.percent, "The percentage") }),
    };
    return await closeAfterYes(window, session, position, part);
  },

  async acknowledgeAlarms(window) {
    const { session, account } = await window.desk.connected();
    const alarms = await session.broker.getAlarms(AbortSignal.timeout(ORDER_WITHIN_MS));
    if (alarms.length === 0) {
      window.output.info("There are no alarms.");
      return { acknowledged: [] };
    }
    const yes = "I Have Seen Them";
    const choice = await vscode.window.showQuickPick(
      [
        { label: yes, detail: "They end; the broker's positions are taken as the books, and orders that open positions are let through again." },
        { label: "Leave Them" },
        ...alarms.map((alarm) => ({ label: `$(warning) ${alarm.symbol}`, description: alarm.code, detail: alarm.message })),
      ],
      { title: `Alarms of ${modeWord(account.mode)} account ${account.accountNumber}`, ignoreFocusOut: true },
    );
    if (choice?.label !== yes) return undefined;
    const ended = await session.broker.acknowledge({ origin: "palette" }, AbortSignal.timeout(ORDER_WITHIN_MS));
    window.output.warn(`Alarms acknowledged: ${ended.map((alarm) => `${alarm.code} ${alarm.symbol}`).join(", ")}`);
    return { acknowledged: ended.map(plainAlarm) };
  },

  async killSwitch(window, argument) {
    const { change, flatten } = parseArgument(
      v.object({ change: v.optional(v.picklist(["on", "off", "status"])), flatten: v.optional(v.boolean()) }),
      argument,
    );
    const { session, account } = await window.desk.connected();
    const isOn = await session.store.killSwitch(account.accountNumber, null, AbortSignal.timeout(ORDER_WITHIN_MS));
    if (change === "status") return { tradingStopped: isOn };
    if (change === "off" && !isOn) return { tradingStopped: false };
    // Allowing trading again is asked, also when a program calls the command.
    const wanted = change === "on" ? ({ change, flatten: flatten === true } as const) : await pickKillSwitch(account, isOn);
    if (wanted === undefined) return undefined;
    // Selling everything is asked each time, also when a program calls the command.
    if (wanted.flatten && !(await isSureToFlatten(account))) return undefined;
    const signal = AbortSignal.timeout(wanted.change === "off" ? LIVE_WITHIN_MS : ORDER_WITHIN_MS);
    const { on, canceled, unconfirmed, closed } = await session.setKillSwitch(
      wanted.change,
      { origin: "palette", ...(wanted.flatten ? { flatten: true } : {}) },
      signal,
    );
    window.desk.tradingStopped(on);
    const rest = unconfirmed.length === 0 ? "" : ` ${unconfirmed.length} are not confirmed as cancelled yet.`;
    const text = on ? `Trading stopped for ${account.accountNumber}; ${canceled} orders cancelled.${rest}` : `Trading allowed for ${account.accountNumber}.`;
    window.output.warn(text);
    if (unconfirmed.length > 0) shown(window, vscode.window.showWarningMessage(text));
    return { tradingStopped: on, cancelled: canceled, unconfirmed: unconfirmed.map(plainOrder), closed: closed?.map((one) => one.symbol) ?? null };
  },
} satisfies Record<string, Command>;

async function pickKillSwitch(account: Account, isOn: boolean): Promise<{ readonly change: "on" | "off"; readonly flatten: boolean } | undefined> {
  const { accountNumber } = account;
  const choices = isOn
    ? [{ label: "Allow Trading", detail: `New orders of ${accountNumber} are refused now.`, value: { change: "off", flatten: false } as const }]
    : [
        {
          label: "Stop Trading and Cancel Open Orders",
          detail: `New orders of ${accountNumber} are refused in every window and command of yours; positions are kept.`,
          value: { change: "on", flatten: false } as const,
        },
        {
          label: "Stop Trading and Close All Positions…",
          detail: "Cancels open orders, then sells what is held at the market.",
          value: { change: "on", flatten: true } as const,
        },
      ];
  const choice = await vscode.window.showQuickPick([...choices, { label: "Cancel", value: undefined }], {
    title: `${modeWord(account.mode)} account ${accountNumber}`,
    ignoreFocusOut: true,
  });
  return choice?.value;
}

async function isSureToFlatten(account: Account): Promise<boolean> {
  const yes = "Stop and Close All Positions";
  const answer = await vscode.window.showWarningMessage(
    `${modeWord(account.mode)}: stop trading and close every position of ${account.accountNumber} at the market?`,
    { modal: true, detail: "Open orders are cancelled first." },
    yes,
  );
  return answer === yes;
}

/** Market orders that only close go without the ticket's steps, never without a yes. */
async function closeAfterYes(window: Window, session: Session, position: Position, part: { readonly qty?: Big; readonly percent?: Big }): Promise<unknown> {
  const mode = modeWord(session.status().mode);
  const held = position.qty.abs().toFixed();
  const choices: ReadonlyArray<vscode.QuickPickItem & { readonly part?: { readonly qty?: Big; readonly percent?: Big } }> =
    part.qty === undefined && part.percent === undefined
      ? [
          { label: `Close All ${held} ${position.symbol}`, description: mode, detail: closeDetail(position), part: {} },
          ...["50", "25"].map((percent) => ({ label: `Close ${percent} %`, description: mode, part: { percent: parsePrice(percent, "The percentage") } })),
          { label: "Cancel", description: "nothing is sent" },
        ]
      : [
          {
            label: `Close ${part.qty?.toFixed() ?? `${part.percent?.toFixed() ?? ""} % of ${held}`} ${position.symbol}`,
            description: mode,
            detail: closeDetail(position),
            part,
          },
          { label: "Cancel", description: "nothing is sent" },
        ];
  const choice = await vscode.window.showQuickPick(mode === "LIVE" ? [...choices].reverse() : choices, {
    title: `Close ${position.symbol} · ${mode}`,
    placeHolder: "Orders that bind it are cancelled first; Escape leaves.",
    ignoreFocusOut: true,
  });
  if (choice?.part === undefined) return undefined;
  return tell(window, session, await session.closePosition(position.symbol, choice.part, { origin: "palette" }, AbortSignal.timeout(CLOSE_WITHIN_MS)));
}

function closeDetail(position: Position): string {
  return `At the market${position.marketValue === null ? "" : `, worth ${dollars(position.marketValue)}`}; open profit ${signed(position.unrealizedPl?.toNumber() ?? null)}.`;
}
