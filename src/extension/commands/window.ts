/** What commands are given: the parts of this window. */
import type * as vscode from "vscode";
import type { Desk } from "../desk.ts";
import type { KeyRing } from "../keys.ts";
import type { PerformanceApiHolder } from "../performanceApi.ts";

export interface Window {
  readonly context: vscode.ExtensionContext;
  readonly desk: Desk;
  readonly keys: KeyRing;
  readonly output: vscode.LogOutputChannel;
  openDashboard(): void;
  readonly performanceApi: PerformanceApiHolder;
  restartKernel(notebook: vscode.Uri | undefined): Promise<boolean>;
}

/** One command: takes whatever the caller gave, answers with plain data; undefined when the person left. */
export type Command = (window: Window, argument: unknown) => Promise<unknown>;
