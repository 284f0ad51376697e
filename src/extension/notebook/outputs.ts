/** A cell's outputs as they come: streams grow, displays stay, a display shown again under its id takes the old one's place. */
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import type { MimeBundle, Output } from "../../kernel/protocol.ts";

type StreamName = "stdout" | "stderr";

/** What comes after a cell's end is gathered so long; longer where it goes on and on, since the cell runs for a moment each time. */
const LATE_MS = 100;
const AGAIN_MS = 1000;
const POLL_MS = 50;
const ENDED_WITHIN_MS = 10_000;
/** What waits for the next one; the newest is kept. */
const MAX_LATE = 1000;

export class CellOutputs {
  #execution: vscode.NotebookCellExecution;
  readonly #byId = new Map<string, vscode.NotebookCellOutput>();
  #stream: { readonly name: StreamName; readonly output: vscode.NotebookCellOutput } | undefined;
  #last: Promise<void> = Promise.resolve();
  #ended = false;
  #isGone = false;
  readonly #startTime = Date.now();
  #reopen: (() => { readonly again: vscode.NotebookCellExecution; readonly close: () => void }) | undefined;
  #late: Output[] = [];
  #timer: NodeJS.Timeout | undefined;
  #addedAt = 0;
  #adding: Promise<void> = Promise.resolve();

  constructor(execution: vscode.NotebookCellExecution) {
    this.#execution = execution;
  }

  /** After the cell's end too: what its timers print, what a later cell updates. */
  show(output: Output): void {
    if (!this.#ended) {
      this.#take(output);
      return;
    }
    if (this.#isGone) return;
    this.#late.push(output);
    if (this.#late.length > MAX_LATE) this.#late.shift();
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#adding = this.#adding.then(() => this.#addLate()).catch(() => undefined); // a cell that is no more takes nothing
      },
      Date.now() - this.#addedAt < 2 * AGAIN_MS ? AGAIN_MS : LATE_MS,
    );
  }

  #take(output: Output): void {
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

  /** Ends the cell when the editor has what was shown; `reopen` opens it again for what comes later. */
  async end(success: boolean, reopen: () => vscode.NotebookCellExecution): Promise<void> {
    this.#ended = true;
    await this.#last;
    const { executionOrder } = this.#execution;
    const endTime = Date.now();
    this.#execution.end(success, endTime);
    this.#reopen = () => {
      const again = reopen();
      again.executionOrder = executionOrder;
      again.start(this.#startTime);
      return { again, close: () => again.end(success, endTime) };
    };
  }

  /** The cell runs again, or is no more: nothing is taken any longer. */
  async release(): Promise<void> {
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#late = [];
    await this.#adding;
  }

  /** VS Code takes outputs of running cells only: the cell runs for a moment, and is then as it was. */
  async #addLate(): Promise<void> {
    await this.#hasEnded();
    const late = this.#late;
    this.#late = [];
    if (this.#isGone || this.#reopen === undefined) return;
    const { again, close } = this.#reopen();
    this.#execution = again;
    try {
      for (const output of late) this.#take(output);
      await this.#last;
    } finally {
      close();
      this.#addedAt = Date.now();
    }
  }

  /** The editor learns of a cell's end a moment after we told it; opened before that, the cell would end at once. */
  async #hasEnded(): Promise<void> {
    const deadline = Date.now() + ENDED_WITHIN_MS;
    const isOpen = (): boolean => this.#reopen === undefined || this.#execution.cell.executionSummary?.success === undefined;
    while (isOpen() && !this.#isGone && Date.now() < deadline) await sleep(POLL_MS);
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
