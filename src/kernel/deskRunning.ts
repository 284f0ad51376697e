/** Long work of `desk` in a cell: awaited for its result, or iterated for its progress; leaving the loop early stops it and keeps what is done. */
import type { DeskCall } from "./deskProtocol.ts";
import type { Running, RunningProgress } from "./deskTypes.d.ts";

type Call = (name: DeskCall["name"], args: readonly unknown[], site: Error) => Promise<unknown>;

export class RunningWork<T extends { readonly run: number; readonly combinations: number }> implements Running<T> {
  readonly #call: Call;
  readonly #site: Error;
  readonly #ticket = crypto.randomUUID();
  readonly #result: Promise<T>;
  #isOver = false;

  constructor(call: Call, name: "sweep" | "walkForward", spec: unknown, site: Error) {
    this.#call = call;
    this.#site = site;
    this.#result = call(name, [spec, this.#ticket], site) as Promise<T>;
    this.#result.then(
      () => (this.#isOver = true),
      () => (this.#isOver = true),
    );
  }

  // biome-ignore lint/suspicious/noThenProperty: `await desk.sweep(…)` is the result.
  // oxlint-disable-next-line unicorn/no-thenable -- the same
  then<A = T, B = never>(done?: ((value: T) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.#result.then(done, failed);
  }

  async stop(): Promise<T> {
    if (!this.#isOver) await this.#call("stop", [this.#ticket], this.#site);
    return await this.#result;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunningProgress<T>, void> {
    let seen = -1;
    try {
      for (;;) {
        // Its failure ends the loop, as a failed await would.
        const progress = (await Promise.race([
          this.#call("progress", [this.#ticket, seen], this.#site),
          this.#result.then(() => null),
        ])) as RunningProgress<T> | null;
        if (progress === null) break;
        seen = progress.done;
        if (progress.combinations > 0) yield progress;
      }
      const result = await this.#result;
      yield { done: result.run, combinations: result.combinations, result };
    } finally {
      if (!this.#isOver) await this.stop();
    }
  }
}
