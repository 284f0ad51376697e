/** Long work of `desk` in a cell: awaited for its result, or iterated for its progress; leaving the loop early stops it and keeps what is done. */
import type { DeskCall } from "./deskProtocol.ts";
import type { Running, RunningProgress } from "./deskTypes.d.ts";

type Call = (name: DeskCall["name"], args: readonly unknown[], site: Error) => Promise<unknown>;

const ignore = (): void => undefined;

/** Starts it as soon as `spec` is there. */
export function runningWork<T extends { readonly run: number; readonly combinations: number }>(
  call: Call,
  name: "sweep" | "walkForward",
  spec: Promise<unknown>,
  site: Error,
): Running<T> {
  const ticket = crypto.randomUUID();
  const result = spec.then((given) => call(name, [given, ticket], site)) as Promise<T>;
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  result.then(over, over);

  const asked = spec.then(ignore, ignore); // before it there is nothing to tell of or to stop
  const stop = async (): Promise<T> => {
    await asked;
    if (!isOver) await call("stop", [ticket], site);
    return await result;
  };
  async function* progress(): AsyncGenerator<RunningProgress<T>, void> {
    let seen = -1;
    try {
      await asked;
      for (;;) {
        // Its failure ends the loop, as a failed await would.
        const now = (await Promise.race([call("progress", [ticket, seen], site), result.then(() => null)])) as RunningProgress<T> | null;
        if (now === null) break;
        seen = now.done;
        if (now.combinations > 0) yield now;
      }
      const done = await result;
      yield { done: done.run, combinations: done.combinations, result: done };
    } finally {
      if (!isOver) await stop();
    }
  }
  return Object.assign(result, { stop, [Symbol.asyncIterator]: progress });
}
