/** A value as a tree: a bounded picture of its first branches; each further one when it is opened. */
import { MAX_LOOK_PARTS, type ShownPart } from "../../core/domain/shown.ts";
import { isLooked, partCount, partsOf, shortText, typeOf } from "../parts.ts";

/** Branches that are there without asking. */
const MAX_NODES = 300;
const MAX_DEPTH = 3;

/** The value itself, its first branches with it; `isAgain`: it is inside itself. */
export function shownTree(value: unknown, key = ""): ShownPart {
  let left = MAX_NODES;
  const grow = (part: ShownPart, of: unknown, depth: number, above: readonly unknown[]): ShownPart => {
    if (!isLooked(of) || part.count === 0 || depth >= MAX_DEPTH) return part;
    if (above.includes(of)) return { ...part, count: 0, text: "(it is inside itself)" };
    const inner = partsOf(of, 0, Math.min(MAX_LOOK_PARTS, left));
    if (inner.length === 0 || inner.length > left) return part;
    left -= inner.length;
    return { ...part, parts: inner.map(([name, one]) => grow(shownPart(name, one), one, depth + 1, [...above, of])) };
  };
  return grow(shownPart(key, value), value, 0, []);
}

export function shownParts(value: object, from: number, count: number): ShownPart[] {
  return partsOf(value, from, count).map(([key, part]) => shownPart(key, part));
}

function shownPart(key: string, value: unknown): ShownPart {
  return { key, type: typeOf(value), text: shortText(value), count: isLooked(value) ? partCount(value) : 0 };
}
