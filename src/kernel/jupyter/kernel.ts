/**
 * jupyter: the kernel as Jupyter's clients know it. Requests come by ZeroMQ, cells run one after the other, what they
 * show is published with the request that they belong to. Imports base. Is given: the sockets' sending ends and a kernel
 * on its way. Knows nothing of trading.
 */
import { sha256 } from "../../core/base/canonical.ts";
import { badInput, TradingError } from "../../core/base/errors.ts";
import { cellFailure, type CellFailure } from "../cellFailure.ts";
import type { CellOutcome, CellQuestion, Kernel, MimeBundle, Output } from "../host.ts";
import { completenessOf } from "./completeness.ts";
import { History } from "./history.ts";
import type { Header, Message } from "./message.ts";
import { codePointOffset, nameStart, utf16Offset } from "./positions.ts";

export type RequestChannel = "shell" | "control" | "stdin";

export interface JupyterKernelOptions {
  readonly kernel: Promise<Kernel>;
  readonly info: object;
  readonly reply: (channel: RequestChannel, to: Message, type: string, content: object) => void;
  readonly publish: (type: string, content: object, parent: Header | null) => void;
  /** Asks the front end of `asker` on stdin. */
  readonly ask: (asker: Message, content: { readonly prompt: string; readonly password: boolean }) => void;
  /** After the reply to a shutdown_request. */
  readonly onShutdown: () => void;
}

interface Waiting {
  readonly message: Message;
  readonly channel: RequestChannel;
}

/** Somebody who was asked; only their own session may answer. */
interface Question {
  readonly asker: Message;
  readonly take: (text: string) => void;
}

type Content = Readonly<Record<string, unknown>>;

/** Cells that may wait for their turn; more are refused. */
const MAX_WAITING = 1000;
const MAX_EXPRESSIONS = 50;
/** Requests whose cells may still show something, or ask. */
const MAX_ASKERS = 1000;

export class JupyterKernel {
  readonly #options: JupyterKernelOptions;
  readonly #history = new History();
  readonly #life = new AbortController();
  readonly #waiting: Waiting[] = [];
  /** By cell id: who is asked when the cell calls input(). */
  readonly #askers = new Map<string, Message>();
  readonly #questions: Question[] = [];
  #isRunning = false;
  /** The request whose cell runs now. */
  #running: Header | undefined;
  #count = 0;

  constructor(options: JupyterKernelOptions) {
    this.#options = options;
    options.publish("status", { execution_state: "starting" }, null);
  }

  take(channel: RequestChannel, message: Message): void {
    if (channel === "stdin") {
      if (message.header.msg_type === "input_reply") this.#answered(message);
      return;
    }
    if (message.header.msg_type === "execute_request") {
      if (this.#waiting.length >= MAX_WAITING) this.#refuse({ message, channel }, "QueueFull", `More than ${MAX_WAITING} cells wait already.`);
      else this.#waiting.push({ message, channel });
      void this.#runWaiting();
      return;
    }
    void this.#answer(channel, message);
  }

  /** Stops the running cell, or where none runs what cells left; those that wait behind it are dropped as after an error. */
  async interrupt(): Promise<void> {
    try {
      await (await this.#options.kernel).interrupt();
    } catch (error) {
      const { message, hint } = TradingError.from(error, "failed");
      this.#options.publish("stream", { name: "stderr", text: `${message} ${hint ?? ""}\n` }, null);
    }
  }

  close(): void {
    this.#life.abort(new TradingError("closed", "The kernel was closed.", { kind: "interrupted" }));
    this.#waiting.length = 0;
  }

  /** For `input` of the kernel: the front end that ran the cell is asked, if it said that somebody is there. */
  async input(question: CellQuestion, signal: AbortSignal): Promise<string> {
    const asker = this.#askers.get(question.cellId);
    if (asker?.content["allow_stdin"] !== true)
      throw badInput("no-input", "input() has nobody to ask: this client takes no questions.", "Write the value into the cell.");
    return await new Promise<string>((resolve, reject) => {
      const take = (text: string): void => {
        signal.removeEventListener("abort", giveUp);
        resolve(text);
      };
      const giveUp = (): void => {
        const index = this.#questions.findIndex((open) => open.take === take);
        if (index >= 0) this.#questions.splice(index, 1);
        reject(TradingError.from(signal.reason, "interrupted"));
      };
      if (signal.aborted) {
        giveUp();
        return;
      }
      signal.addEventListener("abort", giveUp, { once: true });
      this.#questions.push({ asker, take });
      this.#options.ask(asker, { prompt: question.prompt, password: question.password });
    });
  }

  #answered({ header, content }: Message): void {
    const index = this.#questions.findIndex(({ asker }) => asker.header.session === header.session);
    if (index >= 0) this.#questions.splice(index, 1)[0]?.take(textOf(content["value"]));
  }

  // ---- everything but cells ----------------------------------------------------------------------------------------

  async #answer(channel: RequestChannel, message: Message): Promise<void> {
    const { reply, publish } = this.#options;
    const { header, content } = message;
    publish("status", { execution_state: "busy" }, header);
    try {
      const answered = await this.#contentFor(header, content);
      if (answered !== undefined) reply(channel, message, header.msg_type.replace(/_request$/, "_reply"), { status: "ok", ...answered });
    } catch (error) {
      const { message: evalue } = TradingError.from(error, "failed");
      reply(channel, message, header.msg_type.replace(/_request$/, "_reply"), { status: "error", ename: "Error", evalue, traceback: [evalue] });
    }
    // The other clients of this kernel learn of its end there.
    if (header.msg_type === "shutdown_request") publish("shutdown_reply", { status: "ok", restart: content["restart"] === true }, header);
    publish("status", { execution_state: "idle" }, header);
    // Front ends show the state they heard last: while a cell runs, that is busy.
    if (this.#running !== undefined) publish("status", { execution_state: "busy" }, this.#running);
    if (header.msg_type === "shutdown_request") this.#options.onShutdown();
  }

  /** Undefined for what has no reply: comm messages, and whatever this protocol does not know. */
  async #contentFor(header: Header, content: Content): Promise<object | undefined> {
    switch (header.msg_type) {
      case "kernel_info_request":
        return this.#options.info;
      case "complete_request":
        return await this.#complete(textOf(content["code"]), Number(content["cursor_pos"] ?? Infinity));
      case "inspect_request":
        return await this.#inspect(textOf(content["code"]), Number(content["cursor_pos"] ?? Infinity));
      case "is_complete_request":
        return completenessOf(textOf(content["code"]));
      case "history_request":
        return { history: this.#history.answer(content) };
      case "comm_info_request":
        return { comms: {} };
      case "comm_open": // there is no target to open
        this.#options.publish("comm_close", { comm_id: content["comm_id"], data: {} }, header);
        return undefined;
      case "interrupt_request":
        void this.interrupt();
        return {};
      case "shutdown_request":
        return { restart: content["restart"] === true };
      default:
        return undefined;
    }
  }

  async #complete(code: string, cursor: number): Promise<object> {
    const offset = utf16Offset(code, cursor);
    const start = nameStart(code, offset);
    const typed = code.slice(start, offset);
    const all = await (await this.#options.kernel).complete(code, offset, this.#life.signal);
    const names = [...new Set(all.map(({ name }) => name))];
    const exact = names.filter((name) => name.startsWith(typed));
    const matches = exact.length > 0 ? exact : names.filter((name) => name.toLowerCase().startsWith(typed.toLowerCase()));
    return { matches, cursor_start: codePointOffset(code, start), cursor_end: codePointOffset(code, offset), metadata: {} };
  }

  async #inspect(code: string, cursor: number): Promise<object> {
    const offset = utf16Offset(code, cursor);
    const kernel = await this.#options.kernel;
    const start = nameStart(code, offset);
    const at = start < offset ? start : offset;
    const found = await kernel.hover(code, at, this.#life.signal);
    if (found === null) return { found: false, data: {}, metadata: {} };
    const documentation = found.documentation === "" ? "" : `\n\n${found.documentation}`;
    const data = { "text/plain": `${found.type}${documentation}`, "text/markdown": `\`\`\`typescript\n${found.type}\n\`\`\`${documentation}` };
    return { found: true, data, metadata: {} };
  }

  // ---- cells -------------------------------------------------------------------------------------------------------

  async #runWaiting(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await this.#run(next);
    } finally {
      this.#isRunning = false;
    }
  }

  async #run({ message, channel }: Waiting): Promise<void> {
    const { reply, publish } = this.#options;
    const { header, content } = message;
    const code = textOf(content["code"]);
    const isSilent = content["silent"] === true;
    const isCounted = !isSilent && content["store_history"] !== false;
    const isStopper = content["stop_on_error"] !== false;
    publish("status", { execution_state: "busy" }, header);
    const count = isCounted ? ++this.#count : this.#count;
    if (!isSilent) publish("execute_input", { code, execution_count: count }, header);
    if (isCounted) this.#history.add(count, code);
    this.#running = header;
    const failure = await this.#execute(code, message, { count, isSilent });
    if (failure === undefined) {
      const user_expressions = await this.#evaluated(content["user_expressions"], message, count);
      reply(channel, message, "execute_reply", { status: "ok", execution_count: count, payload: [], user_expressions });
    } else {
      const error = errorContent(failure);
      if (!isSilent) publish("error", error, header);
      reply(channel, message, "execute_reply", { status: "error", execution_count: count, ...error, payload: [], user_expressions: {} });
    }
    this.#running = undefined;
    publish("status", { execution_state: "idle" }, header);
    if (failure !== undefined && isStopper) for (const waiting of this.#waiting.splice(0)) this.#refuse(waiting);
  }

  async #execute(code: string, message: Message, how: { readonly count: number; readonly isSilent: boolean }): Promise<CellFailure | undefined> {
    if (code.trim() === "") return undefined;
    const cellId = cellIdOf(message, code);
    this.#askers.delete(cellId);
    this.#askers.set(cellId, message);
    for (const oldest of this.#askers.keys()) {
      if (this.#askers.size <= MAX_ASKERS) break;
      this.#askers.delete(oldest);
    }
    try {
      const kernel = await this.#options.kernel;
      const outcome = await kernel.execute(code, {
        cellId,
        onOutput: (output) => this.#show(output, message.header, how),
        signal: this.#life.signal,
        executionCount: how.count,
      });
      if (outcome.status === "dead") return await this.#startAgain(kernel, outcome);
      return cellFailure(outcome);
    } catch (error) {
      const { message: why } = TradingError.from(error, "failed");
      return { code: "kernel-dead", name: "KernelDead", message: why, details: why };
    }
  }

  /** Its process is gone, with all variables; a fresh one takes its place, so that the client's next cell runs. */
  async #startAgain(kernel: Kernel, outcome: CellOutcome & { readonly status: "dead" }): Promise<CellFailure> {
    if (this.#life.signal.aborted) return { code: "closed", name: "KernelDead", message: outcome.reason, details: outcome.reason };
    await kernel.restart();
    const message = `${outcome.reason} The kernel was started again; its variables are gone.`;
    return { code: "kernel-dead", name: "KernelDead", message, details: message };
  }

  #show(output: Output, parent: Header, { count, isSilent }: { readonly count: number; readonly isSilent: boolean }): void {
    const { publish } = this.#options;
    if (isSilent) return; // what the protocol means by it: nothing on iopub but the states
    switch (output.kind) {
      case "stream":
        publish("stream", { name: output.stream, text: output.text }, parent);
        return;
      case "display": {
        if (!output.isResult) {
          publish("display_data", { data: output.data, metadata: {}, transient: output.id === undefined ? {} : { display_id: output.id } }, parent);
          return;
        }
        this.#history.shown(count, plainText(output.data));
        publish("execute_result", { execution_count: count, data: output.data, metadata: {} }, parent);
        return;
      }
      case "update":
        // Clients that run a notebook listen to the cell that runs, and find the display by its id.
        publish("update_display_data", { data: output.data, metadata: {}, transient: { display_id: output.id } }, this.#running ?? parent);
        return;
      case "clear":
        publish("clear_output", { wait: false }, parent);
        return;
      case "error":
        publish("error", { ename: output.error.name, evalue: output.error.message, traceback: output.error.stack.split("\n") }, parent);
        return;
    }
  }

  /** Expressions that the client wants the values of, beside the cell. */
  async #evaluated(expressions: unknown, message: Message, count: number): Promise<object> {
    if (typeof expressions !== "object" || expressions === null) return {};
    const values: Array<readonly [string, object]> = [];
    for (const [name, expression] of Object.entries(expressions).slice(0, MAX_EXPRESSIONS)) {
      let data: MimeBundle = { "text/plain": "undefined" };
      const kernel = await this.#options.kernel;
      const outcome = await kernel.execute(`(${String(expression)}\n)`, {
        cellId: cellIdOf(message, String(expression)),
        onOutput: (output) => {
          if (output.kind === "display" && output.isResult) data = output.data;
        },
        signal: this.#life.signal,
        executionCount: count,
      });
      const failure = cellFailure(outcome);
      values.push([name, failure === undefined ? { status: "ok", data, metadata: {} } : { status: "error", ...errorContent(failure) }]);
      if (outcome.status === "interrupted") break;
    }
    return Object.fromEntries(values);
  }

  #refuse({ message, channel }: Waiting, ename = "Aborted", evalue = "A cell before this one failed."): void {
    const { reply, publish } = this.#options;
    publish("status", { execution_state: "busy" }, message.header);
    const status = ename === "Aborted" ? { status: "aborted" } : { status: "error", traceback: [evalue] };
    reply(channel, message, "execute_reply", { ...status, ename, evalue, execution_count: this.#count, payload: [], user_expressions: {} });
    publish("status", { execution_state: "idle" }, message.header);
  }
}

function errorContent(failure: CellFailure): { readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] } {
  return { ename: failure.name, evalue: failure.message, traceback: failure.details.split("\n") };
}

/** What the front end calls the cell, or else its text: orders carry it, so that a cell that runs again places none twice. */
function cellIdOf(message: Message, code: string): string {
  const { cellId } = message.metadata;
  return typeof cellId === "string" && cellId !== "" ? cellId : sha256(code).slice(0, 16);
}

function plainText(data: MimeBundle): string {
  return typeof data["text/plain"] === "string" ? data["text/plain"] : "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
