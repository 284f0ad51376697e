/** The state folder and the log file in it. */
import { appendFile, rename, stat } from "node:fs/promises";
import { chmodSync, lstatSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { TradingError } from "./errors.ts";
import { makeFolder } from "./files.ts";
import { foreignDriveOf } from "./foreignDrive.ts";
import { logTo, type Log } from "./log.ts";

/** The platform's data directory for Quantdesk. An empty or relative variable counts as unset, as the XDG specification has it. */
export function defaultHome(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = (name: string, otherwise: readonly string[]) => (isAbsolute(env[name] ?? "") ? (env[name] as string) : join(homedir(), ...otherwise));
  if (process.platform === "win32") return join(given("LOCALAPPDATA", ["AppData", "Local"]), "quantdesk");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "quantdesk");
  return join(given("XDG_DATA_HOME", [".local", "share"]), "quantdesk");
}

/**
 * Makes the state folder with its log folder, for this user only. One that others own or may look into is refused, or closed
 * to them where it is ours alone; one that other machines write, too, is refused before anything is made.
 */
export function makeHome(home: string): void {
  const drive = foreignDriveOf(home);
  if (drive !== null) {
    throw new TradingError("home-shared", `The state folder ${home} lies on ${drive}, where the order journal could be lost or damaged.`, {
      kind: "usage",
      hint: "Give a folder of this machine with --home DIR.",
    });
  }
  try {
    makeFolder(home, 0o700);
    if (process.platform !== "win32") keepToOurselves(home);
    makeFolder(join(home, "logs"), 0o700);
  } catch (error) {
    if (error instanceof TradingError) throw error;
    throw new TradingError("home-unwritable", `The state folder ${home} cannot be made: ${(error as Error).message}.`, {
      hint: "Give another one with --home DIR.",
      cause: error,
    });
  }
}

/** Orders, keys of the embedded exchange and tokens are in it: another user must neither read it nor have put anything there. */
function keepToOurselves(home: string): void {
  const me = process.getuid?.() ?? 0;
  const link = lstatSync(home);
  const folder = statSync(home);
  // Root may work in anybody's folder, but not through a link that somebody else has laid.
  if ((me !== 0 && folder.uid !== me) || (link.isSymbolicLink() && link.uid !== me && link.uid !== 0)) {
    throw new TradingError("home-of-another", `The state folder ${home} belongs to another user.`, {
      kind: "usage",
      hint: "Give another one with --home DIR.",
    });
  }
  if ((folder.mode & 0o077) === 0) return;
  const isOurs = readdirSync(home).every((name) => OWN_FILES.test(name));
  if (!isOurs) {
    // Closing a folder that holds other things could take them from programs that need them: /tmp, a project, a web root.
    throw new TradingError("home-open", `Other users can look into the state folder ${home}, which holds more than Quantdesk's files.`, {
      kind: "usage",
      hint: `Give a folder of its own with --home DIR, or close this one: chmod 700 ${JSON.stringify(home)}`,
    });
  }
  chmodSync(home, 0o700);
}

/** What Quantdesk itself writes into a state folder. */
const OWN_FILES =
  /^\.?((logs|bars)$|(quantdesk|quantdesk-results|exchange)\.sqlite\b|exchange\.json\b|exchange-certificate\.pem\b|performance\.token\b|settings\.json\b|circuits\.json\b|DS_Store$)/;

const MAX_BYTES = 10 * 2 ** 20;
const KEPT = 10;

/**
 * Appends lines to home/logs/quantdesk.log in order, ten files of 10 MB. At most 10,000 lines wait; more are counted and dropped.
 */
export function fileLog(home: string): { readonly log: Log; flush(): Promise<void> } {
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
    waiting.push(`${new Date().toISOString()} ${level} ${line}\n`);
    writing ??= write();
  });
  return {
    log,
    flush: async () => {
      await writing;
    },
  };
}

async function rotate(path: string): Promise<void> {
  const about = await stat(path).catch(() => undefined);
  if (about?.isFile() === false) throw new Error(`${path} is no file`); // opening a pipe would wait for its reader
  if ((about?.size ?? 0) < MAX_BYTES) return;
  for (let i = KEPT - 1; i >= 1; i--) {
    await rename(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`).catch(() => undefined);
  }
}
