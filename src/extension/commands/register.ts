/** Registers the commands: one place for trust, errors and the log. */
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import { COMMANDS, type CommandId, type CommandSpec } from "../commandTable.ts";
import type { Command, Window } from "./window.ts";
import { accountCommands } from "./account.ts";
import { dataCommands } from "./data.ts";
import { fileCommands } from "./files.ts";
import { guidedCommands } from "./guided.ts";
import { orderCommands } from "./orders.ts";
import { researchCommands } from "./research.ts";
import { setupCommands } from "./setup.ts";
import { stopCommands } from "./stop.ts";
import { sweepCommands } from "./sweep.ts";

const IMPLEMENTATIONS: Readonly<Record<CommandId, Command>> = {
  ...setupCommands,
  ...accountCommands,
  ...orderCommands,
  ...stopCommands,
  ...dataCommands,
  ...researchCommands,
  ...sweepCommands,
  ...fileCommands,
  ...guidedCommands,
};

export function registerCommands(window: Window): void {
  for (const spec of COMMANDS as readonly CommandSpec[]) {
    const run = IMPLEMENTATIONS[spec.id as CommandId];
    window.context.subscriptions.push(vscode.commands.registerCommand(`quantdesk.${spec.id}`, (argument: unknown) => guarded(window, spec, run, argument)));
  }
}

/** A failed command says why once, and answers its caller with the same words. */
async function guarded(window: Window, spec: CommandSpec, run: Command, argument: unknown): Promise<unknown> {
  try {
    if (spec.needsTrust === true && !vscode.workspace.isTrusted) {
      throw new TradingError("restricted", `${spec.title.replace("…", "")} waits until you trust this folder.`, {
        kind: "refused",
        hint: "Looking at accounts and results works.",
      });
    }
    return await run(window, argument);
  } catch (error) {
    const failure = TradingError.from(error, "failed");
    if (failure.kind !== "interrupted") {
      window.output.error(`${spec.id}: ${failure.code}: ${failure.message}`);
      if (failure.cause instanceof Error) window.output.debug(failure.cause.stack ?? failure.cause.message);
      showFailure(failure);
    }
    return { error: failure.toPlain() };
  }
}

function showFailure(failure: TradingError): void {
  const text = failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`;
  const button = failure.code === "restricted" ? "Manage Trust" : "Open Log";
  const shown = failure.kind === "refused" ? vscode.window.showWarningMessage(text, button) : vscode.window.showErrorMessage(text, button);
  shown.then(
    (choice) => {
      if (choice !== undefined) return vscode.commands.executeCommand(choice === "Manage Trust" ? "workbench.trust.manage" : "quantdesk.openLog");
      return undefined;
    },
    () => undefined,
  );
}
