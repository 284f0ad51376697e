/**
 * Runs a notebook without an editor: its code cells in order, up to the first that fails. With `out` the notebook and its
 * outputs are written there, whole; without it nothing is written, and outputs go to `onText` as plain text.
 */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Log } from "../core/base/log.ts";
import { Scope } from "../core/base/scope.ts";
import type { Session } from "../core/session.ts";
import { cellFailure, type CellFailure } from "./cellFailure.ts";
import { failureReport, placeIn } from "./cellReport.ts";
import { createDeskHandlers } from "./deskHandlers.ts";
import { startKernel, type Kernel, type Output } from "./host.ts";
import {
  bundleData,
  linesOf,
  readNotebook,
  sourceOf,
  typesIn,
  writeNotebook,
  type NotebookCell,
  type NotebookDocument,
  type NotebookOutput,
} from "./notebookFile.ts";

export interface RunNotebookOptions {
  /** Where the notebook with its outputs goes. */
  readonly out?: string;
  /** For the whole notebook. */
  readonly timeoutMs: number;
  readonly session: Session;
  readonly log: Log;
  /** What the cells show, as text for people. */
  readonly onText?: (text: string) => void;
}

export interface RunCell {
  /** Position in the notebook, from 0, markdown counted. */
  readonly index: number;
  readonly status: "ok" | "error" | "type-error" | "interrupted" | "dead" | "timeout" | "not-run";
  readonly durationMs: number;
  /** `line` and `column` in the cell, from 1, where they are known. */
  readonly error?: { readonly code: string; readonly message: string; readonly line?: number; readonly column?: number };
}

export interface RunResult {
  readonly schema: "quantdesk.run/1";
  readonly notebook: string;
  readonly cells: readonly RunCell[];
  readonly ok: boolean;
  readonly durationMs: number;
}

export async function runNotebook(file: string, options: RunNotebookOptions, signal: AbortSignal): Promise<RunResult> {
  const path = resolve(file);
  const notebook = await readNotebook(path);
  const started = performance.now();
  const scope = new Scope({ name: `Running ${basename(path)}`, deadlineMs: options.timeoutMs, signal });
  try {
    const folder = dirname(path);
    await stat(folder);
    const kernel = await startKernel(
      {
        folder,
        log: options.log,
        desk: createDeskHandlers(options.session, { notebook: path, folder }),
        isRestricted: options.session.config["kernel.restricted"],
      },
      scope.signal,
    );
    scope.onClose(() => kernel.close());
    const cells: RunCell[] = [];
    let number = 0;
    /** As they are when all have run: a later cell may update what an earlier one shows. */
    const written: Array<() => NotebookCell> = [];
    for (const [index, cell] of notebook.cells.entries()) {
      if (cell.cell_type !== "code") {
        written.push(() => cell);
        continue;
      }
      const failed = cells.some((ran) => ran.status !== "ok");
      if (failed || sourceOf(cell).trim() === "") {
        cells.push({ index, status: failed ? "not-run" : "ok", durationMs: 0 });
        written.push(() => ({ ...cell, execution_count: null, outputs: [] }));
        continue;
      }
      const ran = await runCell(kernel, cell, { index, number: ++number, metadata: notebook.metadata }, options, scope.signal);
      cells.push(ran.result);
      written.push(() => ({ ...cell, execution_count: ran.executionCount, outputs: ran.outputs() }));
    }
    // A run that a person stopped writes nothing; one that ran out of time shows how far it came.
    if (options.out !== undefined && !signal.aborted) await writeNotebook(resolve(options.out), { ...notebook, cells: written.map((cell) => cell()) });
    signal.throwIfAborted();
    return {
      schema: "quantdesk.run/1",
      notebook: file,
      cells,
      ok: cells.every((cell) => cell.status === "ok"),
      durationMs: Math.round(performance.now() - started),
    };
  } finally {
    await scope.close();
  }
}

interface RanCell {
  readonly result: RunCell;
  readonly executionCount: number | null;
  readonly outputs: () => readonly NotebookOutput[];
}

async function runCell(
  kernel: Kernel,
  cell: NotebookCell,
  { index, number, metadata }: { readonly index: number; readonly number: number; readonly metadata: NotebookDocument["metadata"] },
  options: RunNotebookOptions,
  signal: AbortSignal,
): Promise<RanCell> {
  const onText = options.onText ?? (() => undefined);
  const collected = new CellOutputs(onText);
  const started = performance.now();
  const types = typesIn(metadata);
  const outcome = await kernel.execute(sourceOf(cell), {
    cellId: cell.id ?? String(index),
    onOutput: (output) => collected.add(output),
    signal,
    runsDespiteTypeErrors: types === "lax" || options.session.config["kernel.typeErrors"] === "show",
    ignoresTypes: types === "none",
  });
  collected.settle();
  const durationMs = Math.round(performance.now() - started);
  const isTimeout = outcome.status === "interrupted" && signal.aborted && (signal.reason as { code?: unknown } | undefined)?.code === "timeout";
  const failure = isTimeout ? timedOut(options.timeoutMs) : cellFailure(outcome);
  if (failure !== undefined) {
    collected.keepFailure(failure);
    onText(failureReport(number, sourceOf(cell), outcome, failure));
  }
  const executionCount = outcome.status === "ok" || outcome.status === "error" || outcome.status === "interrupted" ? outcome.executionCount : null;
  const place = placeIn(outcome);
  return {
    result: {
      index,
      status: isTimeout ? "timeout" : outcome.status,
      durationMs,
      ...(failure === undefined
        ? {}
        : { error: { code: failure.code, message: failure.message, ...(place === undefined ? {} : { line: place.line, column: place.column }) } }),
    },
    executionCount,
    outputs: () => collected.outputs(executionCount),
  };
}

function timedOut(timeoutMs: number): CellFailure {
  const message = `timeout after ${timeoutMs / 1000}s`;
  return { code: "timeout", name: "Timeout", message, details: `The notebook's time was over: ${message}.` };
}

type Kept =
  | { readonly kind: "stream"; readonly stream: "stdout" | "stderr"; text: string }
  | { readonly kind: "shown"; data: Record<string, unknown>; readonly id: string | undefined; readonly isResult: boolean }
  | { readonly kind: "error"; readonly failure: CellFailure };

/** Of a display that goes on changing, people read one line in each of these spans, and the last. */
const READ_MS = 5000;

/** A cell's outputs as the file keeps them, and as text while they come. */
class CellOutputs {
  readonly #kept: Kept[] = [];
  readonly #onText: (text: string) => void;
  /** By display: when it was last told, and what was not. */
  readonly #told = new Map<string, { at: number; untold: string | undefined }>();
  #isOver = false;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  add(output: Output): void {
    switch (output.kind) {
      case "stream": {
        const last = this.#kept.at(-1);
        if (last?.kind === "stream" && last.stream === output.stream) last.text += output.text;
        else this.#kept.push({ kind: "stream", stream: output.stream, text: output.text });
        this.#onText(output.text);
        return;
      }
      case "display":
        this.#kept.push({ kind: "shown", data: bundleData(output.data), id: output.id, isResult: output.isResult });
        if (output.id !== undefined) this.#told.set(output.id, { at: performance.now(), untold: undefined });
        this.#onText(`${plainText(output.data)}\n`);
        return;
      case "update":
        for (const kept of this.#kept) if (kept.kind === "shown" && kept.id === output.id) kept.data = bundleData(output.data);
        this.#tell(output.id, `${plainText(output.data)}\n`);
        return;
      case "clear":
        this.#kept.length = 0;
        return;
      case "error":
        this.keepFailure({ code: "late-error", name: output.error.name, message: output.error.message, details: output.error.stack });
        this.#onText(`${output.error.stack}\n`);
        return;
    }
  }

  /** The cell has ended. */
  settle(): void {
    this.#isOver = true;
    for (const { untold } of this.#told.values()) if (untold !== undefined) this.#onText(untold);
    this.#told.clear();
  }

  #tell(id: string, text: string): void {
    const told = this.#told.get(id);
    if (this.#isOver || told === undefined || performance.now() - told.at >= READ_MS) {
      this.#onText(text);
      if (!this.#isOver) this.#told.set(id, { at: performance.now(), untold: undefined });
    } else told.untold = text;
  }

  keepFailure(failure: CellFailure): void {
    this.#kept.push({ kind: "error", failure });
  }

  outputs(executionCount: number | null): NotebookOutput[] {
    return this.#kept.map((kept): NotebookOutput => {
      switch (kept.kind) {
        case "stream":
          return { output_type: "stream", name: kept.stream, text: linesOf(kept.text) };
        case "shown":
          // A cell has at most one result in the format; ours may draw several outputs.
          return kept.isResult && executionCount !== null && kept === this.#kept.findLast((k) => k.kind === "shown" && k.isResult)
            ? { output_type: "execute_result", execution_count: executionCount, data: kept.data, metadata: {} }
            : { output_type: "display_data", data: kept.data, metadata: {} };
        case "error":
          return { output_type: "error", ename: kept.failure.name, evalue: kept.failure.message, traceback: kept.failure.details.split("\n") };
      }
    });
  }
}

function plainText(data: Readonly<Record<string, unknown>>): string {
  return typeof data["text/plain"] === "string" ? data["text/plain"] : "[output]";
}
