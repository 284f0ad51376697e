/** Looking at the account: connection, account, portfolio. */
import * as vscode from "vscode";
import { Big } from "../../core/base/decimal.ts";
import { plainAccount, plainPosition } from "../../core/domain/plain.ts";
import { signed } from "../../webview/format.ts";
import { dollars, modeWord } from "../words.ts";
import type { Command } from "./window.ts";

const READ_WITHIN_MS = 15_000;

export const accountCommands = {
  async startSession(window) {
    const session = await window.desk.session();
    const { connection, mode, simulated } = session.status();
    return { connection, mode, simulated, home: session.home };
  },

  async connect(window) {
    const { account } = await vscode.window.withProgress({ location: { viewId: "quantdesk.session" }, title: "Connecting" }, () => window.desk.connected());
    window.output.info(`Connected to ${modeWord(account.mode)} account ${account.accountNumber}`);
    return plainAccount(account);
  },

  async disconnect(window) {
    await window.desk.openSession?.disconnect();
    return { connection: window.desk.status?.connection ?? "disconnected" };
  },

  async showAccount(window) {
    const { session } = await window.desk.connected();
    const account = await session.broker.getAccount(AbortSignal.timeout(READ_WITHIN_MS));
    const today = account.equity.minus(account.lastEquity);
    const rows: vscode.QuickPickItem[] = [
      { label: dollars(account.equity), description: "Equity" },
      { label: signed(today.toNumber()), description: "Since the last close, US dollars" },
      { label: dollars(account.cash), description: "Cash" },
      { label: dollars(account.buyingPower), description: "Buying power" },
      { label: account.status, description: "Status" },
    ];
    offer(window.output, rows, `${modeWord(account.mode)} account ${account.accountNumber}`, "Escape closes");
    return plainAccount(account);
  },

  async showPortfolio(window) {
    const { session, account } = await window.desk.connected();
    const positions = await session.broker.getPositions(AbortSignal.timeout(READ_WITHIN_MS));
    const open = positions.reduce((sum, position) => sum.plus(position.unrealizedPl ?? 0), new Big(0));
    const rows = positions.map(
      (position): vscode.QuickPickItem => ({
        label: `${position.symbol} · ${position.qty.toFixed()} ${position.side === "short" ? "short" : "shares"}`,
        description: `${position.marketValue === null ? "–" : dollars(position.marketValue)}, open profit ${signed(position.unrealizedPl?.toNumber() ?? null)}`,
        detail: `Paid ${position.avgEntryPrice.toFixed(2)}, last ${position.currentPrice?.toFixed(2) ?? "–"}`,
      }),
    );
    offer(
      window.output,
      rows.length > 0 ? rows : [{ label: "You hold nothing.", description: `${dollars(account.cash)} cash` }],
      `${modeWord(account.mode)} portfolio, open profit ${signed(open.toNumber())} US dollars`,
      "Escape closes",
    );
    return { account: plainAccount(account), positions: positions.map(plainPosition) };
  },
} satisfies Record<string, Command>;

/** Shows rows to read; the command does not wait for the person to close them. */
function offer(output: vscode.LogOutputChannel, rows: readonly vscode.QuickPickItem[], title: string, placeHolder: string): void {
  vscode.window.showQuickPick(rows, { title, placeHolder }).then(undefined, (error: unknown) => output.warn(String(error)));
}
