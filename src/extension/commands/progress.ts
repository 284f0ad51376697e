/** Work with a progress notification and a Cancel button; nothing is shown for work that is over at once. */
import * as vscode from "vscode";
import { Scope } from "../../core/base/scope.ts";

const SHOW_AFTER_MS = 400;
const LIMIT_MS = 10 * 60_000;

export async function cancellable<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const scope = new Scope({ name: title, deadlineMs: LIMIT_MS });
  try {
    const result = work(scope.signal);
    const timer = setTimeout(() => {
      vscode.window
        .withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (_progress, token) => {
          token.onCancellationRequested(() => scope.abort());
          await result;
        })
        .then(undefined, () => undefined); // the caller hears of the failure
    }, SHOW_AFTER_MS);
    try {
      return await result;
    } finally {
      clearTimeout(timer);
    }
  } finally {
    await scope.close();
  }
}
