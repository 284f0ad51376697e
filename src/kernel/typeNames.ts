/**
 * The type names that a cell declares at top level. The JavaScript parser does not see them: they are read from
 * what was blanked when types were stripped, or from the whole text when it had to be rewritten.
 */
import type { NameKind } from "./transform.ts";

/** Strings, templates and comments are skipped; words and brackets are what counts. */
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[\p{L}_$][\p{L}\p{N}_$]*|[^\s]/gu;
const DECLARES: Readonly<Record<string, NameKind>> = { interface: "type", type: "type", enum: "enum", namespace: "const", module: "const" };

export interface TypeName {
  readonly name: string;
  readonly kind: NameKind;
  readonly exported: boolean;
}

/** `blanked`: the text with its types blanked at the same positions, if there is one. */
export function typeNames(text: string, blanked: string | null): TypeName[] {
  const source = blanked === null ? text : erased(text, blanked);
  const tokens = source.match(TOKEN)?.filter((token) => !token.startsWith("//") && !token.startsWith("/*")) ?? [];
  const found: TypeName[] = [];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as string;
    if ("{([".includes(token)) depth++;
    else if ("})]".includes(token)) depth--;
    if (depth !== 0) continue;
    const next = tokens[i + 1];
    if (token === "import" && next === "type") found.push(...importedTypes(tokens, i + 2));
    const kind = DECLARES[token];
    if (kind === undefined || next === undefined || !/^[\p{L}_$]/u.test(next) || next === "from") continue;
    // `type Name =`, `interface Name {`, `enum Name {`; not `type` used as a name.
    const after = tokens[i + 2] ?? "";
    if (!"={<e.".includes(after[0] ?? " ") || tokens[i - 1] === ".") continue;
    found.push({ name: next, kind, exported: tokens.slice(Math.max(0, i - 3), i).includes("export") && previousIsModifier(tokens, i) });
  }
  return found;
}

const MODIFIERS = new Set(["export", "declare", "const", "default"]);

function previousIsModifier(tokens: readonly string[], at: number): boolean {
  for (let i = at - 1; i >= 0 && MODIFIERS.has(tokens[i] as string); i--) if (tokens[i] === "export") return true;
  return false;
}

/** `import type A, {B as C} from "x"`, from the token after `type`. */
function importedTypes(tokens: readonly string[], from: number): TypeName[] {
  const found: TypeName[] = [];
  for (let i = from; i < tokens.length && tokens[i] !== "from"; i++) {
    const next = tokens[i + 1];
    if (/^[\p{L}_$]/u.test(tokens[i] as string) && tokens[i] !== "as" && next !== "as")
      found.push({ name: tokens[i] as string, kind: "import", exported: false });
  }
  return found;
}

/** Only what was blanked, at the same positions. */
function erased(text: string, blanked: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const kept = text[i] as string;
    out += kept === "\n" || blanked[i] !== kept ? kept : " ";
  }
  return out;
}
