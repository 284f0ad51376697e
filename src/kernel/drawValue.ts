/** The outputs of a value: results of `desk` draw themselves, rows and columns become a table, what is long folds, everything else is inspected. */
import { inspect, types } from "node:util";
import type { DrawKind } from "./deskProtocol.ts";
import { drawRows } from "./draw/rows.ts";
import { drawText } from "./draw/text.ts";
import { drawTree } from "./draw/tree.ts";
import type { MimeBundle } from "./protocol.ts";
import type { Hold } from "./shown/held.ts";
import { columnsSource, danfoSource, rowsSource } from "./shown/tableSource.ts";

const KIND = Symbol.for("quantdesk.kind");
/** On what `display` answers: it has been shown already. */
export const SHOWN = Symbol.for("quantdesk.shown");
/** The convention of other JavaScript kernels: a value that knows its own bundle. */
const JUPYTER = Symbol.for("Jupyter.display");
const MAX_TEXT = 64 * 1024;
/** A string that is shown as it is; a longer one folds. */
const MAX_STRING = 10_000;
/** Properties of an object that is written whole; of a larger one some are. */
const MAX_PROPERTIES = 1000;
const SOME_PROPERTIES = 100;
/** Lines of a value's text above which it is a tree that folds. */
const MAX_LINES = 30;

/** Marks a desk result with what it is; the mark is not enumerable, so a spread or JSON does not carry it. */
export function tagged(kind: DrawKind, value: unknown): unknown {
  if (kind === "plain" || value === null || typeof value !== "object") return value;
  Object.defineProperty(value, KIND, { value: kind, enumerable: false });
  return value;
}

export function kindOf(value: unknown): DrawKind {
  return value !== null && typeof value === "object" ? (((value as Record<symbol, unknown>)[KIND] as DrawKind | undefined) ?? "plain") : "plain";
}

/** Nothing is kept of what is shown. */
export const holdNothing: Hold = () => null;

/** Answers at once for plain values, so that a trivial cell costs no turn of the loop. */
export function drawValue(value: unknown, hold: Hold = holdNothing): readonly MimeBundle[] | Promise<readonly MimeBundle[]> {
  if (value === undefined) return [];
  if (typeof value === "string" && value.length > MAX_STRING) return [drawText(value, textOf(value), hold)];
  if (value === null || typeof value !== "object") return [{ "text/plain": textOf(value) }];
  try {
    return drawObject(value, hold);
  } catch {
    return [{ "text/plain": textOf(value) }]; // a proxy or getter that throws when it is looked at
  }
}

function drawObject(value: object, hold: Hold): readonly MimeBundle[] | Promise<readonly MimeBundle[]> {
  if (SHOWN in value) return [];
  const kind = kindOf(value);
  if (kind !== "plain") return import("./draw/draw.ts").then(({ drawResult }) => drawResult(kind, value, hold));
  const own = (value as Record<symbol, unknown>)[JUPYTER];
  if (typeof own === "function") return Promise.resolve(own.call(value)).then((bundle) => [{ "text/plain": textOf(value), ...(bundle as MimeBundle) }]);
  const frame = danfoSource(value);
  if (frame !== undefined) return [drawRows(frame, undefined, hold)];
  const source = rowsSource(value) ?? columnsSource(value);
  if (source !== undefined) return [drawRows(source, () => textOf(value), hold)];
  const text = textOf(value);
  if (!isLong(text) || types.isProxy(value) || types.isNativeError(value)) return [{ "text/plain": text }];
  return [drawTree(value, text, hold)];
}

function isLong(text: string): boolean {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0 && lines <= MAX_LINES; at = text.indexOf("\n", at + 1)) lines++;
  return lines > MAX_LINES;
}

export function textOf(value: unknown): string {
  if (typeof value === "string" && value.length > MAX_STRING)
    return `${inspect(value.slice(0, MAX_STRING))}\n… ${(value.length - MAX_STRING).toLocaleString("en-US")} more characters; slice() or console.log() shows them.`;
  const count = propertyCount(value);
  if (count > MAX_PROPERTIES)
    return `${textOf(firstProperties(value as object))}\n… ${(count - SOME_PROPERTIES).toLocaleString("en-US")} more properties; display.json() opens them part by part.`;
  let text: string;
  try {
    text = inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: MAX_STRING });
  } catch (error) {
    text = `[a value that cannot be shown: ${messageOf(error)}]`;
  }
  return text.length <= MAX_TEXT
    ? text
    : `${text.slice(0, MAX_TEXT)}\n… ${(text.length - MAX_TEXT).toLocaleString("en-US")} more characters; display.json() opens it part by part.`;
}

/** Of a plain object, whose properties are all written however many they are; 0 for everything else. */
function propertyCount(value: unknown): number {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return 0;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.keys(value).length : 0;
}

/** As they are: accessors are not asked. */
function firstProperties(value: object): object {
  const some = Object.create(Object.getPrototypeOf(value) as object | null) as object;
  for (const key of Object.keys(value).slice(0, SOME_PROPERTIES))
    Object.defineProperty(some, key, Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor);
  return some;
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "looking at it throws";
  }
}
