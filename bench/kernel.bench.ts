/**
 * What a notebook's kernel costs: start, restart, warm cells with types checked, interrupt, many lines, memory; beside tslab
 * and Deno where they are installed (kernelPeers.ts), and a bare vm.Script that checks nothing.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripTypeScriptTypes } from "node:module";
import { Script } from "node:vm";
import { childEnv } from "../src/core/base/childEnv.ts";
import { silentLog } from "../src/core/base/log.ts";
import { startKernel, type CellOutcome, type Kernel, type Output } from "../src/kernel/host.ts";
import { interruptPeerMs, kernelPeers, memoryBelow, OURS, runOk, startPeer } from "./kernelPeers.ts";
import { inTurns, median, type Benchmark, type Comparison } from "./comparison.ts";

const ROUNDS = 4;
const CELLS = 15;
const LINES = 10_000;
/** As if somebody had looked at the result for a moment. */
const PAUSE_MS = 20;
/** From one restart to the next at least: the spare is started a second after the first, and ready by then. */
const SPARE_MS = 2000;
const WRONG = 'const wrong: number = "text"';
const KERNEL = "kernel";
const BARE = "vm.Script, unchecked";

export const bench: Benchmark = {
  description: "a notebook's kernel: start, cells, interrupt, output, memory",
  run: async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-bench-"));
    const open = (warmSpare = false): Promise<Kernel> =>
      startKernel({ folder, warmSpare, log: silentLog, desk: { call: () => Promise.reject(new Error("no desk here")) } }, signal);
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
        ...(await peers(signal)),
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
        await sentBefore(kernel, run, signal),
        await restarts(open, signal),
      ];
    } finally {
      await kernel.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** What is measured must be checked: a type error is refused first. */
async function expectRefusal(run: (code: string) => Promise<CellOutcome>): Promise<void> {
  const { status } = await run(WRONG);
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

/** The editor sends a cell's text while it is typed: what was checked then is not checked again. */
async function sentBefore(kernel: Kernel, run: (code: string) => Promise<CellOutcome>, signal: AbortSignal): Promise<Comparison> {
  const samples: Record<string, number[]> = { "text is new": [], "text was sent before": [] };
  for (let n = 0; n < ROUNDS * CELLS; n++) {
    for (const [name, isSent] of [
      ["text is new", false],
      ["text was sent before", true],
    ] as const) {
      const code = `${n} + ${isSent ? 2 : 3}`;
      if (isSent) await kernel.diagnose(code, signal);
      const started = performance.now();
      await run(code);
      samples[name]?.push(performance.now() - started);
    }
  }
  await kernel.diagnose(WRONG, signal);
  await expectRefusal(run);
  const medians = Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, chunks(all, CELLS).map(median)]));
  return {
    title: "trivial cell, typed in an editor",
    unit: "ms",
    better: "lower",
    baseline: "text is new",
    samples: medians,
    note: "Check and run, one after the other without a pause; a type error in a text that was sent before was refused too.",
  };
}

/** From asking for a restart to the result of a first checked cell; the old kernel had names, as one that is restarted has. */
async function restarts(open: (warmSpare: boolean) => Promise<Kernel>, signal: AbortSignal): Promise<Comparison> {
  const samples: Record<string, number[]> = { "without a spare": [], "with a warm spare": [] };
  for (const [name, times] of Object.entries(samples)) {
    const kernel = await open(name === "with a warm spare");
    try {
      const run = (code: string): Promise<CellOutcome> => kernel.execute(code, { cellId: "bench", onOutput: () => undefined, signal });
      for (let round = 0; round < ROUNDS; round++) {
        for (let n = 0; n < 5; n++) await run(`const kept${n}: number = ${n}; function get${n}() { return kept${n} }`);
        await new Promise((resolve) => setTimeout(resolve, SPARE_MS));
        const started = performance.now();
        await kernel.restart();
        const { status } = await run(`1 + ${round}`);
        times.push(performance.now() - started);
        if (status !== "ok") throw new Error(`The first cell after a restart ended as ${status}.`);
        if ((await run("kept0")).status !== "type-error") throw new Error("A name of before the restart is still known.");
      }
    } finally {
      await kernel.close();
    }
  }
  return {
    title: "restart to a first checked 1 + 1",
    unit: "ms",
    better: "lower",
    baseline: "without a spare",
    samples,
    note: "The spare is a second runner, kept ready; the compiler goes on without the old cells.",
  };
}

function chunks(values: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** The product as it is built, as a Jupyter client sees it, in turns with tslab where that is installed. */
async function peers(signal: AbortSignal): Promise<readonly Comparison[]> {
  const all = kernelPeers();
  const titles = [
    "kernel_info from process start",
    "first 1 + 1 from process start",
    "trivial cell over Jupyter",
    "50 typed functions over Jupyter",
    "interrupt over Jupyter",
    `${LINES} lines over Jupyter`,
  ];
  const measured = titles.map((title) => ({ title, samples: Object.fromEntries([...all.keys()].map((name) => [name, [] as number[]])) }));
  const memory: Record<string, number[]> = {};
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    await once(spawn(process.execPath, ["-e", "0"], { env: childEnv(), stdio: "ignore" }), "exit");
    bare.push(performance.now() - before);
    for (const [name, { options, keepsLines, survivesInterrupts }] of all) {
      signal.throwIfAborted();
      const { client, answeredMs, firstCellMs } = await startPeer(options);
      try {
        if (round === 0) Object.assign(memory, memoryOf(name, client.process.pid as number));
        const timed = async (code: string): Promise<number> => {
          const started = performance.now();
          await runOk(client, code);
          return performance.now() - started;
        };
        const trivial: number[] = [];
        for (let n = 0; n < CELLS; n++) trivial.push(await timed(`${round * CELLS + n} + 1`));
        const functions = await timed(fiftyFunctions(round));
        const lines = keepsLines ? await timed(`for (let i = 0; i < ${LINES}; i++) console.log("line", i);`) : Number.NaN;
        const interrupt = survivesInterrupts ? await interruptPeerMs(client) : Number.NaN;
        if (name === OURS && (await client.run(WRONG)).reply["status"] !== "error") throw new Error("A type error was not refused over Jupyter.");
        [answeredMs, firstCellMs, median(trivial), functions, interrupt, lines].forEach((value, i) => measured[i]?.samples[name]?.push(value));
      } finally {
        await client[Symbol.asyncDispose]();
      }
    }
  }
  const start = measured.splice(0, 2).map(({ title, samples }) => ({ title, samples: { "node -e 0": bare, ...samples }, baseline: "node -e 0" }));
  const comparisons = [...start, ...measured.map((one) => ({ ...one, baseline: OURS }))].map(({ title, samples, baseline }) => ({
    title,
    unit: "ms",
    better: "lower" as const,
    baseline,
    samples: Object.fromEntries(Object.entries(samples).filter(([, values]) => values.every(Number.isFinite))),
    note: "A process of its own, over ZeroMQ; types checked but in Deno. Whoever loses lines or ends at an interrupt is left out there.",
  }));
  if (Object.keys(memory).length === 0) return comparisons;
  return [
    ...comparisons,
    {
      title: "memory after the first cell",
      unit: "MB",
      better: "lower",
      baseline: RUNNER_AND_CHECKER,
      samples: memory,
      note: "Resident; shared pages are counted in each process. In VS Code the front is a thread, and a warm spare is a second runner.",
    },
  ];
}

const RUNNER_AND_CHECKER = `${OURS}: runner and checker`;

/** Of ours by its parts, of a peer as a whole. */
function memoryOf(name: string, pid: number): Record<string, number[]> {
  const found = memoryBelow(pid);
  if (found === undefined) return {};
  const all = found.below.reduce((sum, { megabytes }) => sum + megabytes, 0);
  if (name !== OURS) return { [name]: [found.own + all] };
  const runner = found.below.find(({ command }) => command.includes("kernelRunner"))?.megabytes ?? Number.NaN;
  return { [RUNNER_AND_CHECKER]: [all], [`${OURS}: front`]: [found.own], [`${OURS}: a warm spare`]: [runner] };
}
