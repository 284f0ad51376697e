/**
 * Long work of `desk` in a cell: awaited for its result, or iterated for its progress; leaving the loop early stops it and
 * keeps what is done. Where nobody iterates, a bar tells how far it is.
 */
import type { DeskCall } from "./deskProtocol.ts";
import type { DisplayProgress, Running, RunningProgress } from "./deskTypes.d.ts";

type Call = (name: DeskCall["name"], args: readonly unknown[], site: Error) => Promise<unknown>;

const ignore = (): void => undefined;

/** What is over sooner needs no bar. */
const BAR_AFTER_MS = 1000;
const TITLES = { sweep: "Sweep", walkForward: "Walk forward" } as const;

/** Starts it as soon as `spec` is there. */
export function runningWork<T extends { readonly run: number; readonly combinations: number }>(
  call: Call,
  name: "sweep" | "walkForward",
  spec: Promise<unknown>,
  { site, progressBar }: { readonly site: Error; readonly progressBar: DisplayProgress },
): Running<T> {
  const ticket = crypto.randomUUID();
  const began = performance.now();
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
  /** null when it is over. */
  const nextProgress = async (seen: number): Promise<RunningProgress<T> | null> =>
    (await Promise.race([call("progress", [ticket, seen], site), result.then(() => null)])) as RunningProgress<T> | null;
  let isIterated = false;
  const drawBar = async (): Promise<void> => {
    if (isIterated || isOver) return;
    const bar = progressBar(Number.NaN, { label: TITLES[name], since: began });
    try {
      await asked;
      for (let now = await nextProgress(-1); now !== null && !isIterated; now = await nextProgress(now.done)) bar.update(now.done, now.combinations);
      const { run, combinations } = await result;
      bar.update(run, combinations);
      if (run < combinations) bar.stop();
      else bar.done();
    } catch {
      bar.stop(); // whoever awaits the result is told why
    }
  };
  setTimeout(() => void drawBar(), BAR_AFTER_MS).unref();
  async function* progress(): AsyncGenerator<RunningProgress<T>, void> {
    isIterated = true;
    let seen = -1;
    try {
      await asked;
      for (;;) {
        // Its failure ends the loop, as a failed await would.
        const now = await nextProgress(seen);
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
