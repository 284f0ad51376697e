/** A notebook's variables, looked at without running anything of theirs. */
import assert from "node:assert/strict";
import { TestNotebook } from "./notebook.ts";
import { variablesAt } from "../../src/kernel/variables.ts";

describe("the variables of a notebook", () => {
  let notebook: TestNotebook;
  const signal = new AbortController().signal;
  before(async () => {
    notebook = await TestNotebook.open();
  });
  after(() => notebook.close());
  const shown = async (...path: string[]) =>
    Object.fromEntries((await notebook.kernel.variables(path, signal)).map(({ name, type, text }) => [name, `${type} ${text}`]));

  it("are what cells declared, with their newest values", async () => {
    await notebook.run(
      "const price = 101.5; let words = ['a', 'b']; class Box { width = 2 }\nfunction twice(n: number) { return 2 * n }\nconst box = new Box()",
    );
    await notebook.run("words = ['c']; const URL = 'mine'; type Unseen = 1");
    const all = await shown();
    assert.equal(all["price"], "number 101.5");
    assert.equal(all["words"], 'Array(1) ["c"]');
    assert.equal(all["box"], "Box {width: 2}");
    assert.equal(all["twice"], "function function");
    assert.equal(all["URL"], 'string "mine"');
    assert.equal("Unseen" in all, false);
    assert.deepEqual(await shown("words"), { 0: 'string "c"' });
    assert.deepEqual(await shown("box", "width"), {});
  });

  it("open part by part, at most 200 of each", async () => {
    await notebook.run(
      "const deep = { list: new Map([['k', { inner: [1, 2n] }]]), big: new Float64Array(1e6), many: Array.from({ length: 1e6 }, (_, i) => i) }",
    );
    assert.deepEqual(Object.keys(await shown("deep")), ["list", "big", "many"]);
    assert.equal((await shown("deep"))["big"], "Float64Array(1000000) [0, 0, 0, 0, …]");
    assert.deepEqual(await shown("deep", "list", '"k"', "inner"), { 0: "number 1", 1: "bigint 2n" });
    assert.equal((await notebook.kernel.variables(["deep", "many"], signal)).length, 200);
  });

  it("are there while a cell waits", async () => {
    const waiting = notebook.run("const before = 1; console.log('waits'); await new Promise<void>((resolve) => { (globalThis as any).goOn = resolve })");
    await notebook.untilPrinted("waits");
    assert.equal((await shown())["before"], "number 1");
    await notebook.kernel.interrupt();
    assert.equal((await waiting).outcome.status, "interrupted");
  });

  it("are refused in time while a cell computes, which goes on", async () => {
    const running = notebook.run("console.log('spins'); for (const end = Date.now() + 1500; Date.now() < end; ) {}\n'done'");
    await notebook.untilPrinted("spins");
    await assert.rejects(notebook.kernel.variables([], signal), /variables/i);
    assert.equal((await running).shown, "'done'");
  });

  it("run nothing of the user's: accessors, proxies, tags and iterators", () => {
    let calls = 0;
    const count = (): never => {
      calls++;
      throw new Error("looked");
    };
    const tricky = {
      get lazy() {
        return count();
      },
      get [Symbol.toStringTag]() {
        return count();
      },
      toString: count,
      toJSON: count,
      [Symbol.iterator]: count,
      proxy: new Proxy({}, { get: count, ownKeys: count, getOwnPropertyDescriptor: count, getPrototypeOf: count }),
      map: Object.assign(new Map([["a", 1]]), { entries: count, [Symbol.iterator]: count }),
      typed: Object.defineProperty(new Uint8Array(2), "length", { get: count }),
      odd: Object.create(new Proxy({}, { get: count, getOwnPropertyDescriptor: count, getPrototypeOf: count })) as object,
      date: Object.assign(new Date(Number.NaN), { toISOString: count }),
    };
    const globals = { tricky };
    assert.equal(variablesAt(globals, ["tricky"], []).length, 1);
    const parts = Object.fromEntries(variablesAt(globals, ["tricky"], ["tricky"]).map(({ name, type, text }) => [name, `${type} ${text}`]));
    for (const name of Object.keys(parts)) variablesAt(globals, ["tricky"], ["tricky", name]);
    assert.equal(calls, 0);
    assert.equal(parts["lazy"], "accessor (…)");
    assert.equal(parts["proxy"], "Proxy Proxy");
    assert.equal(parts["map"], 'Map(1) {"a": 1}');
    assert.equal(parts["typed"], "Uint8Array(2) [0, 0]");
    assert.equal(parts["date"], "Date Invalid Date");
  });
});
