/** What the compiler's program of cells is made of, beside the cells: options, and the names that cells have without an import. */
import { typeOptions } from "../core/base/typeFiles.ts";
import { LIBRARY } from "./cellLibrary.ts";
import { deskTypesPath, tslabTypesPath } from "./ownFiles.ts";

/** What a cell has without an import. */
export function deskGlobals(): string {
  const types = JSON.stringify(deskTypesPath().replaceAll("\\", "/"));
  return `import type { Desk, Display, Input, Plot } from ${types};
declare global { const desk: Desk; const display: Display; const plot: Plot; const input: Input; function clearOutput(): void; }`;
}

export function cellCompilerOptions(folder: string): Record<string, unknown> {
  const types = typeOptions(folder, "index");
  return {
    target: "esnext",
    // Lets a cell say `import x = require("y")` too.
    module: "preserve",
    moduleResolution: "bundler",
    lib: [LIBRARY],
    strict: true,
    moduleDetection: "force",
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    ...types,
    paths: { ...types.paths, tslab: [tslabTypesPath().replaceAll("\\", "/")] },
  };
}
