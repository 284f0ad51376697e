/** Where the compiler finds the types of `quantdesk` and of Node, for cells and for files that users write. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { packageRoot } from "./entry.ts";

/** What `import … from "quantdesk"` means: everything, or what a strategy or scanner file has in its worker. */
type Library = "index" | "strategyApi";

/** Compiler options for a file in `folder`: Node's types are those installed there, else those in a clone, else our own copy. */
export function typeOptions(
  folder: string,
  name: Library,
): { readonly types: readonly string[]; readonly typeRoots: readonly string[]; readonly paths: object } {
  const library = libraryTypesPath(name)?.replaceAll("\\", "/");
  const installed = [...typeRootsOf(folder), ...typeRootsOf(packageRoot())];
  // As the build puts them into dist/, for places where nobody installed them.
  const shipped = join(packageRoot(), "dist", "node-types").replaceAll("\\", "/");
  return {
    types: ["node"],
    typeRoots: installed.length > 0 ? installed : [shipped],
    paths: {
      ...(library === undefined ? {} : { quantdesk: [library] }),
      ...(installed.length > 0 ? {} : { "undici-types": [`${shipped}/undici-types/index.d.ts`] }),
    },
  };
}

/** The native TypeScript compiler of this platform; undefined where it is not installed. */
export function compilerPath(): string | undefined {
  try {
    const fromPackage = createRequire(createRequire(join(packageRoot(), "package.json")).resolve("typescript/package.json"));
    const folder = dirname(fromPackage.resolve(`@typescript/typescript-${process.platform}-${process.arch}/package.json`));
    return join(folder, "lib", process.platform === "win32" ? "tsc.exe" : "tsc");
  } catch {
    return undefined;
  }
}

function libraryTypesPath(name: Library): string | undefined {
  const built = join(packageRoot(), "dist", "types", `${name}.d.ts`);
  const source = join(packageRoot(), "src", `${name}.ts`);
  return (import.meta.url.endsWith(".ts") ? [source, built] : [built, source]).find((path) => existsSync(path));
}

/** Folders that hold Node's types, seen from `folder`. */
function typeRootsOf(folder: string): string[] {
  return (createRequire(join(folder, "file.js")).resolve.paths("x") ?? [])
    .map((at) => join(at, "@types"))
    .filter((at) => existsSync(join(at, "node", "package.json")));
}
