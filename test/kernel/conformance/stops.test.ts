import assert from "node:assert/strict";
import { FRONTS, type Front } from "./fronts.ts";

/** Cells that do not end by themselves; each says that it runs before it goes on for ever. */
const ENDLESS: ReadonlyArray<readonly [what: string, code: string]> = [
  ["a loop", "while (true) {}"],
  ["a loop that catches all", "for (;;) { try { for (;;) {} } catch {} }"],
  ["an await of what never comes", "await new Promise(() => {})"],
  ["a loop that catches what its awaits throw", "for (;;) { try { await new Promise(() => {}) } catch {} }"],
  ["a loop of awaits that come at once", "for (;;) await null"],
  ["a for await", "for await (const _ of (async function* () { for (;;) yield await null })());"],
  ["a timer's loop", "await new Promise(() => setTimeout(() => { for (;;) {} }, 1))"],
  ["a regular expression", "/^(a+)+$/.test('a'.repeat(60) + 'b')"],
  ["a recursion of microtasks", "const again = (): Promise<never> => Promise.resolve().then(again); await again()"],
  ["a wait on shared memory", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
];

describe("kernel conformance: what does not end", () => {
  for (const [frontName, open] of Object.entries(FRONTS)) {
    describe(`over ${frontName}:`, () => {
      let front: Front;
      before(async () => {
        front = await open();
        await front.run("const kept = 'state'");
      });
      after(() => front[Symbol.asyncDispose]());
      for (const [what, code] of ENDLESS) {
        it(`stops ${what} and keeps the state`, async () => {
          const stopped = await front.interrupted(`display('go'); ${code}`);
          assert.equal(stopped.failure?.name, "KeyboardInterrupt", stopped.failure?.details);
          assert.deepEqual(stopped.displays, ["display text/plain"]);
          assert.equal((await front.run("kept")).shown, "'state'");
        });
      }

      it("says what ended the process", async () => {
        const gone = await front.run("console.log('before'); process.exit(4)");
        assert.match(gone.failure?.details ?? "", /exit code 4/);
        assert.equal(gone.out, "before\n");
      });
    });
  }
});
