#!/usr/bin/env node
/**
 * Builds dist/: one flat folder of bundles, because processes and workers find each other beside themselves
 * (src/core/base/entry.ts), and the library's declarations below dist/types. `npm ci` runs it through `prepare`, so it
 * must work in Node 20. Files are replaced one by one by a rename: what runs from dist/ meanwhile sees whole files.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { notices } from "./notices.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const at = (...parts) => join(root, ...parts);
const nodeRequire = createRequire(import.meta.url);

/** Not in the bundles: `vscode` is the host's own; the rest are optional and native. */
const EXTERNAL = ["vscode", "canvas", "esbuild", "@napi-rs/nice"];

/** CommonJS libraries inside an ES module ask for these; two names of our own, so that none of theirs collides. */
const ESM_BANNER = [
  'import { createRequire as __qdCreateRequire } from "node:module";',
  'import { fileURLToPath as __qdFileURLToPath } from "node:url";',
  "const require = __qdCreateRequire(import.meta.url);",
  "const __qdFilename = __qdFileURLToPath(import.meta.url);",
  'const __qdDirname = __qdFileURLToPath(new globalThis.URL(".", import.meta.url));',
].join("\n");
const ESM_DEFINE = { __filename: "__qdFilename", __dirname: "__qdDirname" };

/** Large libraries that the sources import lazily: bundles of their own, which extension.cjs (where nothing can be split) loads on demand too. */
const LAZY = { "@langchain/langgraph": "langgraph", "@langchain/core/singletons": "langgraphSingletons" };

const lazyOutside = {
  name: "lazy-outside",
  setup({ onResolve }) {
    onResolve({ filter: /^@langchain\// }, ({ path, kind }) =>
      kind === "dynamic-import" && Object.hasOwn(LAZY, path) ? { path: `./${LAZY[path]}.js`, external: true } : undefined,
    );
  },
};

const CELL_PLUGIN = at("node_modules", "quantdesk-cells");

const AS_THEY_ARE = [
  ["lightweight-charts.js", "node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.js"], // goes into the HTML reports
  ["deskTypes.d.ts", "src/kernel/deskTypes.d.ts"], // what the type checker of the cells reads
  ["tslabTypes.d.ts", "src/kernel/tslabTypes.d.ts"],
];

/** Node's declarations, for cells where nobody installed them: an installed package has no development dependencies. */
const NODE_TYPES = [
  ["node", "node_modules/@types/node"],
  ["undici-types", "node_modules/undici-types"],
];

function nodeTypes() {
  return NODE_TYPES.flatMap(([name, source]) =>
    filesBelow(at(source))
      .filter((file) => file.endsWith(".d.ts") && !/[\\/]ts5\.\d[\\/]/.test(file))
      .map((file) => [join("node-types", name, relative(at(source), file)), relative(root, file)]),
  );
}

/** Its default build hides its parts from a bundler. */
const ALIAS = { "jsonc-parser": "./node_modules/jsonc-parser/lib/esm/main.js" };

const common = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  logLevel: "warning",
  logOverride: { "unsupported-dynamic-import": "silent" },
  legalComments: "none",
  external: EXTERNAL,
  alias: ALIAS,
  outdir: dist,
};

/** The table of src/core/base/entry.ts, read as text since Node 20 cannot import it. */
function entriesTable() {
  const text = readFileSync(at("src", "core", "base", "entry.ts"), "utf8");
  const table = /export const ENTRIES = \{([\s\S]*?)\}/.exec(text)?.[1];
  if (table === undefined) throw new Error("src/core/base/entry.ts has no ENTRIES table");
  return [...table.matchAll(/^\s*(\w+): "([^"]+)",/gm)].map(([, name, source]) => ({ out: name, in: join("src", source) }));
}

const isThere = (entry) => existsSync(at(entry.in));

function bundles(missing) {
  const take = (entries) => entries.filter((entry) => isThere(entry) || (missing.push(`${entry.in} is not there`), false));
  const modules = [...take([...entriesTable(), { out: "index", in: "src/index.ts" }]), ...Object.entries(LAZY).map(([name, out]) => ({ out, in: name }))];
  const launcher = take([{ out: "cli", in: "src/cli/launcher.ts" }]);
  const cellPlugin = take([{ out: "index", in: "src/extension/cellPlugin.ts" }]);
  const extension = take([{ out: "extension", in: "src/extension/extension.ts" }]);
  const node = { ...common, platform: "node", target: "node24", define: ESM_DEFINE, banner: { js: ESM_BANNER } };
  return [
    // One build for all of them: what they share is one chunk, and what is imported lazily stays lazy.
    // piscina starts the worker.js beside itself, which is dist/ for a bundled piscina; its marks on what is moved are symbols,
    // so that worker must share the chunk with our own.
    modules.length > 0 && {
      ...node,
      format: "esm",
      splitting: true,
      chunkNames: "chunk-[hash]",
      entryPoints: [...modules, { out: "worker", in: "node_modules/piscina/dist/worker.js" }],
    },
    launcher.length > 0 && { ...common, platform: "node", target: "node20.18", format: "esm", entryPoints: launcher },
    extension.length > 0 && {
      ...node,
      format: "cjs",
      plugins: [lazyOutside],
      entryPoints: extension,
      outExtension: { ".js": ".cjs" },
      minifyWhitespace: true,
      minifySyntax: true, // half the text to compile when the host loads it; names stay, for stacks
      define: { "import.meta.url": "__qdUrl" },
      banner: { js: 'const __qdUrl = require("node:url").pathToFileURL(__filename).href;' },
    },
    // VS Code's TypeScript service takes a package below node_modules for a plugin, and a factory for the package.
    cellPlugin.length > 0 && {
      ...common,
      platform: "node",
      target: "node20",
      format: "cjs",
      sourcemap: false,
      entryPoints: cellPlugin,
      outdir: CELL_PLUGIN,
      footer: { js: "module.exports = module.exports.init;" },
    },
    ...webviews(),
  ].filter(Boolean);
}

/** src/webview/NAME/main.ts is a page's script, src/webview/NAME/renderer.ts a notebook renderer (a module). A page's css comes out beside it, a renderer's is text in it. */
function webviews() {
  const folder = at("src", "webview");
  if (!existsSync(folder)) return [];
  const browser = { ...common, platform: "browser", target: "es2022", outdir: join(dist, "webview"), minify: true, loader: { ".svg": "text" } };
  const found = (file) =>
    readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, file)))
      .map((name) => ({ out: name, in: `src/webview/${name}/${file}` }));
  const pages = found("main.ts");
  const renderers = found("renderer.ts");
  return [
    pages.length > 0 && { ...browser, format: "iife", entryPoints: pages },
    renderers.length > 0 && { ...browser, format: "esm", entryPoints: renderers, loader: { ...browser.loader, ".css": "text" } },
  ];
}

/** Declarations of the public library. Type errors are the business of `npm run typecheck`; here they are only counted. */
function declarations() {
  if (!existsSync(at("src", "index.ts"))) return Promise.resolve("");
  return new Promise((resolve, reject) => {
    const tsc = spawn(
      process.execPath,
      [nodeRequire.resolve("typescript/package.json").replace(/package\.json$/, "bin/tsc"), "-p", at("tsconfig.build.json")],
      { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    tsc.stdout.on("data", (chunk) => {
      output += chunk;
    });
    tsc.on("error", reject);
    tsc.on("close", () => resolve(output));
  });
}

function replace(file, contents) {
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(contents))) return;
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, contents);
  renameSync(draft, file);
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** `npx quantdesk` in a clone: npm links the commands of dependencies, not of the package itself. */
function linkCommand() {
  const bin = at("node_modules", ".bin");
  if (!existsSync(bin) || !existsSync(join(dist, "cli.js"))) return;
  if (process.platform === "win32") {
    replace(join(bin, "quantdesk.cmd"), '@node "%~dp0\\..\\..\\dist\\cli.js" %*\r\n');
    return;
  }
  chmodSync(join(dist, "cli.js"), 0o755);
  rmSync(join(bin, "quantdesk"), { force: true });
  symlinkSync(join("..", "..", "dist", "cli.js"), join(bin, "quantdesk"));
}

/** One build at a time: two would remove each other's chunks. A lock whose process is gone is taken over. */
async function withLock(work) {
  mkdirSync(dist, { recursive: true });
  const lock = join(dist, ".building");
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      const handle = openSync(lock, "wx");
      writeSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (Date.now() > deadline || !holderLives(lock)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function holderLives(lock) {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    if (pid === 0) return Date.now() - statSync(lock).mtimeMs < 2000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** An entry that does not bundle is left out, so that the others can be worked with; the build still ends as failed. */
async function buildWhatCan(options, missing) {
  try {
    return await build({ ...options, logLevel: "silent" });
  } catch {
    const good = [];
    for (const entry of options.entryPoints) {
      try {
        await build({ ...options, entryPoints: [entry], logLevel: "silent" });
        good.push(entry);
      } catch (error) {
        const [first] = error.errors ?? [];
        missing.push(`${entry.in}: ${first === undefined ? error.message : `${first.location?.file}:${first.location?.line}: ${first.text}`}`);
      }
    }
    return good.length === 0 ? { outputFiles: [], metafile: { inputs: {} } } : build({ ...options, entryPoints: good });
  }
}

async function buildAll({ allowMissing }) {
  const started = Date.now();
  const missing = [];
  const typesBuilt = declarations();
  const results = [];
  for (const options of bundles(missing)) results.push(await buildWhatCan(options, missing));
  const written = new Set([join(dist, ".building")]);
  const inputs = new Set(["node_modules/lightweight-charts/package.json"]);
  for (const { outputFiles, metafile } of results) {
    for (const input of Object.keys(metafile.inputs)) inputs.add(input);
    for (const { path, contents } of outputFiles) {
      replace(path, contents);
      written.add(path);
    }
  }
  replace(join(CELL_PLUGIN, "package.json"), `${JSON.stringify({ name: "quantdesk-cells", version: "0.1.0", private: true, main: "index.js" })}\n`);
  replace(join(dist, "NOTICE.txt"), notices(root, [...inputs, ...NODE_TYPES.map(([, source]) => `${source}/`)]));
  written.add(join(dist, "NOTICE.txt"));
  for (const [name, source] of [...AS_THEY_ARE, ...nodeTypes()]) {
    if (!existsSync(at(source))) {
      missing.push(`${source} is not there`);
      continue;
    }
    replace(join(dist, name), readFileSync(at(source)));
    written.add(join(dist, name));
  }
  const complaints = await typesBuilt;
  for (const file of filesBelow(dist)) {
    if (written.has(file) || file.startsWith(join(dist, "types"))) continue;
    rmSync(file, { force: true });
  }
  linkCommand();
  const errors = complaints.match(/error TS\d+/g)?.length ?? 0;
  if (errors > 0) console.error(`note: ${errors} type errors below src/index.ts (npm run typecheck shows them)`);
  for (const reason of missing) console.error(`${allowMissing ? "note" : "error"}: bundle left out: ${reason}`);
  console.error(`Built ${relative(process.cwd(), dist) || "."} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return missing.length === 0 || allowMissing;
}

const isComplete = await withLock(() => buildAll({ allowMissing: process.argv.includes("--allow-missing") }));
if (!isComplete) process.exitCode = 1;
