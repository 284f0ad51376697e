/** Cells that replace or break what all cells share: the next cell runs, or what is wrong is told, and a restart mends it. */
import assert from "node:assert/strict";
import { TestNotebook, type Ran } from "./notebook.ts";

describe("a cell that breaks what all cells share", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ warmSpare: true });
  });
  after(() => notebook.close());
  afterEach(() => notebook.kernel.restart());

  /** The last cell of `cells` after `broken`, which all end. */
  const lastAfter = async (broken: string, ...cells: readonly string[]): Promise<Ran> => {
    let last = await notebook.run(broken);
    for (const cell of cells) last = await notebook.run(cell);
    return last;
  };
  const goesOn = (what: string, broken: string) => {
    it(`leaves the kernel able to run, print, show and fail: ${what}`, async () => {
      assert.equal((await lastAfter(`${broken}; 1`, "const next = 2; next + 1")).shown, "3");
      assert.equal((await notebook.run("await 4; 5")).shown, "5");
      assert.equal((await notebook.run("process.stdout.write('printed\\n')")).printed, "printed\n");
      const { outcome } = await notebook.run("throw new RangeError('told')");
      assert.equal(outcome.status === "error" ? outcome.error.message : outcome.status, "told");
    });
  };
  goesOn("console is deleted", "delete (globalThis as any).console");
  goesOn("Promise is another", "(globalThis as any).Promise = class {}");
  goesOn("JSON throws", "JSON.stringify = JSON.parse = () => { throw new Error('mine') }");
  goesOn(
    "timers and clocks are fakes",
    "for (const name of ['setTimeout', 'setImmediate', 'clearTimeout']) (globalThis as any)[name] = () => 0; (performance as any).now = () => NaN",
  );
  goesOn("methods of Object are gone", "(Object as any).defineProperty = (Object as any).hasOwn = (Object as any).keys = null");
  goesOn("Buffer, Symbol, Map and Atomics are gone", "for (const name of ['Buffer', 'Symbol', 'Map', 'Atomics']) (globalThis as any)[name] = undefined");
  goesOn("stacks are prepared by a number", "Error.prepareStackTrace = () => 5");

  it("says so when no name can be made any more", async () => {
    const { outcome } = await lastAfter("Object.freeze(globalThis); 1", "const next = 2; next");
    assert.match(outcome.status === "error" ? outcome.error.message : outcome.status, /Cannot define property next/);
    assert.equal((await notebook.run("1 + 1")).shown, "2");
  });

  it("says so when nothing can be told any more, and goes on once that is taken back", async () => {
    const { outcome } = await lastAfter("(Object.prototype as any).toJSON = () => { throw new Error('mine') }; 1", "1 + 1");
    assert.match(outcome.status === "error" ? outcome.error.message : outcome.status, /Restart the kernel/);
    assert.equal((await notebook.run("delete (Object.prototype as any).toJSON; 1")).shown, "1");
  });

  it("ends when what it shows is cyclic, or no output", async () => {
    const shows = (bundle: string) => notebook.run(`({ [Symbol.for('Jupyter.display')]: () => { const c: any = {}; c.c = c; return ${bundle} } })`);
    for (const bundle of ["{ 'application/json': c }", "{ 'application/json': 5n }", "{ 'text/html': 5 }"])
      assert.equal((await shows(bundle)).outcome.status, "error", bundle);
    assert.equal((await notebook.run("'alive'")).shown, "'alive'");
  });
});
