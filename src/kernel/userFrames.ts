/** Stacks without the frames that are the kernel's or Node's: of those below a cell's last frame, none is the user's. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../core/base/entry.ts";

const FRAME = /^\s+at /;

/** Each run of frames in `text` by itself, so that a printed text may hold several stacks. */
export function userFrames(text: string): string {
  const own = [join(packageRoot(), "src"), join(packageRoot(), "dist")].flatMap((path) => [path, pathToFileURL(path).href]);
  const lines = text.split("\n");
  const kept: string[] = [];
  for (let i = 0; i < lines.length; ) {
    if (!FRAME.test(lines[i] as string)) {
      kept.push(lines[i++] as string);
      continue;
    }
    let end = i;
    while (end < lines.length && FRAME.test(lines[end] as string)) end++;
    const frames = lines.slice(i, end);
    const lastOfCell = frames.findLastIndex((line) => line.includes("cell:"));
    kept.push(
      ...frames.filter((line, at) => (lastOfCell < 0 || at <= lastOfCell) && !own.some((path) => line.includes(path)) && !/\bnode:|\(node:/.test(line)),
    );
    // An error with properties opens a brace behind its last frame.
    if (frames.at(-1)?.endsWith(" {") === true && kept.at(-1)?.endsWith(" {") !== true) kept.push(`${kept.pop() ?? ""} {`);
    i = end;
  }
  return kept.join("\n");
}
