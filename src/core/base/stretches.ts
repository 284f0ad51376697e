const STRETCH = 2048;

/**
 * Goes through `from` to before `end` in stretches. For loops over many values: V8 compiles what is called many times as a
 * whole, but a function that is called seldom and loops for long it replaces while it runs, and falls out of that code again
 * at the loop's end, in every call.
 */
export function inStretches(from: number, end: number, work: (from: number, end: number) => void): void {
  for (let at = from; at < end; at += STRETCH) work(at, Math.min(at + STRETCH, end));
}
