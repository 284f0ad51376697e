import assert from "node:assert/strict";
import { drawProgress, type ProgressState } from "../../src/kernel/draw/progress.ts";
import { formOf, TestNotebook, type Ran } from "./notebook.ts";

describe("a progress bar", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open();
  });
  after(() => notebook.close());

  const drawn = (ran: Ran) =>
    ran.outputs.flatMap((output) => (output.kind === "display" || output.kind === "update" ? [formOf(output.data, "text/plain")] : []));
  const check = (behaviour: string, code: string, last: RegExp) => {
    it(behaviour, async () => {
      assert.match(drawn(await notebook.run(code)).at(-1) ?? "", last);
    });
  };

  it("counts through a list, in one display, and ends with how many and how long", async () => {
    const ran = await notebook.run("let sum = 0; for (const n of display.progress([1, 2, 3], { label: 'Numbers' })) sum += n;\nsum");
    assert.equal(ran.shown, "6");
    const bars = drawn(ran).slice(0, -1);
    assert.equal(bars[0], "Numbers:   0 % ···················· 0 of 3");
    assert.match(bars.at(-1) ?? "", /^Numbers: 3 of 3 in 0\.\d s/);
    assert.equal(ran.outputs.filter((output) => output.kind === "display" && !output.isResult).length, 1);
  });

  it("is drawn at most ten times a second", async () => {
    const ran = await notebook.run("const from = Date.now(); const all = display.progress(1e9); while (Date.now() - from < 450) all.advance(); all.done()");
    const count = ran.outputs.filter((output) => output.kind === "update").length;
    assert.ok(count >= 2 && count <= 7, `${count} times`);
  });

  check(
    "stays where the loop was left",
    "for (const n of display.progress([1, 2, 3, 4])) if (n === 3) break;",
    /^ 50 % ██████████·········· stopped at 2 of 4 after/,
  );
  check("stays where the loop failed", "for (const n of display.progress(new Set([1, 2]))) throw new Error('no');", /^ {2}0 % ·+ stopped at 0 of 2 after/);
  check("knows no end of what does not tell", "function* two() { yield 1; yield 2 }\nfor (const n of display.progress(two())) void n;", /^2 in 0\.\d s/);
  check("is told the end", "function* three() { yield 1; yield 2 }\nfor (const n of display.progress(three(), { total: 4 })) void n;", /^4 of 4 in/);
  check(
    "counts through what comes later",
    "async function* later() { for (let i = 0; i < 3; i++) { await null; yield i } }\nfor await (const n of display.progress(later(), { total: 3 })) void n;",
    /^3 of 3 in/,
  );
  check(
    "takes what a sweep tells of itself",
    "async function* sweep() { yield { done: 0, combinations: 8 }; yield { done: 6, combinations: 8 } }\nlet n = 0; for await (const p of display.progress(sweep())) if (++n === 2) break;",
    /^ 75 % ███████████████····· stopped at 6 of 8/,
  );

  it("is left as interrupted by a loop that is stopped", async () => {
    const isShown = notebook.until((output) => output.kind === "update");
    const running = notebook.run(
      "for (const n of display.progress(Array.from({ length: 1000 }, (_, i) => i))) { const end = Date.now() + 20; while (Date.now() < end); }",
    );
    await isShown;
    await notebook.kernel.interrupt();
    assert.match(drawn(await running).at(-1) ?? "", /interrupted at \d+ of 1,000 after/);
  });

  it("is left as interrupted by an await that is stopped", async () => {
    const isShown = notebook.until((output) => output.kind === "display");
    const running = notebook.run("for (const n of display.progress([1, 2])) await new Promise(() => undefined);");
    await isShown;
    await notebook.kernel.interrupt();
    assert.match(drawn(await running).at(-1) ?? "", /interrupted at 0 of 2 after/);
  });

  for (const [over, said] of [
    ["'text'", "type"],
    ["null", "type"],
    ["5", "ok"],
    ["-1", "ok"],
    ["NaN", "ok"],
  ] as const) {
    it(`of ${over} ${said === "ok" ? "is drawn" : "is refused"}`, async () => {
      const { outcome } = await notebook.run(`display.progress(${over} as any); void 0`);
      assert.equal(outcome.status, said === "ok" ? "ok" : "error");
    });
  }

  it("escapes its label", () => {
    const state: ProgressState = { label: "<b>", count: 1, total: 2, elapsedMs: 1000, status: "running" };
    assert.ok(!formOf(drawProgress(state), "text/html").includes("<b><b>"));
  });

  it("says rate and time left as people do", () => {
    const said = (count: number, total: number | undefined, elapsedMs: number) =>
      drawProgress({ label: "", count, total, elapsedMs, status: "running" })["text/plain"];
    assert.equal(said(50, 200, 10_000), " 25 % █████··············· 50 of 200, 5 a second, 30 s left");
    assert.equal(said(1, 1_000_000, 1000), "  0 % ···················· 1 of 1,000,000, 1 a second, 277 h 46 min left");
    assert.equal(said(7, undefined, 2000), "7, 3.5 a second");
    assert.equal(said(0, 0, 100), "100 % ████████████████████ 0 of 0");
    assert.equal(said(300, 200, 1000), "100 % ████████████████████ 300 of 200, 300 a second");
  });
});
