/**
 * Imports of cells: resolved from the notebook's folder. A local file's address carries the newest time of it and its
 * imports, so that it is read again after a change; "quantdesk" is our own library wherever the notebook lies, and "tslab" our display functions under that kernel's names.
 */
import { createRequire, registerHooks } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packageRoot } from "../core/base/entry.ts";
import { newestTime } from "./localFiles.ts";
import { libraryPath } from "./ownFiles.ts";

const PREFIX = "cell:";
const TSLAB_URL = "quantdesk:tslab";
const TSLAB_SOURCE = `const own = globalThis[Symbol.for("quantdesk.tslab")]; export const { display, newDisplay, versions } = own; export default own;`;

export interface CellModules {
  /** The second argument is that of `import()`. */
  import(specifier: string, options?: ImportCallOptions): Promise<unknown>;
  /** `require` of cells: from the notebook's folder too. */
  readonly require: NodeJS.Require;
  /** `import.meta` of cells. */
  readonly meta: Readonly<Pick<ImportMeta, "url" | "dirname" | "filename" | "main" | "resolve">>;
}

export function cellModules(folder: string): CellModules {
  const filename = join(resolve(folder), "cell.ts");
  const url = pathToFileURL(filename).href;
  const ours = [join(packageRoot(), "src"), join(packageRoot(), "dist")].map((path) => `${pathToFileURL(path).href}/`);
  const library = pathToFileURL(libraryPath()).href;
  registerHooks({
    resolve(specifier, context, next) {
      const fromCell = specifier.startsWith(PREFIX);
      const name = fromCell ? specifier.slice(PREFIX.length) : specifier;
      if (name === "quantdesk") return { url: library, shortCircuit: true };
      if (name === "tslab") return { url: TSLAB_URL, format: "module", shortCircuit: true };
      const found = next(name, fromCell ? { ...context, parentURL: url } : context);
      if (!found.url.startsWith("file:") || found.url.includes("/node_modules/") || ours.some((folder) => found.url.startsWith(folder))) return found;
      const plain = found.url.replace(/\?.*$/, "");
      const isTypeScript = /\.m?ts$/.test(plain);
      return { ...found, url: `${plain}?v=${newestTime(fileURLToPath(plain))}`, ...(isTypeScript ? { format: "module-typescript" } : {}) };
    },
    load: (address, context, next) => (address === TSLAB_URL ? { format: "module", source: TSLAB_SOURCE, shortCircuit: true } : next(address, context)),
  });
  return {
    import: (specifier, options) => import(PREFIX + specifier, options),
    require: createRequire(filename),
    meta: { url, dirname: dirname(filename), filename, main: true, resolve: (specifier) => import.meta.resolve(PREFIX + specifier) },
  };
}
