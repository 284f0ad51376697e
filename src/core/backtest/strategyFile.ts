/** Loads a strategy: a built-in one by name, or a user's file. Files are only ever loaded in a worker of the compute process. */
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import type { StrategyRef } from "../domain/backtest.ts";
import type { StrategyDefinition } from "../domain/strategy.ts";
import { sha256 } from "../base/canonical.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { userFileUrl } from "../base/ownLibrary.ts";
import { lineOf, type LoadedStrategy } from "./engines.ts";
import { findStrategy } from "./strategies/builtin.ts";
import { strategyCode } from "./strategyCode.ts";

const isFunction = v.custom<(...inputs: never[]) => unknown>((value) => typeof value === "function", "must be a function");
const number = v.pipe(v.number("must be a number"), v.finite("must be finite"));

const Parameter = v.object(
  { default: number, min: v.optional(number), max: v.optional(number), integer: v.optional(v.boolean("must be true or false")) },
  "must be like { default: 10 }",
);

const Definition = v.object(
  {
    name: v.pipe(
      v.string("must be a text"),
      v.nonEmpty("must not be empty"),
      v.maxLength(100, "must have at most 100 characters"),
      v.regex(/^\P{Cc}+$/u, "must not hold control characters"),
    ),
    params: v.record(v.string(), Parameter, "must be an object like { fast: { default: 10 } }"),
    signals: v.optional(isFunction),
    onBar: v.optional(isFunction),
  },
  "must be an object",
);

export async function loadStrategy(ref: StrategyRef): Promise<LoadedStrategy> {
  return (await load(ref)).strategy;
}

/** Of one file: whether nothing but it decides what the strategy is. */
async function load(ref: StrategyRef): Promise<{ readonly strategy: LoadedStrategy; readonly isOneFile: boolean }> {
  if (ref.kind === "builtin") return { strategy: { definition: findStrategy(ref.name), hash: "" }, isOneFile: false };
  const source = await sourceOf(ref.path);
  const { imports, text } = await strategyCode(ref);
  const hash = imports === "" ? sha256(source) : sha256(`${sha256(source)} ${imports}`);
  return { strategy: { definition: definitionIn(await importFile(ref.path, hash), ref.path), hash, file: ref.path }, isOneFile: text !== undefined };
}

/** Files that are remembered; the one that was loaded first goes first. */
const MAX_REMEMBERED = 100;
/** How long a file system may give two changes one time: of most a tick of the kernel's clock, of some two seconds. */
const TICK_MS = 50;
const LONGEST_TICK_MS = 2100;

/** Loads strategies; one whose file is the very same as before is not read again, which takes longer than a short backtest. */
export class StrategyFiles {
  readonly #known = new Map<string, { readonly stamp: string; readonly strategy: LoadedStrategy }>();

  async load(ref: StrategyRef): Promise<LoadedStrategy> {
    if (ref.kind === "builtin") return await loadStrategy(ref);
    const stamp = stampOf(ref.path);
    const known = this.#known.get(ref.path);
    if (known !== undefined && known.stamp === stamp) return known.strategy;
    this.#known.delete(ref.path);
    const { strategy, isOneFile } = await load(ref);
    if (isOneFile && stamp !== undefined && stampOf(ref.path) === stamp) {
      this.#known.set(ref.path, { stamp, strategy });
      const [first] = this.#known.keys();
      if (this.#known.size > MAX_REMEMBERED && first !== undefined) this.#known.delete(first);
    }
    return strategy;
  }
}

/** Changes with the file; undefined when it has changed so lately that the next change could have the same time, and when there is none. */
function stampOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found?.isFile() !== true) return undefined;
  const { ino, size, mtimeNs, ctimeNs } = found;
  const last = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  const tick = last % 1_000_000n === 0n ? LONGEST_TICK_MS : TICK_MS;
  return Date.now() - Number(last / 1_000_000n) < tick ? undefined : `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

/** How often the look-ahead guard has a file loaded anew. */
const UNUSED = 12;

/** With copies of a file's strategy that have seen no bar yet: what it keeps at the top of its file they do not know. */
export async function withUnused(strategy: LoadedStrategy): Promise<LoadedStrategy> {
  const { file } = strategy;
  if (file === undefined) return strategy;
  const unused: StrategyDefinition[] = [];
  for (let i = 0; i < UNUSED; i++) unused.push(definitionIn(await importFile(file, randomUUID()), file));
  return { ...strategy, unused };
}

async function sourceOf(path: string): Promise<Buffer> {
  try {
    // Reading a pipe would wait for ever, where no deadline can end it.
    if (!(await stat(path)).isFile()) throw Object.assign(new Error(), { code: "no file, but a folder or a device" });
    return await readFile(path);
  } catch (error) {
    throw badInput(
      "no-strategy-file",
      `The strategy file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"}).`,
      "Give the path of a .ts or .js file, or a built-in name.",
    );
  }
}

async function importFile(path: string, version: string): Promise<Record<string, unknown>> {
  try {
    return (await import(userFileUrl(path, version.slice(0, 16)))) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof TradingError) throw error;
    const line = error instanceof Error ? (lineOf(error, path) ?? (error instanceof SyntaxError ? await syntaxErrorLine(path) : undefined)) : undefined;
    const place = line === undefined ? path : `${path}:${line}`;
    const message = error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : String(error);
    throw badInput("bad-strategy-file", `${place} could not be loaded: ${message}`, noTypeScript(path), line === undefined ? {} : { line });
  }
}

/** Some hosts build Node without its TypeScript support. */
function noTypeScript(path: string): string | undefined {
  return /\.[cm]?ts$/.test(path) && process.features.typescript === false
    ? `The Node of this host (${process.version}) does not run TypeScript files; write it as a .js file.`
    : undefined;
}

/** Node keeps the place of a syntax error in a JavaScript module to itself when it is thrown inside a worker. */
async function syntaxErrorLine(path: string): Promise<number | undefined> {
  if (!/\.[cm]?js$/.test(path)) return undefined;
  const { parse } = await import("acorn");
  try {
    parse(await readFile(path, "utf8"), { ecmaVersion: "latest", sourceType: "module" });
    return undefined;
  } catch (error) {
    return (error as { loc?: { line?: number } }).loc?.line;
  }
}

function definitionIn(module: Record<string, unknown>, path: string): StrategyDefinition {
  const exported = module["default"];
  if (exported === undefined) {
    throw badInput("bad-strategy-file", `${path}:1 has no default export.`, "Write: export default defineStrategy({ name, params, signals or onBar }).");
  }
  const parsed = v.safeParse(Definition, exported);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const where = v.getDotPath(issue);
    throw badInput(
      "bad-strategy-file",
      `${path}: its default export is no strategy: ${where === null ? "it" : where} ${issue.message}.`,
      "Write: export default defineStrategy({ name, params, signals or onBar }).",
    );
  }
  if (parsed.output.signals === undefined && parsed.output.onBar === undefined) {
    throw badInput("bad-strategy-file", `${path}: the strategy ${parsed.output.name} has neither signals() nor onBar().`, "It needs one of them.");
  }
  // The object itself, not the parsed copy, so that methods keep their `this`.
  return exported as StrategyDefinition;
}
