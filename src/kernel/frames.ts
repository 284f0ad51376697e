/** The runner's way out: one JSON line per frame, written at once, so that a busy loop's output is seen too. */
import { writeSync } from "node:fs";
import { FRAME_FD } from "./interruptWords.ts";
import { own } from "./ownGlobals.ts";
import type { RunnerFrame } from "./protocol.ts";

export type SendFrame = (frame: RunnerFrame) => void;

export function sendFrame(frame: RunnerFrame): void {
  write(`${own.stringify(frame)}\n`);
}

/** The end of a cell that broke `JSON` itself, as by a toJSON of all objects: written without it. */
export function sendBroken(run: number): void {
  const message = "The cell changed what the kernel needs to tell anything (a method of all objects, say). Restart the kernel.";
  write(`{"t":"done","run":${run},"status":"error","error":{"name":"KernelBroken","message":"${message}","stack":""},"result":[],"ms":0,"memoryBytes":0}\n`);
}

function write(line: string): void {
  const bytes = own.bytesOf(line);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(FRAME_FD, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // the front reads slower than we write
    }
  }
}
