/** What the tests need of the window: our extension, the workbench around it where a bridge shows it, and waiting for what must come. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { ExtensionApi } from "../../../src/extension/extension.ts";

export const ID = "quantdesk.quantdesk";

export async function extension(): Promise<ExtensionApi> {
  const found = vscode.extensions.getExtension<ExtensionApi>(ID);
  assert.ok(found, `${ID} is not in this host`);
  return found.activate();
}

/** The headless host shows its workbench to tests at this address; a desktop VS Code has none. */
const BRIDGE = process.env["VSCODE_HOST_BRIDGE"];
export const hasBridge = BRIDGE !== undefined;

export async function bridge(action: string, query: Record<string, string> = {}, body = ""): Promise<unknown> {
  assert.ok(BRIDGE, "this host has no bridge");
  const answer = await fetch(`${BRIDGE}/${action}?${new URLSearchParams(query).toString()}`, { method: "POST", body });
  const value: unknown = await answer.json();
  if (!answer.ok) throw new Error(`${action}: ${String(value)}`);
  return value;
}

/** A picture of the window where one can be taken. */
export async function screenshot(name: string): Promise<void> {
  if (hasBridge) await bridge("screenshot", { name, delay: "700" });
}

/** A window in which a whole notebook is seen; without a height it is as it was. */
export async function tall(height?: number): Promise<void> {
  if (hasBridge) await bridge("size", height === undefined ? {} : { width: "1000", height: String(height) });
}

/** Asks until `probe` answers something true. */
export async function until<T>(what: string, probe: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function run<T>(command: string, argument?: unknown): Promise<T> {
  return Promise.resolve(vscode.commands.executeCommand<T>(`quantdesk.${command}`, argument));
}

/** Accepts the quick input that shows `text`; without a bridge, whatever input is open. An Enter that came too early is repeated. */
export async function accept(text: string, work: Promise<unknown>): Promise<void> {
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  await until(`a quick input with "${text}" to be accepted`, async () => {
    if (done) return true;
    if (!hasBridge) await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
    else if ((await quickInputText()).includes(text)) await bridge("press", { keys: "Enter" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    return done;
  });
}

/** Leaves the quick input that shows `text` with Escape. */
export async function escape(text: string): Promise<void> {
  if (hasBridge) {
    await until(`a quick input with "${text}"`, async () => (await quickInputText()).includes(text));
    await bridge("press", { keys: "Escape" });
    return;
  }
  await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
}

/** Title, input and rows of the open quick input; "" when none is open. */
export async function quickInputText(): Promise<string> {
  return String(
    await bridge(
      "eval",
      { where: "page" },
      `(() => { const box = [...document.querySelectorAll(".quick-input-widget")].find((one) => one.offsetParent !== null && one.style.display !== "none"); return box ? box.innerText + " " + [...box.querySelectorAll(".quick-input-message,.monaco-inputbox")].map((part) => part.innerText).join(" ") : ""; })()`,
    ),
  );
}

export async function webviewTexts(): Promise<readonly string[]> {
  return (await bridge("eval", { where: "webviews" }, "document.body.innerText")) as readonly string[];
}

export async function theme(name: "Default Light Modern" | "Default Dark Modern" | "Default High Contrast" | "Default High Contrast Light"): Promise<void> {
  await vscode.workspace.getConfiguration("workbench").update("colorTheme", name, vscode.ConfigurationTarget.Global);
}
