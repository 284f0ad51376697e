/** A value as JSON for programs that show it: what JSON lacks is written as text, what is too much is left out. */
import { types } from "node:util";

const MAX_NODES = 20_000;
const MAX_DEPTH = 40;
const MAX_TEXT = 100_000;

/** A plain tree. Calls `toJSON` where a value has it, as JSON does. */
export function jsonOf(value: unknown): unknown {
  let left = MAX_NODES;
  const above: object[] = [];
  const list = (parts: Iterable<unknown>): unknown[] => {
    const made: unknown[] = [];
    for (const part of parts) {
      if (left <= 0) {
        made.push("…");
        break;
      }
      made.push(walk(part) ?? null);
    }
    return made;
  };
  const fields = (entries: Iterable<readonly [string, unknown]>): Record<string, unknown> => {
    const made = Object.create(null) as Record<string, unknown>; // so that "__proto__" is a key like any other
    for (const [key, part] of entries) {
      if (left <= 0) {
        made["…"] = "…";
        break;
      }
      const inner = walk(part);
      if (inner !== undefined) made[key] = inner;
    }
    return made;
  };
  const walk = (one: unknown): unknown => {
    left--;
    switch (typeof one) {
      case "string":
        return one.length <= MAX_TEXT ? one : `${one.slice(0, MAX_TEXT)}…`;
      case "number":
        return Number.isFinite(one) ? one : String(one);
      case "bigint":
        return String(one);
      case "boolean":
        return one;
      case "undefined":
      case "function":
      case "symbol":
        return undefined;
      case "object":
        if (one === null) return null;
    }
    if (above.includes(one)) return "[circular]";
    if (above.length >= MAX_DEPTH) return "…";
    above.push(one);
    try {
      const { toJSON } = one as { readonly toJSON?: unknown };
      if (typeof toJSON === "function") return walk((toJSON as (key: string) => unknown).call(one, ""));
      if (types.isMap(one)) return [...one.keys()].every((key) => typeof key === "string") ? fields(one as Map<string, unknown>) : list(one);
      if (types.isSet(one) || types.isTypedArray(one) || Array.isArray(one)) return list(one as Iterable<unknown>);
      return fields(entriesOf(one as Readonly<Record<string, unknown>>));
    } finally {
      above.pop();
    }
  };
  return walk(value) ?? null;
}

function* entriesOf(value: Readonly<Record<string, unknown>>): Generator<readonly [string, unknown]> {
  for (const key of Object.keys(value)) yield [key, value[key]];
}
