/** What a notebook's kernel costs: start, warm cells with types checked, interrupt, many lines, memory; beside a bare vm.Script that checks nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripTypeScriptTypes } from "node:module";
import { Script } from "node:vm";
import { childEnv } from "../src/core/base/childEnv.ts";
import { silentLog } from "../src/core/base/log.ts";
import { startKernel, type CellOutcome, type Kernel, type Output } from "../src/kernel/host.ts";
import { inTurns, median, type Benchmark, type Comparison } from "./comparison.ts";

const ROUNDS = 5;
const CELLS = 20;
const LINES = 10_000;
/** As if somebody had looked at the result for a moment. */
const PAUSE_MS = 20;
const KERNEL = "kernel";
const BARE = "vm.Script, unchecked";

export const bench: Benchmark = {
  description: "a notebook's kernel: start, cells, interrupt, output, memory",
  run: async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-bench-"));
    const open = (): Promise<Kernel> => startKernel({ folder, log: silentLog, desk: { call: () => Promise.reject(new Error("no desk here")) } }, signal);
    const kernel = await open();
    try {
      const run = (code: string, onOutput: (output: Output) => void = () => undefined): Promise<CellOutcome> =>
        kernel.execute(code, { cellId: "bench", onOutput, signal });
      await expectRefusal(run);
      const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      let unique = 0;
      const cells = async (make: (n: number) => string, count: number): Promise<number> => {
        const times: number[] = [];
        for (let i = 0; i < count; i++) {
          await pause();
          const code = make(++unique);
          const started = performance.now();
          const outcome = await run(code);
          times.push(performance.now() - started);
          if (outcome.status !== "ok") throw new Error(`A cell of the benchmark ended as ${outcome.status}.`);
        }
        return median(times);
      };
      const bare = async (make: (n: number) => string, count: number): Promise<number> => {
        const times: number[] = [];
        for (let i = 0; i < count; i++) {
          await pause();
          const code = make(++unique);
          const started = performance.now();
          new Script(`(() => {${stripTypeScriptTypes(code)}\n})()`).runInThisContext();
          times.push(performance.now() - started);
        }
        return median(times);
      };
      const compare = async (title: string, make: (n: number) => string, count = CELLS): Promise<Comparison> => {
        const samples: Record<string, number[]> = { [BARE]: [], [KERNEL]: [] };
        for (let round = -1; round < ROUNDS; round++) {
          signal.throwIfAborted();
          const [without, ours] = [await bare(make, count), await cells(make, count)];
          if (round < 0) continue;
          samples[BARE]?.push(Math.max(without, 0.001));
          samples[KERNEL]?.push(ours);
        }
        return {
          title,
          unit: "ms",
          better: "lower",
          baseline: BARE,
          samples,
          note: `Median of ${count} cells a round, each text new, ${PAUSE_MS} ms apart; ours are type-checked (an error in one was refused before), in another process.`,
        };
      };
      const starts: Record<string, number[]> = { "node -e 0": [], "kernel answers": [], "first 1 + 1, checked": [] };
      for (let round = 0; round < ROUNDS; round++) {
        signal.throwIfAborted();
        const before = performance.now();
        await once(spawn(process.execPath, ["-e", "0"], { env: childEnv(), stdio: "ignore" }), "exit");
        const started = performance.now();
        const fresh = await open();
        const ready = performance.now();
        await fresh.execute("1 + 1", { cellId: "first", onOutput: () => undefined, signal });
        const checked = performance.now();
        await fresh.close();
        starts["node -e 0"]?.push(started - before);
        starts["kernel answers"]?.push(ready - started);
        starts["first 1 + 1, checked"]?.push(checked - started);
      }
      const interrupts: number[] = [];
      for (let round = 0; round < ROUNDS; round++) interrupts.push(await interruptMs(kernel, run));
      const lines = await inTurns(
        ROUNDS,
        {
          "one string": async () => void (await run(`console.log(Array.from({ length: ${LINES} }, (_, i) => "line " + i).join("\\n"))`)),
          [KERNEL]: async () => void (await run(`for (let i = 0; i < ${LINES}; i++) console.log("line", i);`)),
        },
        signal,
      );
      return [
        { title: "start", unit: "ms", better: "lower", baseline: "node -e 0", samples: starts, note: "From nothing, without a spare process." },
        await compare("trivial cell", (n) => `${n} + 1`),
        await compare("declaring cell", (n) => `const bench${n}: number = ${n}; bench${n} + 1`),
        await compare("class cell", (n) => `class Bench { private x = ${n}; get y(): number { return this.x } }\nnew Bench().y`),
        await compare("50 typed functions", fiftyFunctions, 4),
        {
          title: "interrupt of an endless loop",
          unit: "ms",
          better: "lower",
          baseline: KERNEL,
          samples: { [KERNEL]: interrupts },
          note: "30 ms of it are left to the cell to end by itself; variables are kept.",
        },
        {
          title: `${LINES} lines`,
          unit: "ms",
          better: "lower",
          baseline: "one string",
          samples: lines,
          note: "console.log in a loop against the same text in one call.",
        },
        ...memoryOf(),
      ];
    } finally {
      await kernel.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** What is measured must be checked: a type error is refused first. */
async function expectRefusal(run: (code: string) => Promise<CellOutcome>): Promise<void> {
  const { status } = await run('const wrong: number = "text"');
  if (status !== "type-error") throw new Error(`A type error was not refused: the cell ended as ${status}.`);
}

async function interruptMs(kernel: Kernel, run: (code: string, onOutput: (output: Output) => void) => Promise<CellOutcome>): Promise<number> {
  let isRunning: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    isRunning = resolve;
  });
  const running = run('console.log("runs"); while (true) {}', () => isRunning());
  await started;
  const asked = performance.now();
  await kernel.interrupt();
  await running;
  return performance.now() - asked;
}

function fiftyFunctions(n: number): string {
  return Array.from(
    { length: 50 },
    (_, i) =>
      `function f${i}<T extends { a: number }>(x: T, y: Record<string, T[]> = {}): number { const all: Array<T | null> = [x, ...(y["k${n}"] ?? [])]; return all.filter((q): q is T => q !== null).map((q) => q.a + ${n}).reduce((sum, v) => sum + v, 0); }`,
  ).join("\n");
}

/** Resident memory of what the kernel started (runner and checker), where the system tells it. */
function memoryOf(): Comparison[] {
  if (process.platform !== "linux") return [];
  const megabytes = (pid: string): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  const children = readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]) === process.pid;
    } catch {
      return false; // ended meanwhile
    }
  });
  const samples = { "this process, front included": [megabytes("self")], "runner and checker": [children.reduce((sum, pid) => sum + megabytes(pid), 0)] };
  return [
    {
      title: "memory after all this",
      unit: "MB",
      better: "lower",
      baseline: "this process, front included",
      samples,
      note: "Resident, shared pages counted in each process.",
    },
  ];
}
