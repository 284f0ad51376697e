import assert from "node:assert/strict";
import type { CellQuestion } from "../../src/kernel/host.ts";
import { cellChecks } from "./checks.ts";
import { TestNotebook } from "./notebook.ts";

const BARS = `const times = Float64Array.from({ length: 300 }, (_, i) => i * 86_400_000);
const price = times.map((_, i) => 100 + Math.sin(i / 9));
const bars = { symbol: "A", timeframe: "1Day", source: "a test", simulated: true, length: 300, time: times, open: price, high: price.map((p) => p + 1), low: price.map((p) => p - 1), close: price, volume: times } as unknown as Parameters<typeof desk.computeFeaturesSync>[0];`;

describe("a cell that asks", () => {
  describe("whoever runs it", () => {
    it("gets the answer as text", async () => {
      const questions: CellQuestion[] = [];
      const notebook = await TestNotebook.open({
        input: async (question) => {
          questions.push(question);
          return "Ada";
        },
      });
      try {
        const ran = await notebook.run('const who = await input("Who? "); who.length + (await input("Word", { password: true }))', { cellId: "c1" });
        assert.equal(ran.shown, "'3Ada'");
        assert.deepEqual(questions, [
          { prompt: "Who? ", password: false, cellId: "c1" },
          { prompt: "Word", password: true, cellId: "c1" },
        ]);
      } finally {
        await notebook.close();
      }
    });

    it("is told when nobody is there", async () => {
      const notebook = await TestNotebook.open();
      try {
        const { outcome } = await notebook.run('await input("Who?")');
        assert.equal(outcome.status === "error" && outcome.error.code, "no-input");
        assert.match(outcome.status === "error" ? outcome.error.message : "", /nobody to ask/);
      } finally {
        await notebook.close();
      }
    });

    it("can be interrupted while it waits, and takes the question back", async () => {
      let asked: () => void = () => undefined;
      const isAsked = new Promise<void>((resolve) => {
        asked = resolve;
      });
      let takenBack: () => void = () => undefined;
      const isTakenBack = new Promise<void>((resolve) => {
        takenBack = resolve;
      });
      const notebook = await TestNotebook.open({
        input: (_question, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              takenBack();
              reject(signal.reason as Error);
            });
            asked();
          }),
      });
      try {
        const running = notebook.run('await input("Who?")');
        await isAsked;
        await notebook.kernel.interrupt();
        assert.equal((await running).outcome.status, "interrupted");
        await isTakenBack;
        assert.equal((await notebook.run("1 + 1")).shown, "2");
      } finally {
        await notebook.close();
      }
    });
  });

  describe("for work away from it", () => {
    const { check, fails, notebook } = cellChecks(async (open) => {
      await open.write("work.mjs", "export const half = (n) => n / 2;");
    });
    check(
      "runs a function in another process",
      ["const away = await desk.executeBlocking((n: number) => [n * 2, process.pid], [21]); [away[0], away[1] === process.pid]"],
      "[ 42, false ]",
    );
    check(
      "awaits and imports there as in a cell",
      ["await desk.executeBlocking(async (n: number) => { const os = await import('node:os'); return (await Promise.resolve(n)) + os.EOL.length }, [1])"],
      "2",
    );
    check("runs what a module of the notebook's folder exports", ["await desk.executeBlocking({ module: './work.mjs', export: 'half' }, [8])"], "4");
    fails(
      "is refused a captured variable by name",
      ["const outside = 3; await desk.executeBlocking((n: number) => n * outside, [2])"],
      "error",
      /uses outside, which it does not define itself/,
    );
    fails("ends what takes too long", ["await desk.executeBlocking(() => { for (;;) {} }, [], { timeoutMs: 200 })"], "error", /200|timeout|time/i);
    check("keeps types", ["const typed: number = await desk.executeBlocking((a: number, b: number) => a + b, [1, 2]); typed"], "3");

    it("is interrupted with its work", async () => {
      const isRunning = notebook().untilPrinted("runs");
      const running = notebook().run('console.log("runs"); await desk.executeBlocking(() => { for (;;) {} }, [])');
      await isRunning;
      await notebook().kernel.interrupt();
      assert.equal((await running).outcome.status, "interrupted");
    });

    check(
      "computes features of bars that it has",
      [BARS, "const f = desk.computeFeaturesSync(bars); [f.bars, f.columns.sma20?.length, Number.isFinite(f.latest.rsi14), f.simulated]"],
      "[ 300, 300, true, true ]",
    );
    check(
      "computes indicators beside the standard features",
      [BARS, 'const g = desk.computeFeaturesSync(bars, { indicators: ["adx", "vwap"] }); [g.columns["adx(14).plusDi"]?.length, typeof g.latest["vwap"]]'],
      "[ 300, 'number' ]",
    );
    fails("is told what features are computed of", ["desk.computeFeaturesSync({} as never)"], "error", /takes bars as columns/);
  });
});
