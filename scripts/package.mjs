#!/usr/bin/env node
/**
 * `npm run package [-- --target linux-x64]`: one .vsix for one platform, with the native TypeScript 7 of that platform.
 * What goes in is decided by .vscodeignore alone. It is packed from a copy, whose manifest has no development
 * dependencies and whose node_modules has nothing but TypeScript. vsce lives in the cache folder: users do not need it.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, npmEnv, run } from "./host/cache.mjs";
import { node24, root } from "./node24.mjs";

const VSCE = "3.9.1";
const LIMIT_MB = 14;

/** What vsce calls a platform -> what TypeScript's package of it is called. */
const TARGETS = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "win32-x64": "win32-x64",
  "darwin-x64": "darwin-x64",
  "darwin-arm64": "darwin-arm64",
};

async function vsce() {
  const folder = await cached(`vsce-${VSCE}`, { vsce: VSCE }, async (place) => {
    console.log(`Fetching vsce ${VSCE} ...`);
    writeFileSync(join(place, "package.json"), JSON.stringify({ name: "quantdesk-vsce", private: true }));
    await run("npm", ["install", "--ignore-scripts", "--omit=optional", `@vscode/vsce@${VSCE}`], { cwd: place, env: npmEnv() });
  });
  return join(folder, "node_modules", "@vscode", "vsce", "vsce");
}

/** The folder of the native TypeScript for `target`: the installed one, or another platform's from the cache. */
async function nativeTypeScript(target, version) {
  const name = `typescript-${TARGETS[target]}`;
  const installed = join(root, "node_modules", "@typescript", name);
  if (existsSync(installed)) return installed;
  const folder = await cached(`${name}-${version}`, { version }, async (place) => {
    console.log(`Fetching the TypeScript of ${target} ...`);
    writeFileSync(join(place, "package.json"), JSON.stringify({ name: "quantdesk-typescript", private: true }));
    await run("npm", ["install", "--ignore-scripts", "--force", `@typescript/${name}@${version}`], { cwd: place, env: npmEnv() });
  });
  return join(folder, "node_modules", "@typescript", name);
}

/** Copies what .vscodeignore can name; vsce then takes from it what it does name. */
async function stage(target) {
  const folder = join(root, "out", `package-${target}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const rules = readFileSync(join(root, ".vscodeignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"));
  const tops = new Set(rules.map((rule) => rule.slice(1).split("/")[0]).filter((top) => top !== "node_modules" && top !== "package.json"));
  for (const top of [...tops, ".vscodeignore"]) {
    if (existsSync(join(root, top)))
      cpSync(join(root, top), join(folder, top), { recursive: true, filter: (source) => !/\.map$|\/node_modules(\/|$)/.test(relative(root, source)) });
  }
  dropOutputs(join(folder, "notebooks"));
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const key of ["files", "scripts", "devDependencies", "optionalDependencies", "allowScripts", "overrides"]) delete manifest[key];
  manifest.dependencies["quantdesk-cells"] = "0.1.0"; // made by the build, not by npm: vsce takes what the manifest names
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  const native = await nativeTypeScript(target, manifest.dependencies.typescript);
  for (const [from, to] of [
    [join(root, "node_modules", "typescript"), "typescript"],
    [join(root, "node_modules", "quantdesk-cells"), "quantdesk-cells"],
    [native, join("@typescript", basename(native))],
  ]) {
    cpSync(from, join(folder, "node_modules", to), { recursive: true });
  }
  return { folder, version: manifest.version };
}

/** The guided notebooks run in five seconds where this package is installed: their pictures would be 0.15 MB of it. */
function dropOutputs(folder) {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".ipynb"))) {
    const notebook = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const cell of notebook.cells) if (cell.cell_type === "code") Object.assign(cell, { execution_count: null, outputs: [] });
    writeFileSync(join(folder, name), `${JSON.stringify(notebook, null, 1)}\n`);
  }
}

/** Packs dist/ as it is; the path of the .vsix. */
export async function makePackage({ target = `${process.platform}-${process.arch}` } = {}) {
  if (!Object.hasOwn(TARGETS, target)) throw new Error(`There is no package for ${target}. Give --target one of ${Object.keys(TARGETS).join(", ")}.`);
  if (!existsSync(join(root, "dist", "extension.cjs"))) throw new Error("dist/extension.cjs is not there: run npm run build first.");
  const { folder, version } = await stage(target);
  const file = join(root, "out", `quantdesk-${target}-${version}.vsix`);
  const args = [await vsce(), "package", "--target", target, "--out", file, "--allow-missing-repository", "--no-rewrite-relative-links"];
  try {
    await run(node24(), args, { cwd: folder, env: npmEnv(), timeoutMs: 180_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const megabytes = statSync(file).size / 1e6;
  console.log(`${relative(process.cwd(), file)}: ${megabytes.toFixed(1)} MB (at most ${LIMIT_MB})`);
  if (megabytes > LIMIT_MB) throw new Error(`The package is larger than ${LIMIT_MB} MB.`);
  return file;
}

function rebuild() {
  const child = spawn(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" });
  return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--target");
  try {
    if ((await rebuild()) !== 0) throw new Error("dist/ is not whole, so nothing was packed.");
    await makePackage(at === -1 ? {} : { target: process.argv[at + 1] });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
