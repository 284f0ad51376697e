/** Keys, provider, dashboard, exchange, log, kernel. */
import * as vscode from "vscode";
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";
import { checkProvider, PROVIDERS } from "../../core/config/provider.ts";
import { LIVE_ORIGIN, PAPER_ORIGIN, SOURCE_KEYS } from "../keys.ts";
import { WALKTHROUGH } from "../manifest.ts";
import { BACK, pickStep, textStep } from "../steps.ts";
import { parseArgument } from "./argument.ts";
import type { Command, Window } from "./window.ts";

export const setupCommands = {
  async setKeys(window) {
    const chosen = await askOrigin(window);
    if (chosen === undefined) return undefined;
    const { origin } = chosen;
    if (chosen.forget) {
      await window.keys.forget(origin);
      window.output.info(`Keys forgotten for ${origin}`);
      return { stored: false, origin };
    }
    const title = `Broker keys for ${new URL(origin).host}`;
    const filled = (text: string) => (/^\S+$/.test(text.trim()) ? undefined : "A key has no spaces.");
    const keyId = await textStep({
      title,
      step: 2,
      total: 3,
      prompt: "Key ID, as Alpaca shows it. Leave with Escape to change nothing.",
      complain: filled,
      parse: (text) => text.trim(),
    });
    if (keyId === BACK || keyId === undefined) return undefined;
    checkKind(keyId, origin);
    const secretKey = await vscode.window.showInputBox({
      title,
      prompt: "Secret key. It is kept in VS Code's secret storage and sent to this address only.",
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (text === "" ? undefined : filled(text)),
    });
    if (secretKey === undefined || secretKey.trim() === "") return undefined;
    if (origin === LIVE_ORIGIN && !(await wantsLiveKeys(keyId))) return undefined;
    await window.keys.store(origin, { keyId, secretKey: secretKey.trim() });
    window.output.info(`Keys stored for ${origin}`);
    return { stored: true, origin };
  },

  async setSourceKeys(window) {
    const kept = await window.keys.sourceKeys();
    const chosen = await vscode.window.showQuickPick(
      SOURCE_KEYS.map(({ name, title, page }) => ({ label: title, description: kept[name] === undefined ? `from ${page}` : "set", name })),
      { title: "Set Data Source Keys", placeHolder: "Which one" },
    );
    if (chosen === undefined) return undefined;
    const value = await vscode.window.showInputBox({
      title: chosen.label,
      prompt: "Kept in VS Code's secret storage and sent to this source only. Empty forgets it.",
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (/^\S*$/.test(text.trim()) ? undefined : "A key has no spaces."),
    });
    if (value === undefined) return undefined;
    if (value.trim() === "") await window.keys.forgetSourceKey(chosen.name);
    else await window.keys.storeSourceKey(chosen.name, value.trim());
    window.output.info(`${chosen.label}: ${value.trim() === "" ? "forgotten" : "stored"}`);
    return { stored: value.trim() !== "", name: chosen.name };
  },

  async setProvider(window, argument) {
    const { provider: given } = parseArgument(v.object({ provider: v.optional(v.string()) }), typeof argument === "string" ? { provider: argument } : argument);
    const provider =
      given ??
      (
        await vscode.window.showQuickPick(
          PROVIDERS.map((name) => ({ label: name, description: "deterministic rules, no model, no key" })),
          { title: "Set Analyst Provider", placeHolder: "Who the analysts are" },
        )
      )?.label;
    if (provider === undefined) return undefined;
    checkProvider(provider);
    await vscode.workspace.getConfiguration("quantdesk").update("analysts.provider", provider, vscode.ConfigurationTarget.Global);
    window.output.info(`Analyst provider: ${provider}`);
    return { provider };
  },

  async openDashboard(window) {
    window.openDashboard();
    return { opened: true };
  },

  async openWalkthrough(window) {
    await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${window.context.extension.id}#${WALKTHROUGH}`, false);
    return { opened: true };
  },

  async startPerformanceApi(window, argument) {
    const { port: given } = parseArgument(v.object({ port: v.optional(v.number()) }), argument);
    const port = given ?? (await askPort(window.performanceApi.url));
    if (port === undefined) return undefined;
    const { url, tokenFile } = await window.performanceApi.start(port);
    const token = tokenFile === null ? "the one in QUANTDESK_TOKEN" : `in ${tokenFile}`;
    window.output.info(`Performance API at ${url}, token ${token}`);
    vscode.window.showInformationMessage(`Performance API at ${url}. Its token is ${token}.`, "Open Page", "Copy Address").then(
      async (choice) => {
        if (choice === "Open Page") await vscode.env.openExternal(vscode.Uri.parse(url));
        if (choice === "Copy Address") await vscode.env.clipboard.writeText(url);
      },
      () => undefined,
    );
    return { url, tokenFile };
  },

  async stopExchange(window) {
    const session = await window.desk.session();
    await window.desk.openSession?.disconnect();
    const { stopExchange } = await import("../../core/session.ts");
    const stopped = await stopExchange(session.home, AbortSignal.timeout(10_000));
    window.output.info(stopped ? "The built-in exchange is stopped." : "The built-in exchange was not running.");
    return { stopped };
  },

  async openLog(window) {
    window.output.show();
    return { opened: true };
  },

  async restartKernel(window, argument) {
    const uri = notebookOf(argument) ?? vscode.window.activeNotebookEditor?.notebook.uri;
    return { restarted: await window.restartKernel(uri) };
  },

  async restartAndRunAll(window, argument) {
    const uri = notebookOf(argument) ?? vscode.window.activeNotebookEditor?.notebook.uri;
    const restarted = await window.restartKernel(uri);
    await vscode.commands.executeCommand("notebook.execute", ...(uri === undefined ? [] : [uri]));
    return { restarted };
  },
} satisfies Record<string, Command>;

/** Alpaca's live keys begin with AK, its paper keys with PK: one at the other's address is a slip, and could be real money. */
function checkKind(keyId: string, origin: string): void {
  const isLive = /^AK/i.test(keyId);
  if (isLive && origin === PAPER_ORIGIN)
    throw badInput(
      "live-keys",
      `This is a live key, with real money behind it; it is not kept for ${new URL(origin).host}.`,
      "Choose Alpaca live, or enter a paper key.",
    );
  if (/^PK/i.test(keyId) && origin === LIVE_ORIGIN)
    throw badInput("paper-keys", "This is a paper key; Alpaca's live address refuses it.", "Choose Alpaca paper.");
}

async function askPort(running: string | undefined): Promise<number | undefined> {
  const parse = (text: string) => (/^\d{1,5}$/.test(text.trim()) && Number(text) <= 65_535 ? Number(text) : Number.NaN);
  const answer = await textStep({
    title: "Start Performance API",
    step: 1,
    total: 1,
    prompt: `Port on this machine; 0 takes any that is free.${running === undefined ? "" : ` It runs at ${running} now.`}`,
    value: "8000",
    complain: (text) => (Number.isNaN(parse(text)) ? "A port is a whole number from 0 to 65535." : undefined),
    parse,
  });
  return answer === BACK ? undefined : answer;
}

async function wantsLiveKeys(keyId: string): Promise<boolean> {
  const yes = "Keep the Live Keys";
  const answer = await vscode.window.showWarningMessage(
    `LIVE, real money: keep the key ${keyId.slice(0, 4)}… for ${new URL(LIVE_ORIGIN).host}?`,
    { modal: true, detail: "It is kept in VS Code's secret storage and sent to that address only, while quantdesk.broker.mode is live. Each order will ask." },
    yes,
  );
  return answer === yes;
}

interface ChosenOrigin {
  readonly origin: string;
  /** Take the keys that are kept for it out of the secret storage. */
  readonly forget: boolean;
}

async function askOrigin(window: Window): Promise<ChosenOrigin | undefined> {
  const base = vscode.workspace.getConfiguration("quantdesk").inspect<string>("broker.baseUrl")?.globalValue;
  const own =
    base !== undefined && URL.canParse(base) ? [{ label: new URL(base).host, description: "your setting broker.baseUrl", origin: new URL(base).origin }] : [];
  const origins = [
    { label: "Alpaca paper", description: new URL(PAPER_ORIGIN).host, origin: PAPER_ORIGIN },
    ...own,
    {
      label: "Alpaca live",
      description: `${new URL(LIVE_ORIGIN).host}, real money`,
      detail: "Used only while the setting quantdesk.broker.mode is live.",
      origin: LIVE_ORIGIN,
    },
  ];
  const kept = await Promise.all(origins.map(async ({ origin }) => (await window.keys.keysFor(origin)) !== undefined));
  const answer = await pickStep<ChosenOrigin>({
    title: "Set Broker Keys",
    step: 1,
    total: 3,
    placeholder: "Where the keys are for",
    choices: [
      ...origins.map(({ origin, ...row }) => ({ ...row, value: { origin, forget: false } })),
      ...origins
        .filter((_, i) => kept[i])
        .map(({ label, description, origin }) => ({ label: `Forget the Keys for ${label}`, description, value: { origin, forget: true } })),
    ],
  });
  return answer === BACK ? undefined : answer;
}

/** The notebook toolbar hands over { notebookEditor: { notebookUri } }; a caller may hand over a Uri. */
function notebookOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  const parsed = v.safeParse(v.object({ notebookEditor: v.object({ notebookUri: v.custom<vscode.Uri>((value) => value instanceof vscode.Uri) }) }), argument);
  return parsed.success ? parsed.output.notebookEditor.notebookUri : undefined;
}
