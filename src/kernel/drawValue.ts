/** The outputs of a value: results of `desk` draw themselves, rows become a table, everything else is inspected. */
import { inspect } from "node:util";
import type { DrawKind } from "./deskProtocol.ts";
import type { MimeBundle } from "./protocol.ts";

const KIND = Symbol.for("quantdesk.kind");
/** On what `display` answers: it has been shown already. */
export const SHOWN = Symbol.for("quantdesk.shown");
/** The convention of other JavaScript kernels: a value that knows its own bundle. */
const JUPYTER = Symbol.for("Jupyter.display");
const MAX_TEXT = 64 * 1024;

/** Marks a desk result with what it is; the mark is not enumerable, so a spread or JSON does not carry it. */
export function tagged(kind: DrawKind, value: unknown): unknown {
  if (kind === "plain" || value === null || typeof value !== "object") return value;
  Object.defineProperty(value, KIND, { value: kind, enumerable: false });
  return value;
}

export function kindOf(value: unknown): DrawKind {
  return value !== null && typeof value === "object" ? (((value as Record<symbol, unknown>)[KIND] as DrawKind | undefined) ?? "plain") : "plain";
}

/** Answers at once for plain values, so that a trivial cell costs no turn of the loop. */
export function drawValue(value: unknown): readonly MimeBundle[] | Promise<readonly MimeBundle[]> {
  if (value === undefined) return [];
  if (value === null || typeof value !== "object") return [{ "text/plain": textOf(value) }];
  try {
    return drawObject(value);
  } catch {
    return [{ "text/plain": textOf(value) }]; // a proxy or getter that throws when it is looked at
  }
}

function drawObject(value: object): readonly MimeBundle[] | Promise<readonly MimeBundle[]> {
  if (SHOWN in value) return [];
  const kind = kindOf(value);
  if (kind !== "plain") return import("./draw/draw.ts").then(({ drawResult }) => drawResult(kind, value));
  const own = (value as Record<symbol, unknown>)[JUPYTER];
  if (typeof own === "function") return Promise.resolve(own.call(value)).then((bundle) => [{ "text/plain": textOf(value), ...(bundle as MimeBundle) }]);
  if (isRows(value)) return import("./draw/rows.ts").then(({ drawRows }) => [drawRows(value, textOf(value))]).catch(() => [{ "text/plain": textOf(value) }]);
  return [{ "text/plain": textOf(value) }];
}

export function textOf(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 });
  } catch (error) {
    text = `[a value that cannot be shown: ${messageOf(error)}]`;
  }
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n… ${text.length - MAX_TEXT} more characters; print parts of it to see them.`;
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "looking at it throws";
  }
}

function isRows(value: object): value is ReadonlyArray<Readonly<Record<string, unknown>>> {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.slice(0, 20).every((row: unknown) => row !== null && typeof row === "object" && Object.getPrototypeOf(row) === Object.prototype)
  );
}
