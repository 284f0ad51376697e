/**
 * `@quantdesk` in VS Code's chat, where the host has one: the sentences of `quantdesk chat`. It answers reads, and for
 * whatever changes something it shows the preview with a button that opens the ticket or the question: chat itself
 * places, cancels and closes nothing. No language model is asked.
 */
import * as vscode from "vscode";
import { TradingError } from "../core/base/errors.ts";
import { readSentence, type Sentence } from "../core/domain/sentence.ts";
import type { Reply } from "../core/session.ts";
import type { Desk } from "./desk.ts";
import { CHAT_PARTICIPANT } from "./manifest.ts";

const ANSWER_WITHIN_MS = 120_000;

export function registerChat(desk: Desk): vscode.Disposable {
  // A host without a chat (an older fork) lacks the whole namespace, whatever the typings say.
  const chat = vscode.chat as typeof vscode.chat | undefined;
  if (typeof chat?.createChatParticipant !== "function") return new vscode.Disposable(() => undefined);
  const participant = chat.createChatParticipant(CHAT_PARTICIPANT, async (request, _context, stream, token) => {
    const text = [request.command, request.prompt].filter((part) => part !== undefined && part !== "").join(" ");
    const stop = new AbortController();
    const listening = token.onCancellationRequested(() => stop.abort());
    const timer = setTimeout(() => stop.abort(new TradingError("timeout", "The answer took too long.")), ANSWER_WITHIN_MS);
    try {
      const answer = await answerInChat(desk, text, stop.signal);
      stream.markdown(answer.markdown);
      if (answer.button !== undefined) stream.button(answer.button);
      return {};
    } catch (error) {
      const failure = TradingError.from(error, "failed");
      return { errorDetails: { message: failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}` } };
    } finally {
      clearTimeout(timer);
      listening.dispose();
    }
  });
  participant.iconPath = new vscode.ThemeIcon("graph-line");
  return participant;
}

interface ChatAnswer {
  /** A code block: what exchanges, news and files say is shown as text, never as markup. */
  readonly markdown: string;
  readonly button?: vscode.Command;
}

/** The answer to one sentence; exported for the test, which needs no chat in the host. */
export async function answerInChat(desk: Desk, text: string, signal: AbortSignal): Promise<ChatAnswer> {
  const sentence = readSentence(text === "" ? "help" : text);
  if (sentence.kind === "provider" && sentence.name !== null) await vscode.commands.executeCommand("quantdesk.setProvider", sentence.name);
  const session = await desk.session();
  if ((sentence.kind === "analyze" || sentence.kind === "scan") && !vscode.workspace.isTrusted)
    throw new TradingError("restricted", "Scans and analyses wait until you trust this folder.", { kind: "refused" });
  // Stopping is an act without a question in a terminal; here every act has its own button.
  const reply: Reply =
    sentence.kind === "kill-switch" && sentence.change === "on" ? { text: "", data: null } : await session.converse(sentence, "chat", signal);
  const command = commandFor(sentence);
  const button = command === undefined ? {} : { button: command };
  return { markdown: reply.text === "" ? "Nothing has been done yet." : `\`\`\`text\n${reply.text.replaceAll("```", "'''")}\n\`\`\``, ...button };
}

/** The command that asks and then does it. */
function commandFor(sentence: Sentence): vscode.Command | undefined {
  switch (sentence.kind) {
    case "order": {
      const { side, symbol, terms } = sentence;
      const { tif, short, clientOrderId: _id, stopLossLimit: _limit, extendedHours: _hours, ...rest } = terms;
      const decimals = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, typeof value === "object" ? value.toFixed() : value]));
      const type =
        terms.limit === undefined && terms.stop === undefined && terms.takeProfit === undefined && terms.trailPercent === undefined ? { type: "market" } : {};
      const argument = {
        symbol,
        ...type,
        ...decimals,
        ...(tif === undefined ? {} : { timeInForce: tif }),
        ...(short === undefined ? {} : { allowShort: short }),
      };
      return { command: `quantdesk.${side}`, title: `${side === "buy" ? "Buy" : "Sell"} ${symbol}…`, arguments: [argument] };
    }
    case "cancel":
      return { command: "quantdesk.cancelOrder", title: "Cancel This Order", arguments: [sentence.id] };
    case "cancel-all":
      return { command: "quantdesk.cancelAll", title: "Cancel All Orders…" };
    case "close": {
      const part = {
        ...(sentence.percent === undefined ? {} : { percent: sentence.percent.toFixed() }),
        ...(sentence.qty === undefined ? {} : { qty: sentence.qty.toFixed() }),
      };
      return { command: "quantdesk.closePosition", title: `Close ${sentence.symbol}…`, arguments: [{ symbol: sentence.symbol, ...part }] };
    }
    case "kill-switch":
      return sentence.change === "status"
        ? undefined
        : { command: "quantdesk.killSwitch", title: sentence.change === "on" ? "Stop Trading…" : "Allow Trading…" };
    case "acknowledge":
      return { command: "quantdesk.acknowledgeAlarms", title: "Acknowledge Alarms…" };
    case "analyze":
    case "price":
    case "start":
    case "connect":
    case "disconnect":
    case "account":
    case "portfolio":
    case "orders":
    case "limits":
    case "alarms":
    case "scan":
    case "help":
    case "leave":
    case "provider":
      return undefined;
  }
}
