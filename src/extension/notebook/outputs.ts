/** A cell's outputs as they come: streams grow, displays stay, a display shown again under its id takes the old one's place. */
import * as vscode from "vscode";
import type { MimeBundle, Output } from "../../kernel/protocol.ts";

type StreamName = "stdout" | "stderr";

export class CellOutputs {
  readonly #execution: vscode.NotebookCellExecution;
  readonly #byId = new Map<string, vscode.NotebookCellOutput>();
  #stream: { readonly name: StreamName; readonly output: vscode.NotebookCellOutput } | undefined;
  #last: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(execution: vscode.NotebookCellExecution) {
    this.#execution = execution;
  }

  show(output: Output): void {
    if (this.#ended) return; // VS Code takes nothing for a cell that has ended
    switch (output.kind) {
      case "stream":
        this.#write(output.stream, output.text);
        return;
      case "display": {
        const shown = new vscode.NotebookCellOutput(itemsOf(output.data));
        if (output.id !== undefined) this.#byId.set(output.id, shown);
        this.append(shown);
        return;
      }
      case "update": {
        const shown = this.#byId.get(output.id);
        if (shown !== undefined) this.#then(() => this.#execution.replaceOutputItems(itemsOf(output.data), shown));
        return;
      }
      case "clear":
        this.clear();
        return;
      case "error":
        this.append(errorOutput(output.error.name, output.error.message, output.error.stack));
        return;
    }
  }

  append(output: vscode.NotebookCellOutput): void {
    this.#stream = undefined;
    this.#then(() => this.#execution.appendOutput(output));
  }

  clear(): void {
    this.#stream = undefined;
    this.#byId.clear();
    this.#then(() => this.#execution.clearOutput());
  }

  /** Resolves when the editor has what was shown; nothing is taken after it. */
  async settled(): Promise<void> {
    this.#ended = true;
    await this.#last;
  }

  #write(name: StreamName, text: string): void {
    const item = name === "stdout" ? vscode.NotebookCellOutputItem.stdout(text) : vscode.NotebookCellOutputItem.stderr(text);
    if (this.#stream?.name === name) {
      const { output } = this.#stream;
      this.#then(() => this.#execution.appendOutputItems(item, output));
      return;
    }
    const output = new vscode.NotebookCellOutput([item]);
    this.append(output);
    this.#stream = { name, output };
  }

  /** In order; an output that the editor refuses does not hold up the next. */
  #then(step: () => Thenable<void>): void {
    this.#last = this.#last.then(step).catch(() => undefined);
  }
}

/** The editor shows the stack alone where there is one, so the stack begins with the sentence. */
export function errorOutput(name: string, message: string, stack: string): vscode.NotebookCellOutput {
  const error = new Error(message);
  error.name = name;
  error.stack = stack.includes(message) ? stack : `${name}: ${message}${stack === "" ? "" : `\n${stack}`}`;
  return new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.error(error)]);
}

function itemsOf(data: MimeBundle): vscode.NotebookCellOutputItem[] {
  return Object.entries(data).map(([mime, value]) => {
    if (typeof value !== "string") return vscode.NotebookCellOutputItem.json(value, mime);
    if (/^image\/(png|jpeg|gif|webp)$/.test(mime)) return new vscode.NotebookCellOutputItem(Buffer.from(value, "base64"), mime);
    return vscode.NotebookCellOutputItem.text(value, mime);
  });
}
