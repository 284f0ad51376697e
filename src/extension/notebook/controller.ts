/** The notebook controller: cells of .ipynb files run in one kernel process per notebook, with `desk` bound to this window's session. */
import { dirname } from "node:path";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import type { Kernel } from "../../kernel/host.ts";
import type { Desk } from "../desk.ts";
import { CONTROLLER_ID } from "../manifest.ts";
import { runCell } from "./cell.ts";
import { CellCosts } from "./costs.ts";
import { NotebookKernel } from "./kernel.ts";
import { registerCellLanguage } from "./language.ts";
import { answerLooks } from "./looks.ts";
import { NOTEBOOK_TYPE, notebookDefaults, notebookOf } from "./notebookFile.ts";
import { CellOutputs } from "./outputs.ts";
import { ProblemsWhileTyping } from "./typing.ts";
import { VariablesView } from "./variables.ts";

export class NotebookKernels implements vscode.Disposable {
  readonly #desk: Desk;
  readonly #controller: vscode.NotebookController;
  readonly #problems: vscode.DiagnosticCollection;
  readonly #kernels = new Map<string, NotebookKernel>();
  /** An interrupt is under way. */
  readonly #stopping = new Set<NotebookKernel>();
  readonly #variables: VariablesView;
  readonly #costs = new CellCosts();
  /** Of each cell's newest run. */
  readonly #outputs = new WeakMap<vscode.NotebookCell, CellOutputs>();
  readonly #subscriptions: vscode.Disposable[];

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#problems = vscode.languages.createDiagnosticCollection("quantdesk");
    this.#controller = vscode.notebooks.createNotebookController(CONTROLLER_ID, NOTEBOOK_TYPE, "Quantdesk TypeScript");
    this.#controller.supportedLanguages = ["typescript"];
    this.#controller.supportsExecutionOrder = true;
    this.#controller.description = "TypeScript cells with `desk`";
    this.#controller.executeHandler = (cells, notebook) => this.#execute(cells, notebook);
    this.#controller.interruptHandler = (notebook) => this.#interrupt(notebook);
    const prefer = (notebook: vscode.NotebookDocument) => {
      if (notebookDefaults(notebook).isOurs) this.#controller.updateNotebookAffinity(notebook, vscode.NotebookControllerAffinity.Preferred);
    };
    for (const notebook of vscode.workspace.notebookDocuments) prefer(notebook);
    this.#variables = new VariablesView((notebook) => this.#kernels.get(notebook.uri.toString())?.started);
    this.#subscriptions = [
      this.#controller,
      this.#variables,
      this.#costs,
      this.#problems,
      ...registerCellLanguage((document) => this.#startedFor(document)),
      answerLooks((notebook) => this.#kernels.get(notebook.uri.toString())?.started),
      new ProblemsWhileTyping((document) => this.#startedFor(document), this.#problems),
      vscode.workspace.onDidOpenNotebookDocument(prefer),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => this.#close(notebook)),
    ];
  }

  /** A fresh process for the notebook; false when it has none yet. */
  async restart(notebook: vscode.Uri | undefined): Promise<boolean> {
    const kernel = notebook === undefined ? undefined : this.#kernels.get(notebook.toString());
    if (kernel === undefined) return false;
    await kernel.restart();
    this.#problems.clear();
    this.#variables.refresh();
    return true;
  }

  dispose(): void {
    for (const part of this.#subscriptions) part.dispose();
    for (const key of [...this.#kernels.keys()]) this.#end(key);
  }

  /** Cells that were asked for together run in order; after one that fails the rest are left alone, as Jupyter does. */
  async #execute(cells: readonly vscode.NotebookCell[], notebook: vscode.NotebookDocument): Promise<void> {
    await Promise.all(cells.map((cell) => this.#outputs.get(cell)?.release()));
    const executions = cells.map((cell) => this.#controller.createNotebookCellExecution(cell));
    const kernel = this.#kernelOf(notebook);
    const signal = kernel.queueSignal;
    let goOn = vscode.workspace.isTrusted;
    if (!goOn) this.#say(new TradingError("restricted", "Cells wait until you trust this folder.", { kind: "refused" }));
    for (const execution of executions) {
      if (!goOn || signal.aborted) {
        execution.start();
        execution.end(undefined);
        continue;
      }
      this.#problems.delete(execution.cell.document.uri);
      const { cell } = execution;
      const outputs = new CellOutputs(execution);
      this.#outputs.set(cell, outputs);
      const reopen = (): vscode.NotebookCellExecution => this.#controller.createNotebookCellExecution(cell);
      goOn = await runCell(execution, kernel, { problems: this.#problems, costs: this.#costs, outputs, reopen }, signal);
      this.#variables.refresh();
    }
  }

  async #interrupt(notebook: vscode.NotebookDocument): Promise<void> {
    const kernel = this.#kernels.get(notebook.uri.toString());
    if (kernel === undefined) return;
    const isSecondPress = this.#stopping.has(kernel);
    this.#stopping.add(kernel);
    try {
      if (isSecondPress) this.#say(new TradingError("still-stopping", "The cell has not stopped yet."), "Restart Kernel", () => this.restart(notebook.uri));
      else await kernel.interrupt();
    } catch (error) {
      this.#say(TradingError.from(error, "not-interrupted"), "Restart Kernel", () => this.restart(notebook.uri));
    } finally {
      if (!isSecondPress) this.#stopping.delete(kernel);
    }
  }

  #kernelOf(notebook: vscode.NotebookDocument): NotebookKernel {
    const key = notebook.uri.toString();
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;
    const folder = notebook.uri.scheme === "file" ? dirname(notebook.uri.fsPath) : (this.#desk.folder ?? homedir());
    const kernel = new NotebookKernel(folder, notebook.uri.scheme === "file" ? notebook.uri.fsPath : notebook.uri.toString(), this.#desk, (reason) =>
      this.#say(new TradingError("kernel-dead", reason), "Restart Kernel", () => this.restart(notebook.uri)),
    );
    this.#kernels.set(key, kernel);
    return kernel;
  }

  #startedFor(document: vscode.TextDocument): Promise<Kernel> | undefined {
    const notebook = notebookOf(document);
    return notebook === undefined ? undefined : this.#kernels.get(notebook.uri.toString())?.started;
  }

  #close(notebook: vscode.NotebookDocument): void {
    for (const cell of notebook.getCells()) {
      this.#problems.delete(cell.document.uri);
      void this.#outputs.get(cell)?.release();
    }
    this.#end(notebook.uri.toString());
  }

  #end(key: string): void {
    const kernel = this.#kernels.get(key);
    this.#kernels.delete(key);
    this.#variables.refresh();
    kernel?.close().catch((error: unknown) => this.#desk.log.warn(`A kernel did not close cleanly: ${String(error)}`));
  }

  #say(failure: TradingError, button = "Open Log", action: () => unknown = () => vscode.commands.executeCommand("quantdesk.openLog")): void {
    this.#desk.log.warn(failure.message);
    vscode.window.showWarningMessage(failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`, button).then(
      (choice) => (choice === undefined ? undefined : action()),
      (error: unknown) => this.#desk.log.warn(String(error)),
    );
  }
}
