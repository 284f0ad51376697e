/** One status bar item: mode and connection; the warning background only while live, the error background while trading is stopped. */
import * as vscode from "vscode";
import type { SessionStatus } from "../core/session.ts";
import { signed } from "../webview/format.ts";
import type { Desk } from "./desk.ts";
import { dollars, modeWord } from "./words.ts";

export function createStatusBar(desk: Desk): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("quantdesk.status", vscode.StatusBarAlignment.Left, 10);
  item.name = "Quantdesk";
  show(item, desk.status, desk.isStopped);
  item.show();
  const stop = desk.onStatus((status) => show(item, status, desk.isStopped));
  return new vscode.Disposable(() => {
    stop();
    item.dispose();
  });
}

function show(item: vscode.StatusBarItem, status: SessionStatus | undefined, isStopped: boolean): void {
  if (status === undefined || status.connection === "disconnected") {
    item.text = "$(graph-line) Quantdesk";
    item.tooltip = "Quantdesk: not connected. Select to connect.";
    item.command = "quantdesk.connect";
    item.accessibilityInformation = { label: "Quantdesk, not connected" };
    item.backgroundColor = undefined;
    return;
  }
  const mode = modeWord(status.mode);
  const { account } = status;
  const day = account === null || account.lastEquity.eq(0) ? "" : ` ${signed(account.equity.div(account.lastEquity).minus(1).times(100).toNumber(), 2, "%")}`;
  const state = `${status.connection === "connected" ? "" : ` ${status.connection}`}${isStopped ? " stopped" : ""}`;
  const icon = status.connection === "connecting" ? "loading~spin" : isStopped ? "stop-circle" : status.connection === "stale" ? "warning" : "graph-line";
  item.text = `$(${icon}) ${mode}${day}${state}`;
  item.tooltip =
    account === null
      ? `Quantdesk ${mode}, ${status.connection}`
      : `Quantdesk ${mode} account ${account.accountNumber}, ${status.connection}. Equity ${dollars(account.equity)}, since the last close ${signed(account.equity.minus(account.lastEquity).toNumber())}. ${isStopped ? "Trading is stopped: no order is sent. Select to allow it again." : "Select for the account."}`;
  item.accessibilityInformation = {
    label: `Quantdesk ${mode}, ${status.connection}${isStopped ? ", trading stopped" : ""}${account === null ? "" : `, equity ${dollars(account.equity)}`}`,
  };
  item.command = isStopped ? "quantdesk.killSwitch" : "quantdesk.showAccount";
  item.backgroundColor = isStopped
    ? new vscode.ThemeColor("statusBarItem.errorBackground")
    : status.mode === "live"
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
}
