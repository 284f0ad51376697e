/** What cells leave going when they have ended: timers, and loops of awaits that nobody waits for. */
import assert from "node:assert/strict";
import { TestNotebook } from "./notebook.ts";

const QUIET = "const before = ticks; await new Promise((r) => setTimeout(r, 40)); ticks === before";

describe("what cells left going", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open();
    await notebook.run("let ticks = 0;");
  });
  after(() => notebook.close());

  const stops = (what: string, code: string) => {
    it(`is stopped by an interrupt when no cell runs: ${what}`, async () => {
      const ran = await notebook.run(code);
      assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
      assert.equal((await notebook.run("const from = ticks; while (ticks === from) await new Promise((r) => setTimeout(r, 1)); 'goes on'")).shown, "'goes on'");
      await notebook.kernel.interrupt();
      assert.equal((await notebook.run(QUIET)).shown, "true");
      assert.equal(notebook.kernel.state, "idle");
    });
  };
  stops("an interval", "setInterval(() => ticks++, 1);");
  stops("a timer that makes the next", "(function next(): void { ticks++; setTimeout(next, 1) })();");
  stops("immediates", "(function next(): void { ticks++; setImmediate(next) })();");
  stops("a loop of awaits", "void (async () => { for (;;) { await new Promise((r) => setTimeout(r, 1)); ticks++ } })();");

  it("goes on when another cell is interrupted", async () => {
    await notebook.run("const timer = setInterval(() => ticks++, 1);");
    const isRunning = notebook.untilPrinted("runs");
    const looping = notebook.run("console.log('runs'); await new Promise(() => {})");
    await isRunning;
    await notebook.kernel.interrupt();
    assert.equal((await looping).outcome.status, "interrupted");
    assert.equal(
      (await notebook.run("const now = ticks; while (ticks === now) await new Promise((r) => setTimeout(r, 1)); clearInterval(timer)")).outcome.status,
      "ok",
    );
    assert.equal((await notebook.run(QUIET)).shown, "true");
  });

  it("may be an endless loop in a timer, which an interrupt ends", async () => {
    const spins = notebook.untilPrinted("spins");
    await notebook.run("setTimeout(() => { console.log('spins'); for (;;) {} }, 1);");
    await spins;
    await notebook.kernel.interrupt();
    assert.equal((await notebook.run("ticks >= 0")).shown, "true");
  });

  it("is nothing once its timers have gone off", async () => {
    await notebook.run(
      "for (let i = 0; i < 1000; i++) { setTimeout(function (this: unknown) { ticks += this === undefined ? 0 : 1 }, 0); setImmediate((n) => ticks += n, 1) }",
    );
    assert.equal(
      (await notebook.run("await new Promise((r) => setTimeout(r, 20)); const id = setTimeout(() => (ticks = -1), 5); clearTimeout(id); ticks > 1000")).shown,
      "true",
    );
    assert.equal((await notebook.run(QUIET)).shown, "true");
  });
});
