/**
 * Type errors of a user's TypeScript file, by the native compiler that comes along, before the file is run. Node strips the
 * types without looking at them (decision 0003), so a misspelled name would otherwise show at some bar, or never.
 * Lenient where a short script is: no `strict`. Where the compiler is missing or too slow nothing is checked.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { childEnv } from "../base/childEnv.ts";
import { packageRoot } from "../base/entry.ts";
import { badInput, type TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { compilerPath, typeOptions } from "../base/typeFiles.ts";
import { strategyCode } from "./strategyCode.ts";

interface TypeProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly code: number;
  readonly message: string;
}

const LIMIT_MS = 20_000;
const MAX_KEPT = 100;
const MAX_OUTPUT = 4 * 2 ** 20;
/** Packages without types: they run all the same. */
const IGNORED = new Set([7016]);
const TYPESCRIPT = /\.[cm]?ts$/;

export class TypeCheck {
  readonly #log: Log;
  /** By path: the hash of the file with its imports, and what was found in it. */
  readonly #known = new Map<string, { readonly hash: string; readonly problems: Promise<readonly TypeProblem[]> }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Throws bad input that names file, line and column of the first type error. An unchanged file is checked once. */
  async check(path: string, signal: AbortSignal): Promise<void> {
    if (!TYPESCRIPT.test(path)) return;
    const { hash } = await strategyCode({ kind: "file", path });
    let known = this.#known.get(path);
    if (known === undefined || known.hash !== hash) {
      known = { hash, problems: this.#find(path, signal) };
      this.#known.delete(path);
      this.#known.set(path, known);
      if (this.#known.size > MAX_KEPT) this.#known.delete(this.#known.keys().next().value ?? "");
      known.problems.catch(() => this.#known.delete(path));
    }
    const problems = await known.problems;
    if (problems.length > 0) throw problemError(problems);
  }

  async #find(path: string, signal: AbortSignal): Promise<readonly TypeProblem[]> {
    const compiler = compilerPath();
    if (compiler === undefined) {
      this.#log.debug(`${path} is not checked for type errors: the compiler is not installed.`);
      return [];
    }
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-types-"));
    try {
      const project = join(folder, "tsconfig.json");
      await writeFile(project, JSON.stringify({ compilerOptions: compilerOptions(dirname(path)), files: [path] }));
      const output = await run(compiler, ["-p", project, "--pretty", "false"], dirname(path), signal);
      if (output === undefined) this.#log.warn(`${path} is not checked for type errors: the compiler did not answer within ${LIMIT_MS / 1000} s.`);
      return problemsIn(output ?? "", dirname(path)).filter(({ code, file }) => !IGNORED.has(code) && !isOurs(file));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function compilerOptions(folder: string): object {
  return {
    target: "esnext",
    module: "preserve",
    moduleResolution: "bundler",
    moduleDetection: "force",
    lib: ["esnext"],
    strict: false,
    // What stripping types cannot do, or would leave behind for Node to trip over.
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowUnreachableCode: true,
    allowUnusedLabels: true,
    allowImportingTsExtensions: true,
    allowJs: true,
    checkJs: false,
    resolveJsonModule: true,
    skipLibCheck: true,
    noEmit: true,
    ...typeOptions(folder, "strategyApi"),
  };
}

/** What it said; undefined when it took too long or could not be run. */
function run(compiler: string, args: readonly string[], cwd: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((done, failed) => {
    execFile(
      compiler,
      [...args],
      { cwd, env: childEnv(), signal, timeout: LIMIT_MS, killSignal: "SIGKILL", maxBuffer: MAX_OUTPUT, windowsHide: true },
      (error, stdout) => {
        if (signal.aborted) failed(signal.reason);
        // Exit codes 1 and 2 mean that it found something.
        else done(error === null || typeof error.code === "number" ? stdout : undefined);
      },
    );
  });
}

/** Lines like `my.ts(4,9): error TS2322: …`; what is indented below explains the line above. */
function problemsIn(output: string, folder: string): readonly TypeProblem[] {
  return output.split(/\r?\n/).flatMap((line): TypeProblem[] => {
    const found = /^(.+?)\((\d+),(\d+)\): error TS(\d+): (.*)$/.exec(line);
    if (found === null) return [];
    const [, file = "", row, column, code, message = ""] = found;
    return [{ file: resolve(folder, file), line: Number(row), column: Number(column), code: Number(code), message }];
  });
}

/** Of the library, which is written under stricter rules than these. */
function isOurs(file: string): boolean {
  return ["src", "dist", "node_modules"].some((folder) => file.startsWith(join(packageRoot(), folder) + sep));
}

function problemError([first, ...others]: readonly TypeProblem[]): TradingError {
  const { file, line, column, code, message } = first as TypeProblem;
  const more = others.slice(0, 3).map((other) => `${other.file === file ? "line " : `${other.file}:`}${other.line}`);
  const rest = others.length === 0 ? "" : ` ${others.length} more: ${more.join(", ")}${others.length > more.length ? ", …" : ""}.`;
  return badInput(
    // Below 2000 the compiler numbers errors of grammar.
    code < 2000 ? "bad-strategy-file" : "strategy-types",
    `${file}:${line}:${column}: ${message.replace(/\.?$/, ".")}${rest}`,
    "It was not run. A // @ts-nocheck in its first line turns the check off.",
    { line, column, code },
  );
}
