/**
 * What a notebook's names hold, for a view of them. Looking runs no code of the user: only own data properties are read,
 * accessors and proxies are named and left alone, and no method is called but the language's own.
 */
import { types } from "node:util";
import type { Variable } from "./protocol.ts";

const MAX_ENTRIES = 200;
const MAX_TEXT = 120;
const MAX_PARTS = 4;

const lengthOfTyped = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")?.get as () => number;
const sizeOfMap = Object.getOwnPropertyDescriptor(Map.prototype, "size")?.get as () => number;
const sizeOfSet = Object.getOwnPropertyDescriptor(Set.prototype, "size")?.get as () => number;

/** The variables of `names`, or what the value at `path` below them is made of; at most 200. */
export function variablesAt(globals: object, names: Iterable<string>, path: readonly string[]): readonly Variable[] {
  const [name, ...inner] = path;
  if (name === undefined) return [...names].filter((one) => Object.hasOwn(globals, one)).map((one) => described(one, ownValue(globals, one)));
  let value = ownValue(globals, name);
  for (const key of inner) value = isLooked(value) ? partsOf(value).find(([part]) => part === key)?.[1] : undefined;
  return isLooked(value) ? partsOf(value).map(([key, part]) => described(key, part)) : [];
}

/** An accessor, which is not called. */
const ACCESSOR = Symbol("accessor");

function ownValue(of: object, key: string): unknown {
  const found = Object.getOwnPropertyDescriptor(of, key);
  return found === undefined || "value" in found ? found?.value : ACCESSOR;
}

function isLooked(value: unknown): value is object {
  return typeof value === "object" && value !== null && !types.isProxy(value);
}

function partsOf(value: object): ReadonlyArray<readonly [string, unknown]> {
  if (types.isMap(value)) return Array.from(taken(Map.prototype.entries.call(value)), ([key, part]) => [textOf(key), part] as const);
  if (types.isSet(value)) return Array.from(taken(Set.prototype.values.call(value)), (part, i) => [String(i), part] as const);
  if (types.isTypedArray(value))
    return Array.from({ length: Math.min(lengthOfTyped.call(value), MAX_ENTRIES) }, (_, i) => [String(i), ownValue(value, String(i))] as const);
  const keys: string[] = [];
  // Not all keys at once: an array may have millions.
  if (Array.isArray(value)) for (let i = 0; i < Math.min(value.length, MAX_ENTRIES); i++) keys.push(String(i));
  else keys.push(...Object.keys(value).slice(0, MAX_ENTRIES));
  return keys.filter((key) => Object.hasOwn(value, key)).map((key) => [key, ownValue(value, key)] as const);
}

function* taken<T>(all: Iterable<T>): Generator<T> {
  let count = 0;
  for (const one of all) {
    if (count++ >= MAX_ENTRIES) return;
    yield one;
  }
}

function described(name: string, value: unknown): Variable {
  return { name, type: typeOf(value), text: textOf(value), isOpenable: isLooked(value) && partsOf(value).length > 0 };
}

function typeOf(value: unknown): string {
  if (value === ACCESSOR) return "accessor";
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

function textOf(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return clipped(JSON.stringify(value.slice(0, MAX_TEXT * 2)));
    case "bigint":
      return clipped(`${value}n`);
    case "symbol":
      return value === ACCESSOR ? "(…)" : clipped(Symbol.prototype.toString.call(value));
    case "function":
      return types.isProxy(value) ? "Proxy" : "function";
    case "object":
      return value === null ? "null" : objectText(value, depth);
    case "undefined":
    case "number":
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
  const parts = partsOf(value);
  const isList = Array.isArray(value) || types.isTypedArray(value) || types.isSet(value);
  if (depth > 0) return isList ? "[…]" : parts.length === 0 ? "{}" : "{…}";
  const shown = parts.slice(0, MAX_PARTS).map(([key, part]) => (isList ? textOf(part, depth + 1) : `${key}: ${textOf(part, depth + 1)}`));
  const text = [...shown, ...(parts.length > MAX_PARTS ? ["…"] : [])].join(", ");
  return clipped(isList ? `[${text}]` : `{${text}}`);
}

function clipped(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
}
