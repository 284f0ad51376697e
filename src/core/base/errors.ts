/**
 * The one error type of Quantdesk, and the outcome of one item of a batch.
 * Source of the three kinds (refused, failed in a batch, failed): docs/architecture.md.
 */

/** What an error means for whoever started the work; the command line turns it into its exit code. */
export type ErrorKind = "usage" | "runtime" | "refused" | "interrupted";

export interface ErrorDetails {
  /** What the person can do about it, one sentence. */
  readonly hint?: string;
  readonly kind?: ErrorKind;
  readonly cause?: unknown;
  /** Facts for programs: HTTP status, broker code, line number. Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A failure with a stable code for programs and one sentence for people. */
export class TradingError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly kind: ErrorKind;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "TradingError";
    this.code = code;
    this.hint = details.hint;
    this.kind = details.kind ?? "runtime";
    this.data = details.data ?? {};
  }

  /** The error itself when it is one of ours, else a `TradingError` with `code` that keeps it as its cause. */
  static from(error: unknown, code: string): TradingError {
    if (error instanceof TradingError) return error;
    if (error instanceof Error && error.name === "AbortError") {
      return new TradingError("interrupted", "The work was cancelled.", { kind: "interrupted", cause: error });
    }
    return new TradingError(code, error instanceof Error ? error.message : String(error), { cause: error });
  }

  toPlain(): PlainError {
    return {
      code: this.code,
      message: this.message,
      kind: this.kind,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(Object.keys(this.data).length === 0 ? {} : { data: this.data }),
    };
  }

  /** What a program is told: the document of a command with --json, or of the performance API. */
  toDocument(): ErrorDocument {
    return { schema: "quantdesk.error/1", code: this.code, message: this.message, ...(this.hint === undefined ? {} : { hint: this.hint }) };
  }

  static fromPlain(plain: PlainError): TradingError {
    return new TradingError(plain.code, plain.message, {
      kind: plain.kind,
      ...(plain.hint === undefined ? {} : { hint: plain.hint }),
      ...(plain.data === undefined ? {} : { data: plain.data }),
    });
  }
}

/** A `TradingError` as it crosses a process or thread border. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly kind: ErrorKind;
  readonly hint?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface ErrorDocument {
  readonly schema: "quantdesk.error/1";
  /** Stable. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Bad input: nothing was done. The command line exits with 2. */
export function badInput(code: string, message: string, hint?: string, data?: Readonly<Record<string, unknown>>): TradingError {
  return new TradingError(code, message, {
    kind: "usage",
    ...(hint === undefined ? {} : { hint }),
    ...(data === undefined ? {} : { data }),
  });
}

/** The result of one item of a batch: one item's failure leaves the others alone. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: TradingError };
