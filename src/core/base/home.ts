/** The state folder and the log file in it. */
import { appendFile, rename, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { TradingError } from "./errors.ts";
import { makeFolder } from "./files.ts";
import { logTo, type Log } from "./log.ts";

/** The platform's data directory for Quantdesk. */
export function defaultHome(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (process.platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "quantdesk");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "quantdesk");
  return join(env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "quantdesk");
}

/** Makes the state folder with its log folder, for this user only. */
export function makeHome(home: string): void {
  try {
    makeFolder(join(home, "logs"), 0o700);
  } catch (error) {
    throw new TradingError("home-unwritable", `The state folder ${home} cannot be made: ${(error as Error).message}.`, { hint: "Give another one with --home DIR.", cause: error });
  }
}

const MAX_BYTES = 10 * 2 ** 20;
const KEPT = 10;

/**
 * Appends lines to home/logs/quantdesk.log in order, ten files of 10 MB. At most 10,000 lines wait; more are counted and dropped.
 * Whatever is in `secrets` is replaced before it is written.
 */
export function fileLog(home: string, secrets: () => readonly string[]): { readonly log: Log; flush(): Promise<void> } {
  const path = join(home, "logs", "quantdesk.log");
  let waiting: string[] = [];
  let dropped = 0;
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      if (dropped > 0) lines.push(`${new Date().toISOString()} warn ${dropped} lines were dropped\n`);
      dropped = 0;
      try {
        await rotate(path);
        await appendFile(path, lines.join(""), { mode: 0o600 });
      } catch {
        dropped += lines.length; // a full disk must not stop the work that is logged
        break;
      }
    }
    writing = undefined;
  };
  const log = logTo((level, line) => {
    if (waiting.length >= 10_000) {
      dropped++;
      return;
    }
    const clean = secrets().reduce((text, secret) => (secret.length < 4 ? text : text.replaceAll(secret, "[secret]")), line);
    waiting.push(`${new Date().toISOString()} ${level} ${clean}\n`);
    writing ??= write();
  });
  return { log, flush: async () => { await writing; } };
}

async function rotate(path: string): Promise<void> {
  const size = await stat(path).then((s) => s.size, () => 0);
  if (size < MAX_BYTES) return;
  for (let i = KEPT - 1; i >= 1; i--) {
    await rename(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`).catch(() => undefined);
  }
}
