/** Strategies that cells wrote, as files of the state folder: the compute process loads files only, and their text is part of a run's hash. */
import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../core/base/canonical.ts";
import { TradingError } from "../core/base/errors.ts";
import { writeWhole } from "../core/base/files.ts";
import type { StrategyText } from "./cellStrategy.ts";
import type { DeskAnswer } from "./deskProtocol.ts";

/** Older ones make room; each is a few hundred bytes. */
const MOST_FILES = 500;

/** The path of the strategy's file, which is there when this resolves. */
export async function strategyFileOf(home: string, { name, code }: StrategyText): Promise<string> {
  const folder = join(home, "cells");
  const path = join(folder, `${name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 40)}-${sha256(code).slice(0, 12)}.mjs`);
  if (existsSync(path)) return path;
  await writeWhole(path, code, 0o600);
  await dropOldest(folder);
  return path;
}

/** Whoever wrote a strategy in a cell knows its name and no file: `work`, with that said in errors, its own and those inside of its answer. */
export async function namingStrategies(home: string, work: () => Promise<DeskAnswer>): Promise<DeskAnswer> {
  const said = (text: string): string => {
    const parts = text.split(join(home, "cells", "/"));
    return parts.map((part, i) => (i === 0 ? part : part.replace(/^([\w-]+)-[0-9a-f]{12}\.mjs(:\d+)*/, "The strategy $1"))).join("");
  };
  const inside = <T>(item: T): T => {
    const { error, message } = item as { readonly error?: { readonly message?: string } | string; readonly message?: string };
    if (typeof error === "string") return { ...item, error: said(error) };
    if (typeof error?.message === "string") return { ...item, error: { ...error, message: said(error.message) } };
    return typeof message === "string" ? { ...item, message: said(message) } : item;
  };
  try {
    const { kind, value } = await work();
    const lists = value as { readonly results?: readonly unknown[]; readonly failures?: readonly unknown[]; readonly windows?: readonly unknown[] };
    if (kind === "batch") return { kind, value: { ...lists, results: lists.results?.map(inside) } };
    if (kind === "sweep") return { kind, value: { ...lists, failures: lists.failures?.map(inside) } };
    if (kind === "walkForward") return { kind, value: { ...lists, windows: lists.windows?.map(inside) } };
    return { kind, value };
  } catch (error) {
    if (!(error instanceof TradingError) || said(error.message) === error.message) throw error;
    throw TradingError.fromPlain({ ...error.toPlain(), message: said(error.message) });
  }
}

async function dropOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  if (names.length <= MOST_FILES) return;
  const files = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  files.sort((a, b) => a.at - b.at);
  await Promise.all(files.slice(0, files.length - MOST_FILES).map(({ name }) => rm(join(folder, name), { force: true })));
}
