/** Questions about what a cell has shown, to the extension and through it to the notebook's kernel. */
import type { Look, Looked } from "../../core/domain/shown.ts";

/** What VS Code hands to a notebook renderer; without messaging nobody answers. */
export interface RendererContext {
  readonly postMessage?: (message: unknown) => void;
  readonly onDidReceiveMessage?: (listener: (message: unknown) => void) => unknown;
}

const ANSWER_WITHIN_MS = 65_000;

interface Waiting {
  readonly resolve: (looked: Looked) => void;
  readonly reject: (error: Error) => void;
}

export class Asker {
  readonly #context: RendererContext;
  /** Of this webview: another editor of the same notebook asks too. */
  readonly #name = crypto.randomUUID();
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(context: RendererContext) {
    this.#context = context;
    context.onDidReceiveMessage?.((message) => this.#take(message));
  }

  /** Fails with a sentence for people. */
  ask(look: Look): Promise<Looked> {
    const { postMessage } = this.#context;
    if (postMessage === undefined) return Promise.resolve({ what: "gone" });
    const ask = `${this.#name}-${++this.#count}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(ask)?.reject(new Error("The kernel does not answer: a cell computes without a pause.")), ANSWER_WITHIN_MS);
      const settled =
        <T>(act: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          act(value);
        };
      this.#waiting.set(ask, { resolve: settled(resolve), reject: settled(reject) });
      postMessage({ ask, look });
    });
  }

  #settle(ask: string): Waiting | undefined {
    const waiting = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    return waiting;
  }

  #take(message: unknown): void {
    const { ask, looked, failure } = message as { readonly ask?: unknown; readonly looked?: Looked; readonly failure?: unknown };
    if (typeof ask !== "string") return;
    const waiting = this.#settle(ask);
    if (looked !== undefined) waiting?.resolve(looked);
    else waiting?.reject(new Error(typeof failure === "string" ? failure : "The kernel did not answer."));
  }
}
