/** What SQLite's result codes mean for us. Source: sqlite.org/rescode.html; the low byte is the primary code. */
import { TradingError } from "../base/errors.ts";

export type SqliteFailure = "locked" | "damaged" | "unsound" | "unwritable" | "other";

export function failureOf(error: unknown): SqliteFailure {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== "number") return "other";
  switch (code & 0xff) {
    case 5: // busy
    case 6: // locked
      return "locked";
    case 11: // corrupt
    case 26: // no database
      return "damaged";
    case 19: // a constraint
    case 20: // a type
      return "unsound";
    case 8: // read-only
    case 10: // input or output
    case 13: // full
    case 14: // cannot open
      return "unwritable";
    default:
      return "other";
  }
}

/** One sentence for people. */
export function storeError(path: string, error: unknown): TradingError {
  if (error instanceof TradingError) return error;
  const message = error instanceof Error ? error.message : String(error);
  switch (failureOf(error)) {
    case "locked":
      return new TradingError("store-locked", `${path} is locked by another program.`, {
        hint: "Close what holds it open; until then results wait.",
        cause: error,
      });
    case "damaged":
      return new TradingError("store-damaged", `${path} is damaged: ${message}.`, { hint: "It is set aside when Quantdesk starts next.", cause: error });
    case "unsound":
      return new TradingError("store-unsound", `A row that does not fit was not stored: ${message}.`, { cause: error });
    case "unwritable":
      return new TradingError("store-unwritable", `${path} cannot be read or written: ${message}.`, {
        hint: "Check its permissions and the space on the disk.",
        cause: error,
      });
    case "other":
      return new TradingError("store-failed", message, { cause: error });
  }
}
