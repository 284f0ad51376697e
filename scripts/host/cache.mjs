/** Where the tools live that tests, lint and packaging need but users of the program do not: outside the clone, keyed by version. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const MARKER = "complete.json";

/** `$QUANTDESK_TEST_CACHE`, else the user's cache folder of this system. */
export function cacheRoot() {
  if (process.env.QUANTDESK_TEST_CACHE) return process.env.QUANTDESK_TEST_CACHE;
  switch (process.platform) {
    case "win32":
      return join(process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "quantdesk", "Cache");
    case "darwin":
      return join(homedir(), "Library", "Caches", "quantdesk");
    default:
      return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quantdesk");
  }
}

/**
 * The folder `name` of the cache, filled by `fill(folder)` unless a complete one is there. It is filled under another
 * name and renamed when done, so that a half install is never taken for a whole one, and two runs at once do no harm.
 */
export async function cached(name, recipe, fill) {
  const folder = join(cacheRoot(), name);
  const wanted = JSON.stringify(recipe);
  const isComplete = () => existsSync(join(folder, MARKER)) && readFileSync(join(folder, MARKER), "utf8") === wanted;
  if (isComplete()) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  removeAbandoned(folder);
  const partial = `${folder}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await fill(partial);
    writeFileSync(join(partial, MARKER), wanted);
    if (!isComplete()) {
      rmSync(folder, { recursive: true, force: true });
      try {
        renameSync(partial, folder);
      } catch (error) {
        if (!isComplete()) throw error; // else another run was first with the same thing
      }
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

function removeAbandoned(folder) {
  const prefix = `${folder.slice(dirname(folder).length + 1)}.partial-`;
  for (const name of readdirSync(dirname(folder)).filter((n) => n.startsWith(prefix))) {
    if (!isAlive(Number(name.slice(prefix.length)))) rmSync(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** The environment for an npm that works in another folder: without what the npm that started us says about this one. */
export function npmEnv(extra = {}) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^npm_(package|lifecycle)_|^npm_config_(local_prefix|prefix|omit|include|ignore_scripts|argv|workspaces?|global)$|^NODE_OPTIONS$/i.test(name))
      delete env[name];
  }
  return { ...env, npm_config_audit: "false", npm_config_fund: "false", npm_config_update_notifier: "false", ...extra };
}

/** Runs a command to its end; on failure the error carries the last lines of what it printed. */
export function run(command, args, { cwd, env = process.env, timeoutMs = 600_000, quiet = true } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
      shell: process.platform === "win32",
    });
    let tail = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        tail = (tail + chunk).slice(-8000);
      });
    const timer = setTimeout(() => {
      tail += `\n(stopped after ${timeoutMs / 1000} s)`;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(tail);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}\n${tail}`));
    });
  });
}
