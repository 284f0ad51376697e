/** What `quantdesk test` found (CONTRACTS.md): quantdesk.test/1. */
export interface AssertionResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "error" | "timeout";
  /** Of the assertion in its file. */
  readonly line: number | null;
  /** What is wrong; absent when it passed. */
  readonly message?: string;
  /** The bar at which it fails, where there is one. */
  readonly bar?: { readonly index: number; readonly time: string };
  /** The trade with which it fails, counted from 1. */
  readonly trade?: { readonly number: number; readonly entryIndex: number; readonly entryTime: string; readonly exitIndex: number; readonly exitTime: string };
}

export interface ExpectationResult {
  /** Strategy, parameters and data, as asked for. */
  readonly backtest: string;
  readonly runHash: string | null;
  readonly simulated: boolean;
  readonly assertions: readonly AssertionResult[];
}

export interface AssertionFileResult {
  readonly file: string;
  /** Why the file has no assertions. */
  readonly error: string | null;
  readonly durationMs: number;
  readonly backtests: readonly ExpectationResult[];
}

export interface AssertionReport {
  readonly schema: "quantdesk.test/1";
  readonly passed: number;
  readonly failed: number;
  readonly durationMs: number;
  readonly files: readonly AssertionFileResult[];
}

/** A file that could not be used counts as one failure. */
export function assertionReport(files: readonly AssertionFileResult[], durationMs: number): AssertionReport {
  const all = files.flatMap((file) => file.backtests.flatMap(({ assertions }) => assertions));
  const passed = all.filter(({ status }) => status === "passed").length;
  return { schema: "quantdesk.test/1", passed, failed: all.length - passed + files.filter(({ error }) => error !== null).length, durationMs, files };
}
