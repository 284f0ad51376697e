/**
 * What a value is made of, for views of it. Looking runs no code of the user: only own data properties are read, accessors
 * and proxies are named and left alone, and no method is called but the language's own.
 */
import { types } from "node:util";

const MAX_TEXT = 120;
const MAX_PARTS = 4;

const lengthOfTyped = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")?.get as () => number;
const sizeOfMap = Object.getOwnPropertyDescriptor(Map.prototype, "size")?.get as () => number;
const sizeOfSet = Object.getOwnPropertyDescriptor(Set.prototype, "size")?.get as () => number;

/** An accessor, which is not called. */
export const ACCESSOR = Symbol("accessor");

/** A place of a list without anything in it. */
export const HOLE = Symbol("empty");

export function ownValue(of: object, key: PropertyKey): unknown {
  const found = Object.getOwnPropertyDescriptor(of, key);
  return found === undefined || "value" in found ? found?.value : ACCESSOR;
}

export function isLooked(value: unknown): value is object {
  return typeof value === "object" && value !== null && !types.isProxy(value);
}

/** Holes of a list count. */
export function partCount(value: object): number {
  if (types.isMap(value)) return sizeOfMap.call(value);
  if (types.isSet(value)) return sizeOfSet.call(value);
  if (types.isTypedArray(value)) return lengthOfTyped.call(value);
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** The parts at `count` places from `from` on. */
export function partsOf(value: object, from: number, count: number): ReadonlyArray<readonly [key: string, part: unknown]> {
  if (types.isMap(value)) return taken(Map.prototype.entries.call(value), from, count).map(([key, part]) => [shortText(key), part] as const);
  if (types.isSet(value)) return taken(Set.prototype.values.call(value), from, count).map((part, i) => [String(from + i), part] as const);
  const isTyped = types.isTypedArray(value);
  // Not all keys at once: an array may have millions.
  const keys =
    isTyped || Array.isArray(value)
      ? Array.from({ length: Math.max(0, Math.min(partCount(value) - from, count)) }, (_, i) => String(from + i))
      : Object.keys(value).slice(from, from + count);
  return keys.map((key) => [key, isTyped || Object.hasOwn(value, key) ? ownValue(value, key) : HOLE] as const);
}

function taken<T>(all: Iterable<T>, from: number, count: number): T[] {
  const found: T[] = [];
  let place = 0;
  for (const one of all) {
    if (place >= from + count) break;
    if (place++ >= from) found.push(one);
  }
  return found;
}

export function typeOf(value: unknown): string {
  if (value === ACCESSOR) return "accessor";
  if (value === HOLE) return "empty";
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  if (types.isProxy(value)) return "Proxy";
  if (types.isMap(value)) return `Map(${sizeOfMap.call(value)})`;
  if (types.isSet(value)) return `Set(${sizeOfSet.call(value)})`;
  if (types.isTypedArray(value)) return `${classOf(value)}(${lengthOfTyped.call(value)})`;
  if (Array.isArray(value)) return `Array(${value.length})`;
  return classOf(value);
}

/** The name that the prototype's constructor has, where both are plain properties. */
function classOf(value: object): string {
  for (
    let of: object | null = Object.getPrototypeOf(value) as object | null;
    of !== null && !types.isProxy(of);
    of = Object.getPrototypeOf(of) as object | null
  ) {
    const made = Object.getOwnPropertyDescriptor(of, "constructor")?.value as unknown;
    const name = typeof made === "function" && !types.isProxy(made) ? (Object.getOwnPropertyDescriptor(made, "name")?.value as unknown) : undefined;
    if (typeof name === "string" && name !== "") return name;
  }
  return "Object";
}

/** In one line of at most 120 characters. */
export function shortText(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return clipped(JSON.stringify(value.slice(0, MAX_TEXT * 2)));
    case "bigint":
      return clipped(`${value}n`);
    case "symbol":
      return value === ACCESSOR ? "(…)" : value === HOLE ? "empty" : clipped(Symbol.prototype.toString.call(value));
    case "function":
      return types.isProxy(value) ? "Proxy" : "function";
    case "object":
      return value === null ? "null" : objectText(value, depth);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "undefined":
    case "boolean":
      return String(value);
  }
}

function objectText(value: object, depth: number): string {
  if (types.isProxy(value)) return "Proxy";
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return Number.isNaN(time) ? "Invalid Date" : new Date(time).toISOString();
  }
  if (types.isPromise(value)) return "Promise";
  if (types.isNativeError(value)) {
    const message = ownValue(value, "message");
    return typeof message === "string" ? clipped(message) : "{}";
  }
  const parts = partsOf(value, 0, MAX_PARTS + 1);
  const isList = Array.isArray(value) || types.isTypedArray(value) || types.isSet(value);
  if (depth > 0) return isList ? "[…]" : parts.length === 0 ? "{}" : "{…}";
  const shown = parts.slice(0, MAX_PARTS).map(([key, part]) => (isList ? shortText(part, depth + 1) : `${key}: ${shortText(part, depth + 1)}`));
  const text = [...shown, ...(parts.length > MAX_PARTS ? ["…"] : [])].join(", ");
  return clipped(isList ? `[${text}]` : `{${text}}`);
}

function clipped(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
