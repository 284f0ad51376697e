/** A typed channel to a webview. Whatever a webview asks for is checked here; it can only name a command of the allow-list. */
import * as vscode from "vscode";
import * as v from "valibot";
import { Channel } from "../core/base/channel.ts";
import { badInput } from "../core/base/errors.ts";
import { WEBVIEW_COMMANDS } from "../webview/protocol.ts";

const Run = v.object({ command: v.picklist(WEBVIEW_COMMANDS) });
const MAX_PENDING = 16;

export function webviewChannel(webview: vscode.Webview, subscriptions: vscode.Disposable[]): Channel {
  const channel = new Channel(
    {
      post: (message) => {
        webview.postMessage(message).then(undefined, () => undefined);
      }, // a webview that is gone needs no frames
      onMessage: (listener) => subscriptions.push(webview.onDidReceiveMessage(listener)),
    },
    { maxPending: MAX_PENDING },
  );
  channel.handle("run", async (argument) => {
    const parsed = v.safeParse(Run, argument);
    if (!parsed.success) throw badInput("bad-message", "The webview asked for something that it may not have.");
    const { command } = parsed.output;
    await vscode.commands.executeCommand(command === "manageTrust" ? "workbench.trust.manage" : `quantdesk.${command}`);
    return null;
  });
  return channel;
}
