/** The yardstick of sweep.bench.ts: sweepKernel.c, compiled for this machine. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BarSeries } from "../src/core/domain/bars.ts";
import { BARS, FAST, FEE, SCALE, SLOW, type Results } from "./sweepWork.ts";

const run = promisify(execFile);

export interface CKernel {
  /** One sweep: its own milliseconds, by the clock and of the processor, and what it found. `copy`: which of several at once. */
  run(copy?: number): Promise<{ readonly ms: number; readonly cpuMs: number; readonly results: Results }>;
  end(): Promise<void>;
}

/** Undefined where there is no gcc. */
export async function compileC({ open, close }: BarSeries, signal: AbortSignal): Promise<CKernel | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-bench-"));
  const end = () => rm(folder, { recursive: true, force: true });
  const [program, prices, results] = ["sweep", "prices", "results"].map((name) => join(folder, name)) as [string, string, string];
  try {
    await run("gcc", ["-O3", "-march=native", join(import.meta.dirname, "sweepKernel.c"), "-o", program, "-lm"], { signal, timeout: 60_000 });
  } catch (error) {
    await end();
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const head = Float64Array.of(BARS, SCALE, FEE, 365, FAST.length, SLOW.length, ...FAST, ...SLOW);
  await writeFile(prices, Buffer.concat([head, open, close].map((column) => Buffer.from(column.buffer, column.byteOffset, column.byteLength))));
  return {
    end,
    run: async (copy = 0) => {
      const { stdout } = await run(program, [prices, `${results}${copy}`, "1"], { signal, timeout: 60_000 });
      const bytes = await readFile(`${results}${copy}`);
      const [ms = 0, cpuMs = 0] = stdout.trim().split(" ").map(Number);
      return { ms, cpuMs, results: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) };
    },
  };
}
