/** A progress bar for work that takes longer than a second; nothing where standard error takes no cursor movement. */
import { SingleBar } from "cli-progress";
import type { Io } from "./io.ts";

export interface Progress {
  step(): void;
  stop(): void;
}

const SHOW_AFTER_MS = 1000;

export function progressBar(io: Io, what: string, total: number): Progress {
  if (!io.canMoveCursor) return { step: () => undefined, stop: () => undefined };
  let done = 0;
  let bar: SingleBar | undefined;
  const timer = setTimeout(() => {
    bar = new SingleBar({
      format: `${what} {bar} {value}/{total}, {eta_formatted} left`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
    });
    bar.start(total, done);
  }, SHOW_AFTER_MS);
  return {
    step: () => {
      done++;
      bar?.update(done);
    },
    stop: () => {
      clearTimeout(timer);
      bar?.stop();
    },
  };
}
