/** Strategies that cells wrote, as files of the state folder: the compute process loads files only, and their text is part of a run's hash. */
import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../core/base/canonical.ts";
import { writeWhole } from "../core/base/files.ts";
import type { StrategyText } from "./cellStrategy.ts";

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

async function dropOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  if (names.length <= MOST_FILES) return;
  const files = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  files.sort((a, b) => a.at - b.at);
  await Promise.all(files.slice(0, files.length - MOST_FILES).map(({ name }) => rm(join(folder, name), { force: true })));
}
