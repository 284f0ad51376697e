/** Files that are whole or absent: written beside their place, flushed, then renamed into it. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join, basename } from "node:path";
import { randomUUID } from "node:crypto";
import { badInput, TradingError } from "./errors.ts";

/** Makes a folder with those above it. Not `mkdirSync`'s own `recursive`, which on Linux never ends below /proc (Node 24). */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    const above = dirname(path);
    if (code !== "ENOENT" || above === path || existsSync(above)) throw error;
    makeFolder(above, mode);
    makeFolder(path, mode);
  }
}

/** Writes `data` so that a reader never sees half of it; `mode` defaults to 0o644. */
export async function writeWhole(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  // Renaming onto a device would put a file in its place (root may), onto a folder it fails at the very end.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw badInput("not-a-file", `${path} is a folder or a device, not a file.`, "Name a file.");
  const draft = join(dirname(path), `.${basename(path).slice(0, 40)}.${randomUUID()}`); // no longer than the name that it gets
  try {
    makeFolder(dirname(path));
    const handle = await open(draft, "wx", mode);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new TradingError("unwritable", `${path} cannot be written: ${(error as Error).message}.`, {
      hint: "Check the folder, its permissions and the space on the disk.",
      cause: error,
    });
  }
}
