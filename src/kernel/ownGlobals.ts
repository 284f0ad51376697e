/**
 * What the runner needs of the globals, as they were before any cell ran. Cells share them: one may replace `Promise`, fake
 * the timers or delete `console`, and the next has to run, and what went wrong to be told, all the same.
 */
export const own = Object.freeze({
  Promise,
  setTimeout,
  clearTimeout,
  setImmediate,
  hasOwn: Object.hasOwn,
  defineProperty: Object.defineProperty,
  stringify: JSON.stringify,
  bytesOf: Buffer.from,
  add: Atomics.add,
  store: Atomics.store,
  dispose: Symbol.dispose as typeof Symbol.dispose,
  closeGroup: console.groupEnd.bind(console),
  /** Milliseconds of a clock that only goes forward. */
  now: performance.now.bind(performance),
  /** Resident memory of this process. */
  residentBytes: process.memoryUsage.rss,
});
