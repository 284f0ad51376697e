/** `quantdesk run`, as built: what it refuses, what it writes, and how it ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantdesk, ROOT } from "./quantdesk.ts";

interface Cell {
  readonly cell_type: string;
  readonly source?: unknown;
  readonly outputs?: ReadonlyArray<{ readonly output_type: string; readonly ename?: string; readonly evalue?: string }>;
}

const code = (source: string): Cell & Record<string, unknown> => ({ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source });
const notebook = (cells: readonly unknown[], metadata: object = {}): string => JSON.stringify({ nbformat: 4, nbformat_minor: 4, metadata, cells });

describe("quantdesk run", () => {
  let home: string;
  let file: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "quantdesk-run-"));
    file = join(home, "book.ipynb");
  });
  after(() => rm(home, { recursive: true, force: true }));
  const run = async (text: string, ...flags: string[]) => {
    await writeFile(file, text);
    return await quantdesk(["run", file, "--home", home, ...flags]);
  };

  for (const [what, text, said] of [
    ["no JSON", "# a notebook", /is no notebook: Unexpected token/],
    ["empty", "", /is empty/],
    ["an array", "[]", /is no notebook of format 4: nbformat is missing/],
    ["of format 3", JSON.stringify({ nbformat: 3, nbformat_minor: 0, metadata: {}, worksheets: [] }), /is no notebook of format 4: nbformat is 3/],
    ["without cells", JSON.stringify({ nbformat: 4, metadata: {} }), /cells is missing/],
    ["one with a cell of an unknown kind", notebook([{ cell_type: "heading", source: "x" }]), /cells\.0\.cell_type is "heading"/],
    ["one with a cell without a source", notebook([{ cell_type: "code", metadata: {} }]), /cells\.0\.source is missing/],
    ["one with a number for a source", notebook([{ cell_type: "code", metadata: {}, source: 5 }]), /cells\.0\.source is 5/],
    ["one for Python", notebook([code("import pandas as pd")], { kernelspec: { name: "python3", language: "python" } }), /is a notebook of python/],
  ] as const) {
    it(`refuses a file that is ${what}, in one sentence`, async () => {
      const { code: exit, stdout, stderr, json } = await run(text, "--json");
      assert.equal(exit, 2, stdout);
      assert.match(json<{ message: string }>().message, said);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
      assert.equal(await readFile(file, "utf8"), text);
    });
  }

  it("refuses a folder and a device", async () => {
    for (const path of [home, "/dev/zero"]) assert.match((await quantdesk(["run", path, "--home", home])).stderr, /it is a folder or a device/);
  });

  it("takes what other programs leave out or put in front: metadata, a byte order mark", async () => {
    const { code: exit, stderr } = await run(`\uFEFF${JSON.stringify({ nbformat: 4, cells: [{ cell_type: "code", source: ["1 +", "1"] }] })}`);
    assert.equal(exit, 0, stderr);
    assert.match(stderr, /^2$/m);
  });

  it("runs a notebook without cells", async () => {
    assert.equal((await run(notebook([]))).stdout, "0 of 0 cells ran.\n");
  });

  it("names the cell that fails, its line and column, and shows the line", async () => {
    const cells = [
      code("// nothing"),
      { cell_type: "markdown", metadata: {}, source: "text" },
      code("const a = 1;\n\nthrow new RangeError('too far')"),
      code("a"),
    ];
    const shown = await run(notebook(cells));
    assert.equal(shown.code, 1);
    assert.match(shown.stderr, /^Cell 2 failed at 3:7:\nRangeError: too far\n {4}at Cell 2:3:7\n {2}1 \| const a = 1;\n {2}2 \| \n> 3 \| throw new/m);
    assert.equal(shown.stdout, "1 of 3 cells ran.\n");
    const { json } = await run(notebook(cells), "--json");
    const told = json<{ schema: string; ok: boolean; cells: ReadonlyArray<{ index: number; status: string; error?: object }> }>();
    assert.deepEqual([told.schema, told.ok], ["quantdesk.run/1", false]);
    assert.deepEqual(
      told.cells.map(({ index, status, error }) => [index, status, error]),
      [
        [0, "ok", undefined],
        [2, "error", { code: "cell-failed", message: "too far", line: 3, column: 7 }],
        [3, "not-run", undefined],
      ],
    );
  });

  it("runs notebooks of JavaScript, and what tslab's laxer compiler takes", async () => {
    const script = code("function twice(n) { return 2 * n }\ntwice(21)");
    const javascript = await run(notebook([script], { kernelspec: { name: "jslab", language: "javascript", display_name: "JavaScript" } }));
    assert.deepEqual([javascript.code, javascript.stderr.trim()], [0, "42"]);
    const tslab = await run(notebook([script], { kernelspec: { name: "tslab", language: "typescript", display_name: "TypeScript" } }));
    assert.equal(tslab.code, 0);
    assert.match(tslab.stderr, /Type error 1:16 Parameter 'n' implicitly has an 'any' type[\s\S]*\n42\n$/);
    assert.equal((await run(notebook([script]))).code, 1);
  });

  it("says where a type error is, and that nobody is there to answer", async () => {
    const typed = await run(notebook([code("const n: number = 'x'")]));
    assert.match(typed.stderr, /^Cell 1 failed at 1:7:\n1:7 Type 'string' is not assignable to type 'number'/m);
    assert.match((await run(notebook([code("await input('How many?')")]))).stderr, /input\(\) has nobody to ask/);
  });

  it("writes the notebook over itself, with its outputs, as Jupyter orders it", async () => {
    const metadata = {
      language_info: { name: "typescript" },
      kernelspec: { name: "quantdesk-typescript", language: "typescript", display_name: "x" },
      own: { kept: true },
    };
    const { code: exit, stderr } = await run(notebook([{ ...code("40 + 2"), id: "sum", metadata: { tags: ["kept"] } }], metadata), "--out", file);
    assert.equal(exit, 0, stderr);
    const written = await readFile(file, "utf8");
    const again = JSON.parse(written) as { metadata: object; cells: ReadonlyArray<Record<string, unknown>> };
    assert.deepEqual(Object.keys(again), ["cells", "metadata", "nbformat", "nbformat_minor"]);
    assert.deepEqual(Object.keys(again.cells[0]!), ["cell_type", "execution_count", "id", "metadata", "outputs", "source"]);
    assert.deepEqual(again.metadata, metadata);
    assert.deepEqual(again.cells[0]!["outputs"], [{ output_type: "execute_result", execution_count: 1, data: { "text/plain": ["42"] }, metadata: {} }]);
    const before = written.replace(/"execution_count": 1/g, "");
    await quantdesk(["run", file, "--out", file, "--home", home]);
    assert.equal((await readFile(file, "utf8")).replace(/"execution_count": 1/g, ""), before);
  });

  it("ends a notebook whose time is over, and keeps how far it came", async () => {
    const out = join(home, "out.ipynb");
    const { code: exit, json } = await run(notebook([code("console.log('begun'); while (true) {}")]), "--timeout", "4", "--out", out, "--json");
    assert.equal(exit, 1);
    assert.equal(json<{ cells: ReadonlyArray<{ status: string }> }>().cells[0]?.status, "timeout");
    const [cell] = (JSON.parse(await readFile(out, "utf8")) as { cells: readonly Cell[] }).cells;
    assert.deepEqual(
      cell?.outputs?.map(({ output_type, evalue }) => [output_type, evalue]),
      [
        ["stream", undefined],
        ["error", "timeout after 4s"],
      ],
    );
  });

  for (const [signal, exit] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    it(`leaves the file whole when it is ended by ${signal} while it writes over itself`, async function () {
      if (process.platform === "win32") this.skip();
      const text = notebook([code("console.error('begun'); while (true) {}")]);
      await writeFile(file, text);
      const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "run", file, "--out", file, "--home", home, "--json"], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      let printed = "";
      child.stdout.on("data", (chunk) => (printed += chunk));
      child.stderr.on("data", (chunk) => {
        if (String(chunk).includes("begun")) child.kill(signal);
      });
      assert.equal(await new Promise((done) => child.once("close", done)), exit);
      assert.equal(await readFile(file, "utf8"), text);
      assert.doesNotThrow(() => printed === "" || JSON.parse(printed));
    });
  }
});
