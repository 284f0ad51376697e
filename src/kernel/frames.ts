/** The runner's way out: one JSON line per frame, written at once, so that a busy loop's output is seen too. */
import { writeSync } from "node:fs";
import { FRAME_FD } from "./interruptWords.ts";
import type { RunnerFrame } from "./protocol.ts";

export type SendFrame = (frame: RunnerFrame) => void;

export function sendFrame(frame: RunnerFrame): void {
  const bytes = Buffer.from(`${JSON.stringify(frame)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(FRAME_FD, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // the front reads slower than we write
    }
  }
}
