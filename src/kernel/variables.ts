/**
 * What a notebook's names hold, for a view of them. Looking runs no code of the user (parts.ts).
 */
import { HOLE, isLooked, ownValue, partsOf, shortText, typeOf } from "./parts.ts";
import type { Variable } from "./protocol.ts";

const MAX_ENTRIES = 200;

/** The variables of `names`, or what the value at `path` below them is made of; at most 200. */
export function variablesAt(globals: object, names: Iterable<string>, path: readonly string[]): readonly Variable[] {
  const [name, ...inner] = path;
  if (name === undefined) return [...names].filter((one) => Object.hasOwn(globals, one)).map((one) => described(one, ownValue(globals, one)));
  let value = ownValue(globals, name);
  for (const key of inner) value = isLooked(value) ? firstParts(value).find(([part]) => part === key)?.[1] : undefined;
  return isLooked(value) ? firstParts(value).map(([key, part]) => described(key, part)) : [];
}

function firstParts(value: object): ReadonlyArray<readonly [key: string, part: unknown]> {
  return partsOf(value, 0, MAX_ENTRIES).filter(([, part]) => part !== HOLE);
}

function described(name: string, value: unknown): Variable {
  return { name, type: typeOf(value), text: shortText(value), isOpenable: isLooked(value) && firstParts(value).length > 0 };
}
