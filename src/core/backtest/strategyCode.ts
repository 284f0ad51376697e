/**
 * What a strategy's code is, for whoever keeps results: a hash over its file and every file that it imports, and whether the
 * same code on the same bars must give the same result. Read as text; nothing of it is run.
 *
 * A word that could mean the clock, chance, files or the network is taken for it, wherever it stands but in a line of
 * comment: what is wrongly held to be unrepeatable is only run again.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { sha256 } from "../base/canonical.ts";
import { entryPath, packageRoot } from "../base/entry.ts";
import type { StrategyRef } from "../domain/backtest.ts";
import { ENGINE_VERSION } from "./engineVersion.ts";

export interface StrategyCode {
  /** Of the file and what it imports; empty for a built-in strategy. */
  readonly hash: string;
  /** False when the code may do something else next time: it reads the clock, chance, files, the network or another package. */
  readonly isRepeatable: boolean;
  /** It imports no file. */
  readonly isAlone: boolean;
  /** Of what it imports alone; empty when that is nothing. */
  readonly imports: string;
  /** Its text, when it is one file that imports nothing but our own library. */
  readonly text?: string;
}

const MAX_FILES = 200;
const MAX_BYTES = 4 * 2 ** 20;
/** Of a text that is kept, characters. */
const MAX_KEPT = 256 * 1024;
const ENDINGS = ["", ".ts", ".mts", ".js", ".mjs", "/index.ts", "/index.js"];
const COMMENT_LINES = /^\s*(?:\/\/|\*|\/\*\*?\s).*$/gm;
const OUTSIDE =
  /(?<![.\w$])(?:process|globalThis|global|fetch|performance|crypto|require|eval|Function|setTimeout|setInterval|WebSocket|Worker|navigator|Atomics|Temporal|Proxy|Reflect)\b|\bconstructor\b|\bimport\.meta\b|\\[ux]/;
/** `new Date(time)` is a function of its argument, `new Date()` is not; `Math` handed on could be asked for chance out of sight. */
const CLOCK_OR_CHANCE = /\bDate\b(?!\s*\.\s*(?:UTC|parse)\b)(?<!\bnew\s+Date\b(?=\s*\(\s*[^)\s]))|\bMath\b(?!\s*\.\s*(?!random\b)\w)/;
const IMPORTS = /\b(?:from|import)\s*(\(?)\s*(?:"([^"\n]*)"|'([^'\n]*)')/g;
const COMPUTED_IMPORT = /\bimport\s*\((?!\s*["'][^"'\n]*["']\s*\))/;

/** A file that cannot be read has no repeatable result; running it says why. */
export async function strategyCode(ref: StrategyRef): Promise<StrategyCode> {
  if (ref.kind === "builtin") return { hash: "", isRepeatable: true, isAlone: true, imports: "" };
  const hash = createHash("sha256");
  const imports = createHash("sha256");
  const seen = new Set<string>();
  let bytes = 0;
  let isRepeatable = true;
  let isAlone = true;
  let own = "";
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    if (seen.size > MAX_FILES || !(await stat(path)).isFile()) throw new Error("too much to read");
    const text = await readFile(path, "utf8");
    bytes += text.length;
    if (bytes > MAX_BYTES) throw new Error("too much to read");
    if (path === ref.path) own = text;
    else imports.update(`${text.length}:`).update(text);
    hash.update(`${text.length}:`).update(text);
    const code = text.replace(COMMENT_LINES, "");
    if (OUTSIDE.test(code) || CLOCK_OR_CHANCE.test(code) || COMPUTED_IMPORT.test(code)) isRepeatable = false;
    for (const [, , double, single] of code.matchAll(IMPORTS)) {
      const specifier = double ?? single ?? "";
      if (specifier === "quantdesk") continue;
      isAlone = false;
      const target = /^\.{1,2}\//.test(specifier) ? fileOf(resolve(dirname(path), specifier)) : undefined;
      if (target === undefined) isRepeatable = false;
      else await visit(target);
    }
  };
  try {
    await visit(ref.path);
  } catch {
    isRepeatable = false;
  }
  // A strategy may ask for the hour or weekday of a bar, which depends on where the machine thinks it is.
  const digest = hash.update(Intl.DateTimeFormat().resolvedOptions().timeZone).digest("hex");
  const known = { hash: digest, isRepeatable, isAlone, imports: isAlone ? "" : imports.digest("hex") };
  return { ...known, ...(isAlone && own !== "" && own.length <= MAX_KEPT ? { text: own } : {}) };
}

function fileOf(path: string): string | undefined {
  return ENDINGS.map((ending) => path + ending).find((file) => existsSync(file) && statSync(file).isFile());
}

/** Changes with whatever of our own code can change a figure: the engine's version, and the very files that run. */
export function engineIdentity(): string {
  const worker = entryPath("backtestWorker");
  const stamp = worker.endsWith(".ts") ? newestBelow(join(packageRoot(), "src", "core")) : statSync(worker).mtimeMs;
  return sha256(`${ENGINE_VERSION} ${stamp}`);
}

function newestBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}
