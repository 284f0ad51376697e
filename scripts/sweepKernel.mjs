/**
 * node scripts/sweepKernel.mjs: compiles src/core/backtest/sweep/kernel.as (AssemblyScript) and writes the module into
 * kernelBytes.ts beside it, with the hash of the source, so that a test notices bytes that are older than it. The compiler
 * is fetched once into the cache folder: nobody but who changes the kernel needs it.
 */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cached, npmEnv, run } from "./host/cache.mjs";
import { node24, root } from "./node24.mjs";

const COMPILER = { assemblyscript: "0.28.20" };
const FLAGS = [
  "-O3",
  "--runtime",
  "stub",
  "--enable",
  "simd",
  "--enable",
  "threads",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
  "--noExportMemory",
];

const source = join(root, "src", "core", "backtest", "sweep", "kernel.as");
const target = join(root, "src", "core", "backtest", "sweep", "kernelBytes.ts");

const tools = await cached(`assemblyscript-${COMPILER.assemblyscript}`, COMPILER, async (folder) => {
  console.log("Fetching AssemblyScript ...");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "quantdesk-kernel", private: true, dependencies: COMPILER }));
  await run("npm", ["install", "--ignore-scripts"], { cwd: folder, env: npmEnv() });
});
const work = mkdtempSync(join(tmpdir(), "quantdesk-kernel-"));
try {
  copyFileSync(source, join(work, "kernel.ts")); // the compiler knows no other ending
  await run(node24(), [join(tools, "node_modules", "assemblyscript", "bin", "asc.js"), "kernel.ts", ...FLAGS, "-o", "kernel.wasm"], { cwd: work });
  const bytes = readFileSync(join(work, "kernel.wasm"));
  const hash = createHash("sha256").update(readFileSync(source, "utf8").replaceAll("\r\n", "\n")).digest("hex");
  writeFileSync(
    target,
    `/** kernel.as, compiled by scripts/sweepKernel.mjs. Not written by hand. */
export const KERNEL_SOURCE_SHA256 = "${hash}";

export const KERNEL_BASE64 =
${bytes
  .toString("base64")
  .match(/.{1,150}/g)
  .map((line) => `  "${line}"`)
  .join(" +\n")};
`,
  );
  console.log(`${bytes.length} bytes of WebAssembly`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
