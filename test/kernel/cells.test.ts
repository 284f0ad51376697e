import assert from "node:assert/strict";
import { TestNotebook, type Ran } from "./notebook.ts";

describe("a TypeScript cell", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open();
    await notebook.write("local.ts", "export enum Level { Low = 1 }\nexport const base: number = 1;");
    await notebook.write("data.json", '{"a": 7}');
  });
  after(() => notebook.close());

  const runAll = async (cells: readonly string[]): Promise<Ran> => {
    let last: Ran | undefined;
    for (const cell of cells) last = await notebook.run(cell);
    return last as Ran;
  };

  /** The last cell shows `expected`; all before it run. */
  const check = (behaviour: string, cells: readonly string[], expected: string | null): void => {
    it(behaviour, async () => {
      const ran = await runAll(cells);
      assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
      assert.equal(ran.shown, expected);
    });
  };

  /** The last cell is refused by the checker with `message` at `line`:`column`. */
  const refuses = (
    behaviour: string,
    cells: readonly string[],
    expected: { readonly line: number; readonly column: number; readonly message: RegExp },
  ): void => {
    it(behaviour, async () => {
      const { outcome } = await runAll(cells);
      assert.equal(outcome.status, "type-error", JSON.stringify(outcome));
      const [problem] = outcome.status === "type-error" ? outcome.problems : [];
      assert.match(problem?.message ?? "", expected.message);
      assert.deepEqual({ line: problem?.line, column: problem?.column }, { line: expected.line, column: expected.column });
    });
  };

  check("shows the value of its last expression", ["1 + 1"], "2");
  check("shows nothing for undefined", ["undefined"], null);
  check("shows nothing after a declaration", ["const quiet = 1"], null);
  check("shows what a promise resolves to", ["Promise.resolve(6)"], "6");
  check("awaits at top level", ["const awaited = await Promise.resolve(4); awaited"], "4");
  check("lets earlier closures see later values", ["let n1 = 1; const get1 = () => n1;", "n1 = 5;", "get1()"], "5");
  check("declares a const again with another type", ["const c = 1", 'const c = "s"', "c.length"], "1");
  check("lets an old function call the new one", ["function g() { return 1 }\nfunction h() { return g() }", "function g() { return 2 }", "h()"], "2");
  check("does so too when the new one stands in an awaiting cell", ["await 0\nfunction g() { return 3 }", "h()"], "3");
  check("hoists functions", ["hoisted();\nfunction hoisted() { return 1 }", "await 0; hoistedToo()\nfunction hoistedToo() { return 8 }", "hoistedToo()"], "8");
  check("keeps what was declared before a throw", ['const early = 9; throw new Error("x")', "early"], "9");
  check("declares without a value, before a bracket", ["let later\n;[1, 2].length", "later"], null);
  check("keeps two statements apart where only a line end does", ["let first\n(1 + 2)"], "3");
  check(
    "destructures",
    ["const { a: [d1, ...r1], b: { c: d2 = 3 } = {} } = { a: [1, 2, 3] } as { a: number[], b?: { c?: number } }", "[d1, r1, d2]"],
    "[ 1, [ 2, 3 ], 3 ]",
  );
  check("hoists var out of loops", ["for (var vi = 0; vi < 3; vi++);", "vi"], "3");
  check(
    "keeps a var that is the whole body of an if where it is",
    ['let hit: string = "no"; if (hit === "yes") var never = (hit = "changed"); else var other = 1;', "hit + other"],
    "'no1'",
  );
  check("shares enums", ["enum E { A = 3, B }", "const e: E = E.B; e"], "4");
  check("shares const enums", ["const enum CE { X = 8 }", "CE.X"], "8");
  check("replaces an enum that is declared again", ["enum E { Z }", "Object.keys(E).length"], "2");
  check(
    "has parameter properties",
    ["class Pt { constructor(public x: number, private y = 2) {} get sum() { return this.x + this.y } }", "new Pt(3).sum"],
    "5",
  );
  check("has namespaces", ["namespace Geo { export const two = 2 }", "Geo.two"], "2");
  check(
    "shares interfaces and types",
    ["interface Named { name: string }\ntype Pair<T> = [T, T]", 'const pair: Pair<Named> = [{ name: "a" }, { name: "b" }]; pair[1].name'],
    "'b'",
  );
  check("shares generics exactly", ["const wrap = <X,>(x: X) => ({ x });", 'wrap("a").x.toUpperCase()'], "'A'");
  check(
    "disposes `using` at its end",
    ["const log: string[] = [];", 'using u = { [Symbol.dispose]() { log.push("gone") } }; log.push("in")', "log.join()"],
    "'in,gone'",
  );
  check("knows satisfies", ["const s = { a: 1 } satisfies Record<string, number>; s.a"], "1");
  check(
    "loops with for await",
    ["async function* three() { yield 1; yield 2; yield 3 }", "let total = 0; for await (const k of three()) total += k;", "total"],
    "6",
  );
  check("exports as an ornament", ["export const ex = 1; export function exf() { return 2 }", "ex + exf()"], "3");
  check("shows an export default", ["export default 5 + 1"], "6");
  check("imports ES modules", ['import { id } from "esm-only"', "id(4).length"], "4");
  check("imports CommonJS modules", ['import isOdd from "common"', "isOdd(3)"], "true");
  check(
    "imports Node's modules, with types among the names",
    ['import * as os from "node:os"; import { type Stats, statSync } from "node:fs"', "typeof os.cpus + typeof statSync"],
    "'functionfunction'",
  );
  check("imports types alone", ['import type { Stats } from "node:fs"', "const noStats: Stats | null = null; noStats"], "null");
  check("imports dynamically", ['(await import("esm-only")).id(2)'], "'xx'");
  check("imports JSON", ['import d from "./data.json" with { type: "json" }', "d.a"], "7");
  check(
    "imports our own library",
    [
      'import { defineStrategy, sma } from "quantdesk"',
      'defineStrategy({ name: "x", params: {}, signals: ({ close }) => ({ entries: sma(close, 2), exits: sma(close, 3) }) }).name',
    ],
    "'x'",
  );
  check("keeps a name of a global apart from it", ["const process = 5; const performance = 'n';", "({ process }).process + performance"], "'5n'");
  check("has import.meta", ["import.meta.filename.endsWith('cell.ts')"], "true");
  check("shows a bigint", ["2n ** 70n"], "1180591620717411303424n");

  it("imports a local file again after it has changed", async () => {
    assert.equal((await runAll(['import { base, Level } from "./local.ts"', "base + Level.Low"])).shown, "2");
    await notebook.write("local.ts", "export enum Level { Low = 1 }\nexport const base: number = 100;\nexport const added = 'new';");
    assert.equal((await notebook.run('import { base, Level, added } from "./local.ts"; [base + Level.Low, added.length]')).shown, "[ 101, 3 ]");
  });

  refuses("is not run with a type error, which has its place", ["let side = 0;", 'side = 1;\n  side = "x"'], {
    line: 2,
    column: 3,
    message: /not assignable to type 'number'/,
  });
  check("leaves the state as it was when it is refused", ["side"], "0");
  refuses("knows private members of earlier cells", ["class P { private q = 1 }", "new P().q"], { line: 1, column: 9, message: /private/ });
  refuses("knows what desk takes", ['await desk.buy("AAPL", { quantity: 1 })'], { line: 1, column: 26, message: /'quantity' does not exist/ });
  refuses("names a syntax error's place", ["const ok = 1;\nfunction broken( {"], { line: 2, column: 19, message: /expected/i });

  it("shows the code frame of a type error", async () => {
    const { outcome } = await notebook.run('const one = 1;\nconst two: number = "2";\n');
    assert.equal(outcome.status === "type-error" && outcome.problems[0]?.frame, '  1 | const one = 1;\n> 2 | const two: number = "2";\n    |       ^\n  3 | ');
  });

  it("maps the stack of an error to lines and columns of cells", async () => {
    const first = await notebook.run("function bad(): never {\n  const label: string = `x`; throw new TypeError(label)\n}");
    const failed = await notebook.run("const z: number = 1\nawait 0; const q = [bad()]");
    assert.equal(failed.outcome.status, "error");
    const defined = first.outcome.status === "ok" ? first.outcome.executionCount : 0;
    const stack = failed.outcome.status === "error" ? failed.outcome.error.stack.split("\n") : [];
    assert.deepEqual(stack, ["TypeError: x", `    at bad (Cell ${defined}:2:36)`, `    at Cell ${defined + 1}:2:21`]);
  });

  it("maps the stack of a cell whose text had to be rewritten", async () => {
    const { outcome } = await notebook.run("class W { constructor(public w: number) {} }\n\nnew W(1);   throw new RangeError('far')");
    assert.match(outcome.status === "error" ? outcome.error.stack : "", /Cell \d+:3:19/);
  });

  it("tells a thrown value that is no error", async () => {
    const { outcome } = await notebook.run("throw { reason: 'plain' }");
    assert.equal(outcome.status === "error" && outcome.error.message, "{ reason: 'plain' }");
  });

  it("tells an error's cause", async () => {
    const { outcome } = await notebook.run("throw new Error('outer', { cause: new Error('inner') })");
    assert.match(outcome.status === "error" ? outcome.error.stack : "", /outer[\s\S]*\[cause\]: Error: inner/);
  });

  it("completes names of earlier cells and of desk", async () => {
    await notebook.run("const completable = { alpha: 1, beta: 2 }");
    const signal = new AbortController().signal;
    const names = async (code: string): Promise<string[]> => (await notebook.kernel.complete(code, code.length, signal)).map(({ name }) => name);
    assert.deepEqual(await names("completable."), ["alpha", "beta"]);
    assert.ok((await names("desk.")).includes("backtest"));
    assert.ok((await names("comple")).includes("completable"));
  });

  it("tells the type under the cursor", async () => {
    await notebook.run("const hovered = new Map<string, number>()");
    assert.equal((await notebook.kernel.hover("hovered", 3, new AbortController().signal))?.type, "hovered: Map<string, number>");
  });

  it("runs cells that are asked for at once one after the other", async () => {
    const shown = await Promise.all(
      ["let order = 'a'; await new Promise((r) => setTimeout(r, 20));", "order += 'b';", "order"].map((code) => notebook.run(code)),
    );
    assert.equal(shown[2]?.shown, "'ab'");
  });
});
