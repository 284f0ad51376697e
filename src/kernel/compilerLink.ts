/**
 * JSON-RPC with the compiler's process over its pipes. The API's own client waits for a turn of the loop before each
 * message and writes head and body apart; this one does neither, which takes a fifth off the check of a small cell.
 */
import type { ChildProcess } from "node:child_process";
import { TradingError } from "../core/base/errors.ts";

/** Answers what the compiler asks while it works: for the virtual files. */
export type Answers = Readonly<Record<string, (argument: string) => unknown>>;

type Message = {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown };
};

const HEAD_END = Buffer.from("\r\n\r\n");

/** Has the shape that the API's client expects of its connection. */
export class CompilerLink {
  readonly #process: ChildProcess;
  readonly #answers: Answers;
  readonly #pending = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  #asked = 0;
  /** What has come of messages that are not whole yet, and how long that has to be before another look. */
  #parts: Buffer[] = [];
  #length = 0;
  #wanted = 0;
  #isClosed = false;

  constructor(process: ChildProcess, answers: Answers) {
    this.#process = process;
    this.#answers = answers;
    // A question under way when the compiler is closed, by a restart say, is written to a pipe that is gone.
    process.stdin?.on("error", () => undefined);
    process.stdout?.on("data", (data: Buffer) => this.#take(data));
  }

  async sendRequest({ method }: { readonly method: string }, params: unknown): Promise<unknown> {
    if (this.#isClosed) throw closed();
    const id = ++this.#asked;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#send({ jsonrpc: "2.0", id, method, params });
    return await answer;
  }

  /** What is asked at this moment is refused. */
  dispose(): void {
    this.#isClosed = true;
    for (const { reject } of this.#pending.values()) reject(closed());
    this.#pending.clear();
  }

  #send(message: object): void {
    const body = JSON.stringify(message);
    this.#process.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #take(data: Buffer): void {
    this.#parts.push(data);
    this.#length += data.length;
    if (this.#length < this.#wanted) return;
    const all = this.#parts.length === 1 ? data : Buffer.concat(this.#parts);
    let at = 0;
    this.#wanted = 0;
    for (;;) {
      const headEnd = all.indexOf(HEAD_END, at);
      if (headEnd < 0) break;
      const start = headEnd + HEAD_END.length;
      const end = start + Number(/Content-Length: *(\d+)/i.exec(all.toString("latin1", at, headEnd))?.[1]);
      if (!(end <= all.length)) {
        this.#wanted = end - at;
        break;
      }
      at = end;
      this.#receive(JSON.parse(all.toString("utf8", start, end)) as Message);
    }
    this.#parts = at === all.length ? [] : [all.subarray(at)];
    this.#length = all.length - at;
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (method !== undefined) {
      if (id === undefined || id === null || this.#isClosed) return;
      const answer = this.#answers[method]?.(String(params)) ?? null;
      this.#send({ jsonrpc: "2.0", id, result: answer });
      return;
    }
    const open = this.#pending.get(Number(id));
    this.#pending.delete(Number(id));
    if (error === undefined || error === null) open?.resolve(result);
    else open?.reject(new Error(String(error.message)));
  }
}

function closed(): TradingError {
  return new TradingError("checker-closed", "The type checker was closed.", { kind: "interrupted" });
}
