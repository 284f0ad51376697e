/**
 * Files of settings: quantdesk.json of a workspace (whoever made the folder wrote it, so it is read with a bound and
 * without trust), and settings.json of the state folder, which commands write for the person.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { getNodeValue, parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser";
import { badInput } from "../base/errors.ts";
import { writeWhole } from "../base/files.ts";

const FILE = "quantdesk.json";
export const HOME_SETTINGS = "settings.json of the state folder";
const MAX_BYTES = 2 ** 20;

/** What the file sets, by full key; nothing when there is no file. Both { "backtest.workers": 2 } and { "backtest": { "workers": 2 } } are understood. */
export async function readWorkspaceSettings(folder: string, isSetting: (key: string) => boolean): Promise<Map<string, unknown>> {
  return await read(join(folder, FILE), FILE, isSetting);
}

export async function readHomeSettings(home: string, isSetting: (key: string) => boolean): Promise<Map<string, unknown>> {
  return await read(join(home, "settings.json"), HOME_SETTINGS, isSetting);
}

/** Keeps one setting for every command on this state folder. */
export async function writeHomeSetting(home: string, key: string, value: unknown): Promise<void> {
  const settings = await readHomeSettings(home, () => true);
  await writeWhole(join(home, "settings.json"), `${JSON.stringify(Object.fromEntries(settings.set(key, value)), null, 2)}\n`, 0o600);
}

async function read(path: string, name: string, isSetting: (key: string) => boolean): Promise<Map<string, unknown>> {
  const text = await textOf(path, name);
  return text === undefined ? new Map() : settingsIn(text, { name, remedy: `Correct ${path}, or move it away.` }, isSetting);
}

async function textOf(path: string, name: string): Promise<string | undefined> {
  try {
    const about = await stat(path);
    // Reading a pipe would wait for ever.
    if (!about.isFile()) throw badInput("bad-config", `${name} is no file, but a folder or a device.`, "Rename it.");
    if (about.size > MAX_BYTES) throw badInput("bad-config", `${name} is larger than 1 MB.`, "It holds settings only.");
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "bad-config") throw error;
    throw badInput("bad-config", `${name} cannot be read: ${message}.`, `Look at ${path}.`);
  }
}

function settingsIn(
  text: string,
  { name, remedy }: { readonly name: string; readonly remedy: string },
  isSetting: (key: string) => boolean,
): Map<string, unknown> {
  const errors: ParseError[] = [];
  let tree: Node | undefined;
  try {
    tree = parseTree(text, errors, { allowTrailingComma: true });
  } catch {
    throw badInput("bad-config", `${name} is nested too deeply.`, remedy); // the parser's own stack was full
  }
  const [first] = errors;
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split("\n").length;
    throw badInput("bad-config", `${name} line ${line} is not JSON with comments (${printParseErrorCode(first.error)}).`, remedy);
  }
  if (tree?.type !== "object") throw badInput("bad-config", `${name} must hold one object, such as { "backtest.workers": 2 }.`, remedy);
  const out = new Map<string, unknown>();
  collect(tree, { prefix: "", file: name }, isSetting, out);
  return out;
}

/** Walks the syntax tree, not an object: there every name is a plain text, __proto__ too, and one that is there twice is seen. */
function collect(
  object: Node,
  { prefix, file }: { readonly prefix: string; readonly file: string },
  isSetting: (key: string) => boolean,
  out: Map<string, unknown>,
): void {
  for (const property of object.children ?? []) {
    const [name, value] = property.children ?? [];
    if (name === undefined || value === undefined || (prefix === "" && name.value === "$schema")) continue;
    const key = `${prefix}${String(name.value)}`;
    if (!isSetting(key) && value.type === "object" && (value.children ?? []).length > 0) {
      collect(value, { prefix: `${key}.`, file }, isSetting, out);
    } else {
      if (out.has(key)) throw badInput("bad-config", `${file} sets ${key} twice.`, "Remove one of them.");
      out.set(key, getNodeValue(value));
    }
  }
}
