/**
 * mocha over test/, one process per file: what one file leaves open or breaks cannot reach another, and a file that
 * does not end is named. Half of the cores work at a time, since the tests start processes of their own.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { node24, root, toolScript } from "./node24.mjs";

const LIMIT_MS = 180_000;
/** Between mocha's last line and the end of its process. */
const LINGER_MS = 15_000;

/** They run inside VS Code. */
const INSIDE = [
  ["test", "extension", "suite"],
  ["test", "extension", "restricted"],
  ["test", "packaged"],
].map((parts) => join(root, ...parts));

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return INSIDE.includes(path) ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

const children = new Set();

function endGroup(child, signal) {
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // it ended by itself
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    for (const child of children) endGroup(child, "SIGKILL");
    process.exit(1);
  });
}

/** Shows the whole report of one file when it is over; true when it passed. */
function runFile(file) {
  return new Promise((done, reject) => {
    const child = spawn(node24(), [toolScript("mocha"), file], { cwd: root, detached: process.platform !== "win32", stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    let report = "";
    let trouble = "";
    const stop = (why) => {
      trouble = why;
      endGroup(child, "SIGKILL");
    };
    const limit = setTimeout(() => stop(`did not end within ${LIMIT_MS / 1000} s`), LIMIT_MS);
    let linger;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        report += chunk;
        if (linger === undefined && /^ {2}\d+ passing/m.test(report))
          linger = setTimeout(() => stop(`left something open: its process was still there ${LINGER_MS / 1000} s after its tests`), LINGER_MS);
      });
    }
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      clearTimeout(linger);
      children.delete(child);
      endGroup(child, "SIGKILL"); // whatever its tests left in its group
      const countsFailures = /^ {2}\d+ failing/m.test(report);
      if (code !== 0 && trouble === "" && !countsFailures) trouble = `ended with ${code ?? signal}`;
      console.log(`\n${relative(root, file)}${report.trimEnd()}`);
      if (trouble !== "") console.log(`  1 failing\n\n  ${relative(root, file)} ${trouble}`);
      done(code === 0);
    });
  });
}

const waiting = process.argv.length > 2 ? process.argv.slice(2) : testFiles(join(root, "test"));
const bad = [];
async function work() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    if (!(await runFile(resolve(file)))) bad.push(relative(root, file));
  }
}
await Promise.all(Array.from({ length: Math.max(1, Math.floor(availableParallelism() / 2)) }, work));
if (bad.length > 0) console.log(`\nFiles with failures:\n${bad.map((file) => `  ${file}`).join("\n")}`);
process.exitCode = bad.length === 0 ? 0 : 1;
