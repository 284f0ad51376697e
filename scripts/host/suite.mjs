/**
 * Bundles tests for the extension host: CommonJS below out/test/, one file for each `index.ts` and `*.test.ts` of a folder
 * (flat names, so that an index may add the test files beside itself, or import them). `vscode` is the host's own; mocha
 * stays outside of the bundles and is found in this repository's node_modules, since it loads parts of itself by name.
 */
import { readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { root } from "../node24.mjs";

export async function bundleSuite(source, target) {
  const folder = join(root, source);
  const names = readdirSync(folder).filter((name) => name === "index.ts" || name === "extension.ts" || name.endsWith(".test.ts"));
  if (!names.includes("index.ts")) throw new Error(`${source}/index.ts is not there`);
  const outdir = join(root, target);
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => ({ in: join(folder, name), out: basename(name, ".ts") })),
    outdir,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    external: ["vscode", "mocha"],
    define: { "import.meta.url": "__qdUrl" },
    banner: { js: 'const __qdUrl = require("node:url").pathToFileURL(__filename).href;' },
    sourcemap: "inline",
    logLevel: "warning",
  });
  return join(outdir, "index.cjs");
}
