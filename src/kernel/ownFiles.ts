/** Where cells find our own library and types: bundles in dist/, or the sources in a clone that runs from them. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryPath, packageRoot } from "../core/base/entry.ts";

/** The declarations of `desk`, `display` and `plot`. */
export function deskTypesPath(): string {
  return join(dirname(fileURLToPath(import.meta.url)), "deskTypes.d.ts");
}

/** What `import … from "quantdesk"` runs: the library without the session, since `desk` is the way to that. */
export function libraryPath(): string {
  return entryPath("strategyApi");
}

/** Node's declarations as the build puts them into dist/, for places where nobody installed them. */
export function nodeTypesPath(): string {
  return join(packageRoot(), "dist", "node-types");
}

export function libraryTypesPath(): string | undefined {
  const built = join(packageRoot(), "dist", "types", "index.d.ts");
  const source = join(packageRoot(), "src", "index.ts");
  return (import.meta.url.endsWith(".ts") ? [source, built] : [built, source]).find((path) => existsSync(path));
}
