/** Questions of the notebook's outputs about the rest of what a cell showed, passed on to the kernel of that notebook. */
import * as vscode from "vscode";
import * as v from "valibot";
import { TradingError } from "../../core/base/errors.ts";
import type { Kernel } from "../../kernel/host.ts";
import { parseLook } from "../../kernel/protocol.ts";
import { OUTPUTS_RENDERER } from "../manifest.ts";

/** Of one notebook at once; a table that asks again takes its former question back. */
const MAX_OPEN = 20;

const Message = v.object({ ask: v.pipe(v.string(), v.maxLength(100)), look: v.unknown() });

/** A webview is not trusted: what is no question is dropped, and a notebook's outputs reach its own kernel only. */
export function answerLooks(kernelOf: (notebook: vscode.NotebookDocument) => Promise<Kernel> | undefined): vscode.Disposable {
  const messaging = vscode.notebooks.createRendererMessaging(OUTPUTS_RENDERER);
  const open = new WeakMap<vscode.NotebookDocument, Map<string, AbortController>>();
  return messaging.onDidReceiveMessage(async ({ editor, message }) => {
    const read = v.safeParse(Message, message);
    if (!read.success) return;
    const { ask } = read.output;
    const answer = await answered(editor.notebook, read.output.look).catch((error: unknown) => ({ failure: TradingError.from(error, "failed").message }));
    if (answer !== undefined) await messaging.postMessage({ ask, ...answer }, editor);
  });

  async function answered(notebook: vscode.NotebookDocument, asked: unknown): Promise<object | undefined> {
    const look = parseLook(asked);
    const kernel = await kernelOf(notebook);
    if (kernel === undefined || kernel.state === "dead" || kernel.state === "closed") return { looked: { what: "gone" } };
    const mine = new AbortController();
    const asking = open.get(notebook) ?? new Map<string, AbortController>();
    open.set(notebook, asking);
    // A table shows one order at a time; branches of a tree open side by side.
    const key = look.what === "rows" ? look.id : JSON.stringify(look);
    asking.get(key)?.abort();
    asking.delete(key);
    if (asking.size >= MAX_OPEN) return { failure: `More than ${MAX_OPEN} questions are open already.` };
    asking.set(key, mine);
    try {
      return { looked: await kernel.look(look, mine.signal) };
    } catch (error) {
      if (mine.signal.aborted) return undefined; // the newer question is answered
      throw error;
    } finally {
      if (asking.get(key) === mine) asking.delete(key);
    }
  }
}
