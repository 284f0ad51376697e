#!/usr/bin/env node
/**
 * Installs the VS Code that `npm test` runs the extension in, once, into the cache folder (0.8 GB, about two minutes):
 * code-server (VS Code's own server, extension host and web workbench), playwright-core, and Debian's Chromium.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, npmEnv, run } from "./cache.mjs";

export const HOST = { codeServer: "4.139.1", playwright: "1.65.1", node: "24.21.0", recipe: 1 };

/** Compiled by code-server's own install script, which npm skips; the rest of its native modules are not needed here. */
const NATIVE = ["node-pty", "@vscode/spdlog", "@vscode/native-watchdog", "@vscode/fs-copyfile", "@parcel/watcher"];

const DEBIAN = [
  { package: "chromium", commands: ["chromium", "chromium-browser", "google-chrome"] },
  { package: "g++", commands: ["g++"] },
  { package: "make", commands: ["make"] },
  { package: "python3", commands: ["python3"] },
];

export class HostUnavailable extends Error {}

export function onPath(name) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

export function findChromium() {
  return process.env.CHROMIUM ?? ["chromium", "chromium-browser", "google-chrome"].map(onPath).find(Boolean);
}

/** The folder that holds the host's node_modules; throws `HostUnavailable` with the one command to run where it cannot be made. */
export async function installHost(say = console.log) {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new HostUnavailable(
      "The extension host of these tests runs on Linux (x64 or arm64). Run the suite in a desktop VS Code instead: npm run test:desktop",
    );
  }
  await installDebianPackages(say);
  return cached(`vscode-host-${HOST.codeServer}`, HOST, (folder) => fill(folder, say));
}

async function installDebianPackages(say) {
  const missing = DEBIAN.filter((need) => !need.commands.some(onPath) && !(need.package === "chromium" && process.env.CHROMIUM)).map((need) => need.package);
  if (missing.length === 0) return;
  if (missing.includes("chromium")) missing.push("fonts-dejavu-core");
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  const isRoot = process.getuid?.() === 0;
  if (!isDebian() || !isRoot) {
    throw new HostUnavailable(
      `The extension host needs ${missing.join(", ")}. Install with: ${isDebian() ? `sudo ${command}` : `your package manager (on Debian: ${command})`}`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const wait = ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"];
  say(`Installing ${missing.join(", ")} from Debian ...`);
  await run("apt-get", [...wait, "update"], { env });
  await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", ...missing], { env });
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync("/etc/os-release", "utf8")) && onPath("apt-get") !== undefined;
  } catch {
    return false;
  }
}

async function fill(folder, say) {
  const started = Date.now();
  const step = (what) => say(`Extension host: ${what} (${Math.round((Date.now() - started) / 1000)} s) ...`);
  const nodePackage = `node-linux-${process.arch}`;
  const nodeFolder = join(folder, "node_modules", nodePackage);
  const npm = (args, cwd, env) => run("npm", args, { cwd, env });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "quantdesk-vscode-host", private: true }));
  const plain = npmEnv();
  step("Node 24");
  await npm(["install", "--ignore-scripts", `${nodePackage}@${HOST.node}`], folder, plain);
  // Node 24 first on PATH when compiling; nodedir makes node-gyp use the package's headers instead of fetching them.
  const building = npmEnv({ PATH: join(nodeFolder, "bin") + delimiter + process.env.PATH, npm_config_nodedir: nodeFolder });
  step("code-server and playwright-core");
  await npm(["install", "--ignore-scripts", `code-server@${HOST.codeServer}`, `playwright-core@${HOST.playwright}`], folder, building);
  const vscode = join(folder, "node_modules", "code-server", "lib", "vscode");
  step("VS Code's own packages");
  await npm(["install", "--omit=dev", "--ignore-scripts"], vscode, building); // `npm ci` fails there: its shrinkwrap is out of step
  step("compiling its native modules");
  await npm(["rebuild", "--foreground-scripts", ...NATIVE], vscode, building);
  step("its built-in extensions' packages");
  await npm(["install", "--omit=dev", "--ignore-scripts"], join(vscode, "extensions"), building);
  step("done");
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log(await installHost());
  } catch (error) {
    console.error(error instanceof HostUnavailable ? error.message : error);
    process.exitCode = 2;
  }
}
