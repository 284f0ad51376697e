#!/usr/bin/env node
/**
 * `npm run lint [-- --write]`: oxlint with types (floating promises, lost awaits), Biome for the formatting, knip for dead
 * code. Pinned, and fetched once into the cache folder: who only runs or tests the program does not need them.
 * --write formats, and lets oxlint mend what it safely can.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cached, npmEnv, run } from "./host/cache.mjs";
import { node24, root } from "./node24.mjs";

const TOOLS = { oxlint: "1.30.0", "oxlint-tsgolint": "0.8.6", "@biomejs/biome": "2.0.0", knip: "5.60.0", typescript: "5.9.3", "@types/node": "24.10.1" };
const FOLDERS = ["src", "test", "bench", "scripts"];

const write = process.argv.includes("--write");
const key = Object.entries(TOOLS)
  .slice(0, 4)
  .map(([, version]) => version)
  .join("-");
const tools = await cached(`lint-${key}`, TOOLS, async (folder) => {
  console.log("Fetching oxlint, Biome and knip ...");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "quantdesk-lint", private: true, dependencies: TOOLS }));
  await run("npm", ["install", "--ignore-scripts"], { cwd: folder, env: npmEnv() });
});

function check(name, script, args) {
  console.log(`\n=== ${name} ===`);
  const env = { ...process.env, PATH: join(tools, "node_modules", ".bin") + delimiter + process.env.PATH };
  const child = spawn(node24(), [join(tools, "node_modules", ...script.split("/")), ...args], { cwd: root, env, stdio: "inherit" });
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => resolve(code === 0)));
}

const results = {
  oxlint: await check("oxlint", "oxlint/bin/oxlint", ["--type-aware", ...(write ? ["--fix"] : []), ...FOLDERS]),
  Biome: await check("Biome", "@biomejs/biome/bin/biome", ["format", ...(write ? ["--write"] : []), "."]),
  knip: await check("knip", "knip/bin/knip.js", []),
};
console.log("");
for (const [name, isClean] of Object.entries(results)) console.log(`${name}: ${isClean ? "clean" : "has findings"}`);
process.exitCode = Object.values(results).every(Boolean) ? 0 : 1;
