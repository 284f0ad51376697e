/** Whether what was typed at a console is a whole cell: it is incomplete when something after it could make it one. */
import { stripTypeScriptTypes } from "node:module";
import { isTooDeep } from "../oddCells.ts";

export type Completeness =
  /** "unknown": no parser survives it; the client decides by its own rule. */
  | { readonly status: "complete" | "invalid" | "unknown" }
  /** `indent` is what the next line starts with. */
  | { readonly status: "incomplete"; readonly indent: string };

/** What may be missing before the open brackets are closed. */
const ENDINGS = ["", " 0", " x", " {}", " x {}", ": 0", " class X {}", " (x) {}"];

export function completenessOf(code: string): Completeness {
  if (isTooDeep(code)) return { status: "unknown" };
  try {
    return judged(code);
  } catch {
    return { status: "unknown" };
  }
}

function judged(code: string): Completeness {
  if (parses(code)) return { status: "complete" };
  const closers = closersOf(code);
  if (closers === undefined) return { status: "invalid" };
  if (!ENDINGS.some((ending) => parses(`${code}${ending}${closers}`))) return { status: "invalid" };
  const last = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(last)?.[0] ?? "";
  return { status: "incomplete", indent: /[{([]$/.test(last.trimEnd()) ? `${indent}  ` : indent };
}

function parses(code: string): boolean {
  try {
    stripTypeScriptTypes(code, { mode: "transform" });
    return true;
  } catch (error) {
    // The stripper is WebAssembly: what overflows its stack is no fault of the text's grammar, and breaks it for good.
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

const CLOSER: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "${": "}", "`": "`" };

/** What closes all that is open at the end; undefined when something closes what is not open, or a string ends with its line. */
function closersOf(code: string): string | undefined {
  const open: string[] = [];
  for (let at = 0; at < code.length; at++) {
    const c = code[at] as string;
    const two = code.slice(at, at + 2);
    if (open.at(-1) === "`") {
      if (c === "\\") at++;
      else if (c === "`") open.pop();
      else if (two === "${") {
        open.push("${");
        at++;
      }
    } else if (two === "//") {
      const end = code.indexOf("\n", at);
      if (end < 0) return closing(open, "\n");
      at = end;
    } else if (two === "/*") {
      const end = code.indexOf("*/", at + 2);
      if (end < 0) return closing(open, "*/");
      at = end + 1;
    } else if (c === '"' || c === "'") {
      const end = endOfString(code, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (c === "`" || c === "(" || c === "[" || c === "{") open.push(c);
    else if (c === ")" || c === "]" || c === "}") {
      const opened = open.pop();
      if (opened === undefined || CLOSER[opened] !== c) return undefined;
    }
  }
  return closing(open, "");
}

function closing(open: readonly string[], first: string): string {
  return (
    first +
    open
      .toReversed()
      .map((bracket) => CLOSER[bracket])
      .join("")
  );
}

function endOfString(code: string, start: number): number | undefined {
  for (let at = start + 1; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === code[start]) return at;
    else if (code[at] === "\n") return undefined;
  }
  return undefined;
}
