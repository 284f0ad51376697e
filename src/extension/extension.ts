/**
 * extension: Quantdesk in VS Code: commands, sidebar, status bar, notebook controller, dashboard.
 * Imports vscode and session.ts; holds no rule of trading. Starting it costs milliseconds: the session, and with it
 * everything heavy, is loaded when it is first used.
 */
import * as vscode from "vscode";
import { logTo } from "../core/base/log.ts";
import { SETTINGS } from "../core/config/schema.ts";
import { answerInChat, registerChat } from "./chat.ts";
import { registerCommands } from "./commands/register.ts";
import { Dashboard } from "./dashboard/panel.ts";
import { Desk, type QuantdeskApi } from "./desk.ts";
import { KeyRing } from "./keys.ts";
import { DASHBOARD_TYPE } from "./manifest.ts";
import { NotebookKernels } from "./notebook/controller.ts";
import { PerformanceApiHolder } from "./performanceApi.ts";
import { createStatusBar } from "./statusBar.ts";
import { createParameterLens } from "./parameterLens.ts";
import { createTestExplorer } from "./testExplorer.ts";
import { PerformanceView } from "./views/performance.ts";
import { createViews, type Views } from "./views/views.ts";

/** The session's core, and what the window shows of it (for tests and other extensions). */
export interface ExtensionApi extends QuantdeskApi {
  readonly views: Views;
  readonly performance: PerformanceView;
  /** What `@quantdesk` answers to a sentence, also where the host has no chat. */
  chat(text: string, signal: AbortSignal): ReturnType<typeof answerInChat>;
}

export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const output = vscode.window.createOutputChannel("Quantdesk", { log: true });
  const log = logTo((level, line) => output[level](line));
  const keys = new KeyRing(context.secrets);
  const desk = new Desk(keys, log);
  const dashboard = new Dashboard(context.extensionUri, desk);
  const kernels = new NotebookKernels(desk);
  const performanceApi = new PerformanceApiHolder(desk);
  const performance = new PerformanceView(context.extensionUri, desk);
  context.subscriptions.push(
    output,
    desk,
    dashboard,
    kernels,
    performance,
    performanceApi,
    createStatusBar(desk),
    createTestExplorer(desk),
    createParameterLens(desk),
    registerChat(desk),
    vscode.window.registerWebviewPanelSerializer(DASHBOARD_TYPE, dashboard),
    vscode.window.registerWebviewViewProvider("quantdesk.performance", performance),
    keys.onChange(() => reopen(desk)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => reopen(desk)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration("quantdesk")) return;
      const changed = SETTINGS.filter((spec) => event.affectsConfiguration(`quantdesk.${spec.key}`)).map((spec) => spec.key);
      if (changed.length === 1 && changed[0] === "analysts.provider") changeProvider(desk);
      else reopen(desk);
    }),
  );
  const views = createViews(desk, context.subscriptions);
  registerCommands({
    context,
    desk,
    keys,
    output,
    openDashboard: () => dashboard.open(),
    performanceApi,
    restartKernel: (notebook) => kernels.restart(notebook),
  });
  running = desk;
  return {
    session: () => desk.session(),
    get openSession() {
      return desk.openSession;
    },
    views,
    performance,
    chat: (text, signal) => answerInChat(desk, text, signal),
  };
}

// VS Code calls deactivate without an argument; this is how it finds what activate made.
let running: Desk | undefined;

/** VS Code waits for it, so that sockets and child processes end with the window. */
export async function deactivate(): Promise<void> {
  const desk = running;
  running = undefined;
  await desk?.close();
}

/** Another provider rebuilds the analysts and nothing else: the connection stays. */
function changeProvider(desk: Desk): void {
  const provider = vscode.workspace.getConfiguration("quantdesk").get<string>("analysts.provider", "rules");
  desk.openSession
    ?.setProvider(provider)
    .catch((error: unknown) => desk.log.error(`The provider was not changed: ${error instanceof Error ? error.message : String(error)}`));
}

/** A session that is open takes the new settings, keys or trust at its next use; one that was connected connects again. */
function reopen(desk: Desk): void {
  if (!desk.isStarted) return;
  const wasConnected = desk.status?.connection === "connected" || desk.status?.connection === "stale";
  const again = async () => {
    await desk.reset();
    if (wasConnected) await desk.connected();
  };
  again().catch((error: unknown) => desk.log.error(`The session did not take the new settings: ${error instanceof Error ? error.message : String(error)}`));
}
