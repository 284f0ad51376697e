#!/usr/bin/env node
/**
 * Runs the extension in a real VS Code extension host, without a desktop (install.mjs says what that is made of).
 *
 *   node scripts/host/run.mjs --tests FILE [--extension DIR] [--vsix FILE] [--workspace DIR] [--copy] [--shots DIR]
 *   node scripts/host/run.mjs --open [--file F] [--command "Palette title"]... [--wait S]
 *
 *   --extension DIR   the extension under test, loaded in development mode (default: this repository)
 *   --tests FILE      CommonJS module with run(): Promise<void>, what desktop test runners load too
 *   --vsix FILE       installed first, as a user does; --extension is then the test-only extension beside it
 *   --open            as a user has it: the extension linked in as installed, toasts and dialogs shown
 *   --restricted      the folder is not trusted: VS Code's Restricted Mode
 *   --copy            work on a throw-away copy of the workspace    --theme light|dark    --size 1280x800
 *   --setting k=json  user setting, repeatable                      --env K=V  for the extension host, repeatable
 *   --timeout S       300 by default       --keep  keep the profile and its logs      --verbose  all lines
 *
 * Exit status: 0 passed; 1 a test or palette command failed; 2 the host broke or bad arguments; 3 time ran out.
 * In test mode notifications show no toast and modal dialogs throw: that is VS Code's own rule for tests.
 */
import { existsSync, mkdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../node24.mjs";
import { Bridge } from "./bridge.mjs";
import { HostUnavailable, installHost } from "./install.mjs";
import { installVsix, makeProfile, openWorkbench, removeProfile, sleep, startServer } from "./workbench.mjs";

const text = { type: "string" };
const many = { type: "string", multiple: true, default: [] };
const flag = { type: "boolean", default: false };
const started = Date.now();
const say = (message) => console.log(`[host ${((Date.now() - started) / 1000).toFixed(1)}s] ${message}`);

/** What must be closed, last opened first; the first caller of `finish` ends the process. */
const closers = [];
let finishing = false;
async function finish(code, why) {
  if (finishing) return new Promise(() => {});
  finishing = true;
  say(`${why}; exit ${code}`);
  for (const close of closers.reverse()) await Promise.race([Promise.resolve(close(code)).catch(() => {}), sleep(10_000)]);
  process.exit(code);
}

function readOptions() {
  const options = {
    extension: text,
    tests: text,
    vsix: text,
    workspace: text,
    shots: text,
    timeout: text,
    file: text,
    wait: text,
    size: text,
    theme: text,
    command: many,
    setting: many,
    env: many,
    open: flag,
    copy: flag,
    keep: flag,
    verbose: flag,
    restricted: flag,
  };
  const { values } = parseArgs({ options });
  if (values.open === (values.tests !== undefined)) throw new Error("give either --tests FILE or --open");
  const path = (value) => (value === undefined ? undefined : resolve(value));
  const pairs = (list, read) => Object.fromEntries(list.map((item) => [item.slice(0, item.indexOf("=")), read(item.slice(item.indexOf("=") + 1))]));
  const [width, height] = (values.size ?? "1280x800").split("x").map(Number);
  const read = {
    ...values,
    extension: path(values.extension) ?? root,
    tests: path(values.tests),
    vsix: path(values.vsix),
    workspace: path(values.workspace),
    shots: path(values.shots ?? "out/shots"),
    timeoutMs: Number(values.timeout ?? 300) * 1000,
    size: { width, height },
    settings: { ...(values.restricted ? { "security.workspace.trust.startupPrompt": "never" } : {}), ...pairs(values.setting, JSON.parse) },
    env: pairs(values.env, String),
  };
  for (const file of [read.tests, read.vsix, read.workspace]) if (file !== undefined && !existsSync(file)) throw new Error(`${file} is not there`);
  return read;
}

async function main() {
  const options = readOptions();
  const host = await installHost(say);
  setTimeout(() => void finish(3, `time ran out (${options.timeoutMs / 1000} s)`), options.timeoutMs);
  mkdirSync(options.shots, { recursive: true });
  const made = makeProfile(options);
  closers.push(() => (options.keep ? say(`profile kept: ${made.profile}`) : removeProfile(made)));
  if (options.vsix !== undefined) {
    await installVsix(host, made, options.vsix);
    say(`${basename(options.vsix)} is installed`);
  }
  const bridge = new Bridge(options.shots);
  await bridge.listen();
  closers.push(() => bridge.close());
  const env = { VSCODE_HOST_BRIDGE: bridge.url, VSCODE_HOST_SHOTS: options.shots, ...options.env };
  const server = await startServer(host, made, {
    env,
    testMode: !options.open,
    verbose: options.verbose,
    restricted: options.restricted,
    onEnd: (why) => void finish(2, why),
  });
  closers.push(() => server.stop());
  say(`code-server is up at ${server.origin}`);
  const onExit = (code) => void finish(code === 0 ? 0 : 1, `tests ended with ${code}`);
  const workbench = await openWorkbench(host, server, { ...options, folder: made.folder, onExit, onCrash: (why) => void finish(2, why) });
  closers.push(() => workbench.close());
  bridge.use(workbench.page);
  closers.push((code) => code !== 0 && bridge.screenshot("at-failure"));
  say("workbench is up");
  if (options.open) await look(bridge, workbench.page, options);
}

async function look(bridge, page, { file, command, wait }) {
  await page.locator(".statusbar-item").first().waitFor({ timeout: 60_000 });
  await sleep(Number(wait ?? 5) * 1000); // extensions that start after the workbench
  if (file !== undefined) {
    await bridge.quickPick("Control+P", file, basename(file));
    await sleep(3000);
  }
  await bridge.screenshot("open");
  for (const [index, title] of command.entries()) {
    try {
      await bridge.palette(title);
    } catch (error) {
      await finish(1, `command "${title}" failed: ${error.message.split("\n")[0]}`);
    }
    await sleep(2000);
    await bridge.screenshot(`command-${index + 1}-${title}`);
  }
  for (const row of await bridge.activations()) say(`activation: ${row}`);
  await finish(0, "done");
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void finish(2, `stopped by ${signal}`));
for (const event of ["unhandledRejection", "uncaughtException"]) process.on(event, (error) => void finish(2, `the host broke: ${error?.stack ?? error}`));
try {
  await main();
} catch (error) {
  await finish(2, error instanceof HostUnavailable ? error.message : `the host broke: ${error?.stack ?? error}`);
}
