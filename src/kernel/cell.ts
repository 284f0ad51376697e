/** A cell as written: the names it declares, values and types together. */
import type { CellNames } from "./cellFiles.ts";
import type { CellScript, NameKind } from "./transform.ts";
import { typeNames } from "./typeNames.ts";

const DECLARATION = /(?:^|[;}] *)(export +)?(?:async +)?(const|let|var|function|class)\*? +([\p{L}_$][\p{L}\p{N}_$]*)/gmu;
const CLASS = /\bclass\s+([\p{L}_$][\p{L}\p{N}_$]*)/gu;
/** `export { a, type B }`, nothing taken from another file. */
const EXPORT_LIST = /(?:^|[;}\n])\s*export\s+(?:type\s+)?\{([^}]*)\}(?!\s*from)/gu;

/** `script` is absent when the text does not parse: then values are guessed from its lines, for better messages. */
export function cellNames(text: string, script: CellScript | undefined): CellNames {
  const names = new Map<string, { readonly kind: NameKind; readonly exported: boolean }>();
  // A class with decorators is rewritten to a variable.
  const classes = script === undefined || script.map === null ? undefined : new Set([...text.matchAll(CLASS)].map(([, name]) => name));
  for (const [name, kind] of script?.values ?? []) {
    names.set(name, { kind: classes?.has(name) === true ? "class" : kind, exported: script?.exported.has(name) ?? false });
  }
  if (script === undefined) {
    for (const [, exported, keyword, name] of text.matchAll(DECLARATION)) {
      names.set(name as string, { kind: keyword === "let" || keyword === "var" ? "let" : "const", exported: exported !== undefined });
    }
  }
  const exportedTypes = new Set(
    [...text.matchAll(EXPORT_LIST)].flatMap(([, list]) => (list ?? "").split(",").map((one) => one.trim().replace(/^type\s+(?!as\b)/, ""))),
  );
  for (const { name, kind, exported } of typeNames(text, script === undefined || script.map !== null ? null : script.js)) {
    names.set(name, { kind, exported: exported || exportedTypes.has(name) });
  }
  return { all: names, isBroken: script === undefined };
}
