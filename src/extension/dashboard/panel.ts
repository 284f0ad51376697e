/** The dashboard: one editor webview, fed with whole frames when something was stored and every few seconds while it is seen. */
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import type { Channel } from "../../core/base/channel.ts";
import { SETTINGS } from "../../core/config/schema.ts";
import type { Desk } from "../desk.ts";
import { DASHBOARD_TYPE } from "../manifest.ts";
import { webviewChannel } from "../webviewChannel.ts";
import { webviewPage, webviewRoot } from "../webviewPage.ts";
import { dashboardFrame } from "./frame.ts";

const SOON_MS = 100; // at most ten frames a second, however fast things are stored

export class Dashboard implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #extensionUri: vscode.Uri;
  readonly #desk: Desk;
  #panel: vscode.WebviewPanel | undefined;

  constructor(extensionUri: vscode.Uri, desk: Desk) {
    this.#extensionUri = extensionUri;
    this.#desk = desk;
  }

  open(): void {
    if (this.#panel !== undefined) {
      this.#panel.reveal();
      return;
    }
    this.#attach(vscode.window.createWebviewPanel(DASHBOARD_TYPE, "Quantdesk", vscode.ViewColumn.Active, this.#options()));
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    panel.webview.options = this.#options();
    this.#panel?.dispose();
    this.#attach(panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.#panel?.dispose();
  }

  #options(): vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [webviewRoot(this.#extensionUri)] };
  }

  #attach(panel: vscode.WebviewPanel): void {
    this.#panel = panel;
    const owned: vscode.Disposable[] = [];
    const icon = (ground: "light" | "dark") => vscode.Uri.joinPath(this.#extensionUri, "media", `quantdesk-${ground}.svg`);
    panel.iconPath = { light: icon("light"), dark: icon("dark") };
    const channel = webviewChannel(panel.webview, owned);
    const feed = new Feed(this.#desk, panel, channel);
    channel.on("ready", () => feed.soon());
    owned.push(
      feed,
      panel.onDidChangeViewState(() => feed.soon()),
    );
    panel.webview.html = webviewPage(panel.webview, this.#extensionUri, "dashboard", "Quantdesk dashboard");
    panel.onDidDispose(() => {
      for (const part of owned) part.dispose();
      channel.close(new TradingError("closed", "The dashboard was closed."));
      if (this.#panel === panel) this.#panel = undefined;
    });
  }
}

/** Sends frames while the panel is seen; requests that come close together become one frame. */
class Feed implements vscode.Disposable {
  readonly #desk: Desk;
  readonly #panel: vscode.WebviewPanel;
  readonly #channel: Channel;
  readonly #stop: Array<() => void> = [];
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #again = false;
  #disposed = false;

  constructor(desk: Desk, panel: vscode.WebviewPanel, channel: Channel) {
    this.#desk = desk;
    this.#panel = panel;
    this.#channel = channel;
    let connection = desk.status?.connection;
    this.#stop.push(
      desk.onStored(() => this.soon()),
      desk.onStatus((status) => {
        if (status?.connection !== connection) this.soon();
        connection = status?.connection;
      }),
    );
  }

  soon(delayMs = SOON_MS): void {
    if (this.#disposed) return;
    if (this.#sending) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#send().catch((error: unknown) => this.#desk.log.warn(`The dashboard was not refreshed: ${TradingError.from(error, "failed").message}`));
    }, delayMs);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const stop of this.#stop) stop();
  }

  async #send(): Promise<void> {
    if (!this.#panel.visible) return; // a hidden webview gets no messages; it asks again when it is shown
    this.#sending = true;
    this.#again = false;
    let refreshMs = 1000 * (SETTINGS.find((spec) => spec.key === "dashboard.refreshSeconds") as { default: number }).default;
    try {
      const frame = await dashboardFrame(this.#desk);
      refreshMs = frame.refreshSeconds * 1000;
      if (!this.#disposed) this.#channel.emit("frame", frame);
    } finally {
      this.#sending = false;
      this.soon(this.#again ? SOON_MS : refreshMs);
    }
  }
}
