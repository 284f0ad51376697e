/** A cell as written: the names it declares, values and types together. */
import type { CellNames } from "./checker.ts";
import type { CellScript, NameKind } from "./transform.ts";
import { typeNames } from "./typeNames.ts";

const DECLARATION = /(?:^|[;}] *)(export +)?(?:async +)?(const|let|var|function|class)\*? +([\p{L}_$][\p{L}\p{N}_$]*)/gmu;

/** `script` is absent when the text does not parse: then values are guessed from its lines, for better messages. */
export function cellNames(text: string, script: CellScript | undefined): CellNames {
  const names = new Map<string, { readonly kind: NameKind; readonly exported: boolean }>();
  for (const [name, kind] of script?.values ?? []) names.set(name, { kind, exported: script?.exported.has(name) ?? false });
  if (script === undefined) {
    for (const [, exported, keyword, name] of text.matchAll(DECLARATION)) {
      names.set(name as string, { kind: keyword === "let" || keyword === "var" ? "let" : "const", exported: exported !== undefined });
    }
  }
  for (const { name, kind, exported } of typeNames(text, script === undefined || script.map !== null ? null : script.js)) names.set(name, { kind, exported });
  return { all: names, isBroken: script === undefined };
}
