/** The performance view: how late the extension host's loop turns, second by second, with the session's operations. */
import * as vscode from "vscode";
import { Channel } from "../../core/base/channel.ts";
import { TradingError } from "../../core/base/errors.ts";
import type { PerformanceFrame } from "../../webview/protocol.ts";
import type { Desk } from "../desk.ts";
import { webviewChannel } from "../webviewChannel.ts";
import { webviewPage, webviewRoot } from "../webviewPage.ts";

const EVERY_MS = 1000;
const KEPT = 120; // two minutes

export class PerformanceView implements vscode.WebviewViewProvider, vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #desk: Desk;
  readonly #history: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #shown: { readonly view: vscode.WebviewView; readonly channel: Channel } | undefined;
  #stopWatching: () => void;

  constructor(extensionUri: vscode.Uri, desk: Desk) {
    this.#extensionUri = extensionUri;
    this.#desk = desk;
    this.#stopWatching = desk.onStatus(() => this.#run());
  }

  /** Exported to tests: what the view was last told. */
  last: PerformanceFrame | undefined;

  resolveWebviewView(view: vscode.WebviewView): void {
    const owned: vscode.Disposable[] = [];
    view.webview.options = { enableScripts: true, localResourceRoots: [webviewRoot(this.#extensionUri)] };
    const channel = webviewChannel(view.webview, owned);
    this.#shown = { view, channel };
    channel.on("ready", () => this.#send());
    owned.push(view.onDidChangeVisibility(() => this.#send()));
    view.onDidDispose(() => {
      for (const part of owned) part.dispose();
      channel.close(new TradingError("closed", "The performance view was closed."));
      if (this.#shown?.view === view) this.#shown = undefined;
    });
    view.webview.html = webviewPage(view.webview, this.#extensionUri, "performance", "Performance");
  }

  dispose(): void {
    this.#stopWatching();
    clearInterval(this.#timer);
  }

  /** Measures as long as there is a session, seen or not, so that the line has its two minutes. */
  #run(): void {
    const open = this.#desk.openSession !== undefined;
    if (open === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = open ? setInterval(() => this.#tick(), EVERY_MS) : undefined;
    if (!open) this.#history.length = 0;
    this.#send();
  }

  #tick(): void {
    const status = this.#desk.status;
    if (status === undefined) return;
    this.#history.push(status.lag.p50);
    if (this.#history.length > KEPT) this.#history.shift();
    this.#send();
  }

  #send(): void {
    this.last = this.#frame();
    if (this.#shown?.view.visible === true) this.#shown.channel.emit("frame", this.last);
  }

  #frame(): PerformanceFrame {
    const session = this.#desk.openSession;
    if (session === undefined) return { at: Date.now(), running: false, lag: null, history: [], operations: null, alerts: [] };
    const { lag } = session.status();
    const summary = session.performance.source.summary();
    const failed = summary.successRate === null ? 0 : Math.round(summary.operations * (1 - summary.successRate));
    return {
      at: Date.now(),
      running: true,
      lag: { p50: lag.p50, p95: lag.p95, p99: lag.p99, max: lag.max },
      history: [...this.#history],
      operations: {
        perSecond: session.performance.metrics.endedSince(Date.now(), 5000).ended / 5,
        total: summary.operations,
        failed,
        successRate: summary.successRate,
      },
      alerts: session.performance.source
        .health()
        .alerts.filter(({ code }) => code !== "loop-lag")
        .map(({ reason }) => reason),
    };
  }
}
