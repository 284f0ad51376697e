/** What an editor asks about a place in a cell: documentation, signatures, declarations, across cells. */
import assert from "node:assert/strict";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { TestNotebook } from "./notebook.ts";

const MAKERS = `/** Adds them up.
 * @param rest what is left over */
function plus<T extends number>(a: T, b: number = 2, ...rest: string[]): number { return a + b + rest.length }
/** How often. */
let counter = 4
class Box { constructor(public readonly width: number, public readonly height: number) {} }
function both(a: string): string; function both(a: number, b: number): number; function both(a: unknown, b?: unknown): unknown { return b ?? a }`;

describe("an editor's questions about cells", () => {
  let notebook: TestNotebook;
  const signal = new AbortController().signal;
  before(async () => {
    notebook = await TestNotebook.open();
    await notebook.write("local.ts", "// a line\nexport const near = 1;\n");
    const { outcome } = await notebook.run(MAKERS, { cellId: "makers" });
    assert.equal(outcome.status, "ok", JSON.stringify(outcome));
  });
  after(() => notebook.close());

  /** At the `|` of the text. */
  const at = (text: string): readonly [string, number, AbortSignal] => [text.replace("|", ""), text.indexOf("|"), signal];
  const hover = (text: string) => notebook.kernel.hover(...at(text));
  const signature = (text: string) => notebook.kernel.signature(...at(text));
  const definition = (text: string) => notebook.kernel.definition(...at(text));

  it("shows the documentation of what an earlier cell made", async () => {
    assert.match((await hover("pl|us(1)"))?.documentation ?? "", /^Adds them up\.\n\n@param rest what is left over$/);
    assert.deepEqual(await hover("count|er + 1"), { type: "counter: number", documentation: "How often." });
    assert.match((await hover('desk.bu|y("AAPL", { qty: 1 })'))?.documentation ?? "", /waited for until it is filled/);
    assert.equal(await hover("1 +| 1"), null);
  });

  it("tells what a call takes while it is written", async () => {
    const help = await signature("plus(1, |");
    assert.equal(help?.signatures[0]?.label, "plus<T extends number>(a: T, b?: number, ...rest: string[]): number");
    assert.equal(help?.signatures[0]?.documentation, "Adds them up.");
    assert.deepEqual([help?.activeSignature, help?.activeParameter], [0, 1]);
    assert.equal(help?.signatures[0]?.parameters[2]?.documentation, "what is left over");
    assert.equal((await signature("plus(1, 2, 'x', 'y', |)"))?.activeParameter, 2, "a rest parameter takes all that follow");
    assert.match((await signature('desk.buy("AAPL", |)'))?.signatures[0]?.label ?? "", /^desk\.buy\(symbol: string, options/);
    assert.match((await signature("new Box(|"))?.signatures[0]?.label ?? "", /^Box\(width: number, height: number\): Box$/);
  });

  it("takes the innermost call, the overload that fits, and no call where there is none", async () => {
    assert.match((await signature("plus(both(|"))?.signatures[0]?.label ?? "", /^both\(a: string\)/);
    assert.equal((await signature("both(1, |"))?.activeSignature, 1);
    assert.match((await signature("plus(both('x'), |"))?.signatures[0]?.label ?? "", /^plus</);
    for (const text of ["plus(1)|", "pl|us(1)", "1 + |", "|"]) assert.equal(await signature(text), null, text);
  });

  it("finds where a name was declared: in the text, in an earlier cell, in a file", async () => {
    assert.deepEqual(await definition("const here = 1\nher|e"), { in: "text", line: 1, column: 7, length: 4 });
    const plus = await definition("pl|us(1)");
    assert.deepEqual(plus?.in === "cell" && [plus.cellId, plus.line, plus.column, plus.length], ["makers", 3, 10, 4]);
    const counter = await definition("counter|");
    assert.deepEqual(counter?.in === "cell" && [counter.cellId, counter.line, counter.column], ["makers", 5, 5]);
    const near = await definition('import { near } from "./local.ts"\nnea|r');
    assert.deepEqual(near?.in === "file" && [realpathSync(near.path), near.line, near.column], [realpathSync(join(notebook.folder, "local.ts")), 2, 14]);
    const buy = await definition("desk.bu|y");
    assert.ok(buy?.in === "file" && buy.path.endsWith("deskTypes.d.ts"));
    const readFile = await definition('import { readFile } from "node:fs/promises"\nreadFil|e');
    assert.ok(readFile?.in === "file" && readFile.path.endsWith("promises.d.ts"));
    for (const text of ["1 +| 1", "nowhere|", "des|k"]) assert.equal(await definition(text), null, text);
  });

  it("follows a name to the cell that declared it last", async () => {
    await notebook.run("\n\nconst plus = 5", { cellId: "again" });
    const plus = await definition("plus|");
    assert.deepEqual(plus?.in === "cell" && [plus.cellId, plus.line, plus.column], ["again", 3, 7]);
  });

  it("leads to the library's own files, though the compiler reads them as one", async () => {
    for (const [text, file, line] of [
      ["[1].toSor|ted()", "lib.es2023.array.d.ts", /^\s*toSorted\(/],
      ["Promise.withRes|olvers()", "lib.es2024.promise.d.ts", /^\s*withResolvers</],
      ["Iterator.fr|om([1])", "lib.es2025.iterator.d.ts", /^\s*from</],
    ] as const) {
      const found = await definition(text);
      assert.ok(found?.in === "file" && found.path.endsWith(file), JSON.stringify(found));
      assert.match(readFileSync(found.path, "utf8").split("\n")[found.line - 1] ?? "", line);
    }
  });
});
