#!/usr/bin/env node
/**
 * `npm test`: builds, then everything that can be tested on this machine, each part as a process of its own:
 * mocha in Node 24, the suite in a real VS Code extension host, and the packaged extension in the same host.
 * The last line is `N passed, N failed`, over all parts; a part that could not run counts as a failure.
 *
 *   --unit       mocha only; further arguments are its files (npm run test:unit -- test/core/broker/*.test.ts)
 *   --host       the extension host only           --packaged   the packaged extension only
 *   --restricted the suite of a folder that nobody trusts
 *   --desktop    the suite in a desktop VS Code instead of everything else (npm run test:desktop)
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { node24, root } from "./node24.mjs";

const MINUTE = 60_000;
const args = process.argv.slice(2);
const only = ["--unit", "--host", "--restricted", "--packaged", "--desktop"].find((flag) => args.includes(flag));
const rest = args.filter((argument) => argument !== only);
const at = (...parts) => join(root, ...parts);
const runHost = (...more) => ["scripts/host/run.mjs", "--workspace", at("notebooks"), "--copy", ...more];

const parts = [
  { flag: "--unit", name: "mocha", timeoutMs: 18 * MINUTE, command: () => ["scripts/unit.mjs", ...rest] },
  {
    flag: "--host",
    name: "extension host",
    timeoutMs: 8 * MINUTE,
    command: async () => {
      const { bundleSuite } = await import("./host/suite.mjs");
      return runHost("--tests", await bundleSuite("test/extension/suite", "out/test/extension"), "--shots", at("out", "shots"));
    },
  },
  {
    flag: "--restricted",
    name: "restricted mode",
    timeoutMs: 4 * MINUTE,
    command: async () => {
      const { bundleSuite } = await import("./host/suite.mjs");
      const tests = await bundleSuite("test/extension/restricted", "out/test/restricted");
      return [
        "scripts/host/run.mjs",
        "--workspace",
        at("test", "extension", "restricted", "workspace"),
        "--copy",
        "--restricted",
        "--tests",
        tests,
        "--shots",
        at("out", "shots-restricted"),
      ];
    },
  },
  {
    flag: "--packaged",
    name: "packaged extension",
    timeoutMs: 5 * MINUTE,
    command: async () => {
      const { bundleSuite } = await import("./host/suite.mjs");
      const { makePackage } = await import("./package.mjs");
      const vsix = await makePackage();
      const tests = await bundleSuite("test/packaged", "out/test/packaged");
      return runHost("--extension", at("test", "packaged"), "--vsix", vsix, "--tests", tests, "--shots", at("out", "shots-packaged"));
    },
  },
  { flag: "--desktop", name: "desktop VS Code", timeoutMs: 15 * MINUTE, command: () => ["scripts/host/desktop.mjs"] },
];

/** The child of the moment; it leads a process group, so that nothing of it stays when time or patience runs out. */
let current;

function endCurrent(signal) {
  if (current === undefined) return;
  try {
    if (process.platform === "win32") current.kill(signal);
    else process.kill(-current.pid, signal);
  } catch {
    // it ended by itself
  }
}

/** Runs one part, showing what it prints; its counts are read from mocha's own summary lines. */
async function runPart({ name, command, timeoutMs }) {
  console.log(`\n=== ${name} ===`);
  const started = Date.now();
  const result = { name, passed: 0, failed: 0, note: "" };
  try {
    const script = await command();
    const env = { ...process.env, FORCE_COLOR: process.stdout.isTTY ? "1" : "0" };
    if (!process.stdout.isTTY) env.NO_COLOR = "1";
    current = spawn(node24(), script, { cwd: root, env, detached: process.platform !== "win32", stdio: ["ignore", "pipe", "pipe"] });
    let last;
    const timer = setTimeout(() => {
      result.note = `stopped after ${timeoutMs / MINUTE} minutes`;
      endCurrent("SIGTERM");
      last = setTimeout(() => endCurrent("SIGKILL"), 5000).unref();
    }, timeoutMs);
    const ended = new Promise((resolve, reject) => current.on("error", reject).on("close", (code, signal) => resolve(code ?? signal)));
    let line = "";
    current.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      const lines = (line + chunk).split("\n");
      line = lines.pop();
      for (const whole of lines) count(result, stripVTControlCharacters(whole));
    });
    current.stderr.on("data", (chunk) => process.stderr.write(chunk));
    const code = await ended;
    clearTimeout(timer);
    clearTimeout(last); // it would hit the next part
    endCurrent("SIGKILL"); // whatever a test left in its group
    if (code !== 0 && result.failed === 0) {
      result.failed = 1;
      result.note ||= `ended with ${code}`;
    }
    if (code === 0 && result.passed === 0) {
      result.failed = 1;
      result.note ||= "no test ran";
    }
  } catch (error) {
    result.failed++;
    result.note = error.message;
  } finally {
    current = undefined;
  }
  result.seconds = Math.round((Date.now() - started) / 1000);
  return result;
}

function count(result, line) {
  const found = /^\s*(\d+) (passing|failing|pending)\b/.exec(line);
  if (found === null) return;
  if (found[2] === "passing") result.passed += Number(found[1]);
  if (found[2] === "failing") result.failed += Number(found[1]);
  if (found[2] === "pending") result.note = `${found[1]} pending`;
}

async function build() {
  const builder = spawn(process.execPath, [at("scripts", "build.mjs")], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => builder.on("error", reject).on("close", resolve));
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => {
    endCurrent("SIGTERM");
    setTimeout(() => {
      endCurrent("SIGKILL");
      process.exit(code);
    }, 4000);
    current?.once("close", () => process.exit(code));
    if (current === undefined) process.exit(code);
  });
}

const results = [];
if ((await build()) !== 0) {
  results.push({ name: "build", passed: 0, failed: 1, note: "dist/ is not whole", seconds: 0 });
} else {
  rmSync(at("out", "shots"), { recursive: true, force: true });
  const chosen = parts.filter((part) => (only === undefined ? part.flag !== "--desktop" : part.flag === only));
  for (const part of chosen) results.push(await runPart(part));
}
console.log("");
for (const { name, passed, failed, note, seconds } of results)
  console.log(`${name}: ${passed} passed, ${failed} failed, ${seconds} s${note ? ` (${note})` : ""}`);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = sum("failed") > 0 || sum("passed") === 0 ? 1 : 0;
