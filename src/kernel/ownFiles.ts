/** Where cells find our own library and types: bundles in dist/, or the sources in a clone that runs from them. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../core/base/entry.ts";

/** The declarations of `desk`, `display` and `plot`. */
export function deskTypesPath(): string {
  return join(dirname(fileURLToPath(import.meta.url)), "deskTypes.d.ts");
}

const fromSource = (): boolean => import.meta.url.endsWith(".ts");

/** What `import … from "quantdesk"` runs. */
export function libraryPath(): string | undefined {
  return firstThere(fromSource() ? [join(packageRoot(), "src", "index.ts"), join(packageRoot(), "src", "core", "index.ts"), join(packageRoot(), "dist", "index.js")] : [join(packageRoot(), "dist", "index.js")]);
}

export function libraryTypesPath(): string | undefined {
  const dist = join(packageRoot(), "dist", "types", "index.d.ts");
  return firstThere(fromSource() ? [join(packageRoot(), "src", "index.ts"), join(packageRoot(), "src", "core", "index.ts"), dist] : [dist]);
}

function firstThere(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
