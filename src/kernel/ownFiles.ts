/** Where cells find our own library and types: bundles in dist/, or the sources in a clone that runs from them. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryPath } from "../core/base/entry.ts";

/** The declarations of `desk`, `display` and `plot`. */
export function deskTypesPath(): string {
  return join(dirname(fileURLToPath(import.meta.url)), "deskTypes.d.ts");
}

/** The declarations of what cells import as "tslab". */
export function tslabTypesPath(): string {
  return join(dirname(fileURLToPath(import.meta.url)), "tslabTypes.d.ts");
}

/** What `import … from "quantdesk"` runs: the library without the session, since `desk` is the way to that. */
export function libraryPath(): string {
  return entryPath("strategyApi");
}
