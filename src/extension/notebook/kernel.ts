/** One notebook's kernel: started at its first cell, restarted and interrupted by the person, closed with the notebook. */
import * as vscode from "vscode";
import type { DeskHandlers, Kernel } from "../../kernel/host.ts";
import type { Session } from "../../core/session.ts";
import type { CellOutcome, Output } from "../../kernel/protocol.ts";
import type { Desk } from "../desk.ts";
import { userSettings } from "../settings.ts";
import { askInBox } from "./ask.ts";

const START_WITHIN_MS = 30_000;

export class NotebookKernel {
  readonly #folder: string;
  readonly #notebook: string;
  readonly #desk: Desk;
  readonly #onDeath: (reason: string) => void;
  #starting: Promise<Kernel> | undefined;
  #queue = new AbortController();
  #closed = false;

  /** `notebook`: its path; orders of its cells carry it, so that equal cell ids of two notebooks are not taken for one. */
  constructor(folder: string, notebook: string, desk: Desk, onDeath: (reason: string) => void) {
    this.#folder = folder;
    this.#notebook = notebook;
    this.#desk = desk;
    this.#onDeath = onDeath;
  }

  /** Aborts when the person interrupts: what waits in the queue then never starts. */
  get queueSignal(): AbortSignal {
    return this.#queue.signal;
  }

  /** The kernel, if a cell has started it. */
  get started(): Promise<Kernel> | undefined {
    return this.#starting;
  }

  async execute(code: string, cellId: string, onOutput: (output: Output) => void, signal: AbortSignal): Promise<CellOutcome> {
    const kernel = await this.#kernel();
    return kernel.execute(code, { cellId, onOutput, signal, runsDespiteTypeErrors: settingOf("kernel.typeErrors") === "show" });
  }

  async interrupt(): Promise<void> {
    const stop = this.#queue;
    this.#queue = new AbortController();
    stop.abort();
    const kernel = await this.#starting;
    await kernel?.interrupt();
  }

  async restart(): Promise<void> {
    const stop = this.#queue;
    this.#queue = new AbortController();
    stop.abort();
    const kernel = await this.#starting;
    await kernel?.restart();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.abort();
    const kernel = await this.#starting?.catch(() => undefined);
    await kernel?.close();
  }

  #kernel(): Promise<Kernel> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined; // the next cell may try again
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<Kernel> {
    const { startKernel } = await import("../../kernel/host.ts");
    const kernel = await startKernel(
      {
        folder: this.#folder,
        desk: deskOf(this.#desk, { notebook: this.#notebook, folder: this.#folder }),
        input: askInBox,
        warmSpare: true,
        log: this.#desk.log,
        keepsShown: true,
        isRestricted: settingOf("kernel.restricted") === true,
      },
      AbortSignal.timeout(START_WITHIN_MS),
    );
    kernel.onDeath((reason) => {
      if (!this.#closed) this.#onDeath(reason);
    });
    return kernel;
  }
}

/** What the person set; undefined where the default holds. */
function settingOf(key: "kernel.typeErrors" | "kernel.restricted"): unknown {
  return userSettings(vscode.workspace.workspaceFolders?.[0]?.uri).find((setting) => setting.key === key)?.value;
}

/** `desk` of the cells: always the session that the window has now. */
function deskOf(desk: Desk, options: { readonly notebook: string; readonly folder: string }): DeskHandlers {
  let bound: { readonly session: Session; readonly handlers: DeskHandlers } | undefined;
  return {
    async call(name, args, caller, signal) {
      const session = await desk.session();
      if (bound?.session !== session) {
        const { createDeskHandlers } = await import("../../kernel/deskHandlers.ts");
        bound = { session, handlers: createDeskHandlers(session, options) };
      }
      return bound.handlers.call(name, args, caller, signal);
    },
  };
}
