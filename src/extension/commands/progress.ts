/** Work with a progress notification and a Cancel button; nothing is shown for work that is over at once. */
import * as vscode from "vscode";
import { Scope } from "../../core/base/scope.ts";

const SHOW_AFTER_MS = 400;
const LIMIT_MS = 10 * 60_000;

/** `tell` says in the notification how far the work is. */
export async function cancellable<T>(title: string, work: (signal: AbortSignal, tell: (message: string) => void) => Promise<T>): Promise<T> {
  const scope = new Scope({ name: title, deadlineMs: LIMIT_MS });
  let tell = (_message: string): void => undefined;
  try {
    const result = work(scope.signal, (message) => tell(message));
    const timer = setTimeout(() => {
      vscode.window
        .withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
          tell = (message) => progress.report({ message });
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
