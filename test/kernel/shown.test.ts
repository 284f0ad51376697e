import assert from "node:assert/strict";
import {
  cellText,
  MAX_LOOK_ROWS,
  TABLE_MIME,
  TEXT_MIME,
  TREE_MIME,
  type Cell,
  type Looked,
  type ShownPart,
  type ShownTable,
  type ShownText,
  type ShownTree,
} from "../../src/core/domain/shown.ts";
import { formOf, TestNotebook, type Ran } from "./notebook.ts";

const signal = new AbortController().signal;
type Rows = Extract<Looked, { what: "rows" }>;

function shownAs<T>(ran: Ran, mime: string): T {
  const found = ran.outputs.findLast((output) => (output.kind === "display" || output.kind === "update") && mime in output.data);
  assert.ok(found !== undefined && "data" in found, `nothing of ${mime}: ${JSON.stringify(ran.outcome)}`);
  return found.data[mime] as T;
}

const texts = (rows: ReadonlyArray<readonly Cell[]>) => rows.map((row) => row.map((cell) => cellText(cell)));

describe("a table that a cell shows", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ keepsShown: true });
  });
  after(() => notebook.close());

  const table = async (code: string) => {
    const ran = await notebook.run(code, { cellId: code });
    return { ran, shown: shownAs<ShownTable>(ran, TABLE_MIME) };
  };
  const look = async (shown: ShownTable, rest: Partial<Extract<Parameters<typeof notebook.kernel.look>[0], { what: "rows" }>> = {}) => {
    const found = await notebook.kernel.look({ what: "rows", id: shown.id ?? "none", from: 0, count: 5, sort: null, filter: "", ...rest }, signal);
    assert.equal(found.what, "rows");
    return found as Rows;
  };
  /** Sorted by the first column, as text. */
  const sorted = async (code: string, descending = false) => {
    const { shown } = await table(code);
    return texts((await look(shown, { count: 20, sort: { column: 0, descending } })).rows).map(([first]) => first);
  };

  it("of a million rows crosses as its first 50, and then page by page", async () => {
    const { ran, shown } = await table("Array.from({ length: 1_000_000 }, (_, i) => ({ n: (i * 7919) % 1_000_003, name: `row ${i}` }))");
    assert.deepEqual([shown.rowCount, shown.rows.length, shown.columns.map(({ name }) => name)], [1_000_000, 50, ["n", "name"]]);
    assert.ok(JSON.stringify(ran.outputs).length < 30_000, "more than a first page was sent");
    assert.match(ran.shown ?? "", /^n +name\n[\s\S]*row 19\n… The first 20 of 1,000,000 rows; slice\(\) shows others\.$/);
    const far = await look(shown, { from: 999_998, count: 200 });
    assert.deepEqual([far.rows.length, far.places, far.rows[1]?.[1]], [2, [999_998, 999_999], "row 999999"]);
    const down = await look(shown, { count: MAX_LOOK_ROWS, sort: { column: 0, descending: true } });
    const values = down.rows.map(([n]) => n as number);
    assert.equal(values.length, MAX_LOOK_ROWS);
    assert.ok(values.every((n, i) => i === 0 || n <= (values[i - 1] as number)));
    assert.equal(values[0], 1_000_002);
    const found = await look(shown, { filter: "ROW 99999", sort: { column: 1, descending: false } });
    assert.deepEqual([found.matching, found.rows.map(([, name]) => name)], [11, ["row 99999", "row 999990", "row 999991", "row 999992", "row 999993"]]);
  });

  it("is its newest value, where it has grown", async () => {
    const { shown } = await table("var growing = [{ a: 2 }, { a: 1 }]; growing");
    assert.deepEqual(texts((await look(shown, { sort: { column: 0, descending: false } })).rows), [["1"], ["2"]]);
    await notebook.run("growing.push({ a: 0 })");
    const now = await look(shown, { sort: { column: 0, descending: false } });
    assert.deepEqual([now.rowCount, texts(now.rows)], [3, [["0"], ["1"], ["2"]]]);
  });

  it("is made of columns as well", async () => {
    const { ran, shown } = await table("({ price: Float64Array.from([2.5, 1, 10]), symbol: ['B', 'A', 'C'], when: [new Date(0), new Date(1), null] })");
    assert.deepEqual(
      shown.columns.map(({ name, isNumber }) => `${name} ${isNumber}`),
      ["price true", "symbol false", "when false"],
    );
    assert.match(ran.shown ?? "", /^\{\n\s+price: Float64Array\(3\)/);
    assert.deepEqual(texts((await look(shown, { sort: { column: 0, descending: false } })).rows)[0], ["1", "A", "1970-01-01 00:00:00.001"]);
  });

  for (const code of [
    "({ a: [1, 2], b: [1] })",
    "({ a: [{}], b: [{}] })",
    "({ a: [1, 2] })",
    "[[1, 2], [3, 4]]",
    "[]",
    "[{}, {}]",
    "new Proxy([{ a: 1 }], {})",
  ]) {
    it(`is not made of ${code}`, async () => {
      const ran = await notebook.run(code);
      assert.ok(ran.outputs.every((output) => output.kind !== "display" || !(TABLE_MIME in output.data)));
    });
  }

  it("orders numbers by size, what is missing last both ways", async () => {
    const code =
      "[{ v: 10 }, { v: NaN }, { v: 9 }, { v: -Infinity }, { v: null }, { v: -0 }, {}, { v: Infinity }, { v: 2n ** 64n }, { v: 2n ** 64n + 1n }, { v: -1.5 }]";
    const up = ["−Infinity", "−1.5", "−0", "9", "10", "18446744073709551616", "18446744073709551617", "Infinity"];
    assert.deepEqual(await sorted(code), [...up, "NaN", "null", ""]);
    assert.deepEqual(await sorted(code, true), [...up.toReversed(), "NaN", "null", ""]);
  });

  it("orders decimal text as the numbers it is, other text whatever its case, and kinds apart", async () => {
    assert.deepEqual(await sorted('[{ v: "10.50" }, { v: "9" }, { v: "-2" }]'), ["-2", "9", "10.50"]);
    assert.deepEqual(await sorted('[{ v: "pear" }, { v: "Apple" }, { v: "10" }, { v: "9" }]'), ["10", "9", "Apple", "pear"]);
    const mixed = '[{ v: "x" }, { v: { b: 1 } }, { v: new Date(5) }, { v: true }, { v: 3 }, { v: [1] }, { v: Symbol("s") }, { v: new Date(NaN) }]';
    assert.deepEqual(await sorted(mixed), ["3", "true", "1970-01-01 00:00:00.005", "x", "[1]", "Symbol(s)", "{b: 1}", "Invalid Date"]);
  });

  it("keeps equal rows in their order", async () => {
    const { shown } = await table("Array.from({ length: 9 }, (_, i) => ({ key: i % 2, i }))");
    assert.deepEqual((await look(shown, { count: 9, sort: { column: 0, descending: false } })).places, [0, 2, 4, 6, 8, 1, 3, 5, 7]);
  });

  it("runs no code of the value's: accessors, proxies, prototypes", async () => {
    const { ran, shown } = await table(`
      (globalThis as any).calls = 0; const count = (): never => { (globalThis as any).calls++; throw new Error("asked") };
      const trap = new Proxy({}, { get: count, ownKeys: count, getOwnPropertyDescriptor: count, has: count, getPrototypeOf: count });
      const hostile = [...Array.from({ length: 20 }, (_, a) => ({ a })), { a: 1, get b() { return count() } }, { a: trap }, { a: { toString: count, valueOf: count, toJSON: count, get x() { return count() } } }] as any[];
      for (let i = 0; i < 30; i++) hostile.push(i % 3 === 0 ? trap : i % 3 === 1 ? null : 5);
      hostile`);
    assert.equal(ran.outcome.status, "ok");
    await look(shown, { count: 60, sort: { column: 0, descending: true } });
    const found = await look(shown, { count: 40, filter: "proxy" });
    assert.deepEqual([found.rowCount, found.matching], [53, 1]);
    assert.equal((await notebook.run("(globalThis as any).calls")).shown, "0");
  });

  it("has columns of any name, and text that is no markup", async () => {
    const { ran, shown } = await table(`JSON.parse('[{"__proto__": 1, "constructor": 2, "<img onerror=1>": "<b>x</b>"}]')`);
    assert.deepEqual(
      shown.columns.map(({ name }) => name),
      ["__proto__", "constructor", "<img onerror=1>"],
    );
    assert.deepEqual(texts(shown.rows), [["1", "2", "<b>x</b>"]]);
    const page = ran.outputs.flatMap((output) => (output.kind === "display" ? [formOf(output.data, "text/html")] : [])).join("");
    assert.ok(!page.includes("<img") && !page.includes("<b>x"));
  });

  it("shows 100 of 10,000 columns, and says how many there are", async () => {
    const { ran, shown } = await table("[Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`c${i}`, i]))]");
    assert.deepEqual([shown.columns.length, shown.columnCount], [100, 10_000]);
    const page = ran.outputs.flatMap((output) => (output.kind === "display" ? [formOf(output.data, "text/html")] : [])).join("");
    assert.match(page, /20 of 10,000 columns/);
    assert.ok(JSON.stringify(ran.outputs).length < 200_000);
  });

  it("takes the columns of ragged rows together", async () => {
    const { shown } = await table("[{ a: 1 }, { b: 2 }, { c: { d: [1, 2] }, a: undefined }]");
    assert.deepEqual(texts(shown.rows), [
      ["1", "", ""],
      ["", "2", ""],
      ["", "", "{d: […]}"],
    ]);
  });

  it("is gone when its cell runs again, its display is replaced, the output is cleared, or 20 came after it", async () => {
    const isGone = async (shown: ShownTable) =>
      (await notebook.kernel.look({ what: "rows", id: shown.id ?? "", from: 0, count: 1, sort: null, filter: "" }, signal)).what === "gone";
    const run = async (code: string, cellId: string) => shownAs<ShownTable>(await notebook.run(code, { cellId }), TABLE_MIME);
    const first = await run("[{ a: 1 }]", "again");
    assert.equal(await isGone(first), false);
    await run("[{ a: 1 }]", "again");
    assert.equal(await isGone(first), true);
    const replaced = await notebook.run("const twice = display([{ a: 1 }]); twice.update([{ a: 2 }])", { cellId: "twice" });
    const ids = replaced.outputs.flatMap((output) => ("data" in output && TABLE_MIME in output.data ? [output.data[TABLE_MIME] as ShownTable] : []));
    assert.deepEqual(await Promise.all(ids.map(isGone)), [true, false]);
    const cleared = await run("display([{ a: 1 }]); clearOutput()", "cleared");
    assert.equal(await isGone(cleared), true);
    const old = await run("[{ a: 1 }]", "old");
    await notebook.run("for (let i = 0; i < 20; i++) display([{ i }])", { cellId: "many" });
    assert.equal(await isGone(old), true);
  });

  it("is gone after a restart, and nothing is kept where nobody looks", async () => {
    const other = await TestNotebook.open({ keepsShown: true });
    try {
      const shown = shownAs<ShownTable>(await other.run("[{ a: 1 }]"), TABLE_MIME);
      await other.kernel.restart();
      await other.run("[{ a: 1 }]");
      assert.deepEqual(await other.kernel.look({ what: "rows", id: shown.id ?? "", from: 0, count: 1, sort: null, filter: "" }, signal), { what: "gone" });
    } finally {
      await other.close();
    }
    const alone = await TestNotebook.open();
    try {
      const { outputs } = await alone.run("[{ a: 1 }]");
      assert.deepEqual(
        outputs.map((output) => (output.kind === "display" ? Object.keys(output.data) : [])),
        [["text/html", "text/plain"]],
      );
    } finally {
      await alone.close();
    }
  });

  it("can be looked at while a cell waits, and refuses what is no question", async () => {
    const { shown } = await table("[{ a: 3 }, { a: 4 }]");
    const waiting = notebook.run("console.log('waits'); await new Promise(() => undefined)");
    await notebook.untilPrinted("waits");
    assert.equal((await look(shown)).rows.length, 2);
    await notebook.kernel.interrupt();
    await waiting;
    await assert.rejects(notebook.kernel.look({ what: "rows", id: "x", from: -1, count: 1e9, sort: null, filter: "" }, signal));
  });
});

describe("a tree that a cell shows", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ keepsShown: true });
  });
  after(() => notebook.close());

  const tree = async (code: string) => shownAs<ShownTree>(await notebook.run(code), TREE_MIME);
  const parts = async (shown: ShownTree, path: readonly number[], from = 0) => {
    const found = await notebook.kernel.look({ what: "parts", id: shown.id ?? "", path, from }, signal);
    assert.equal(found.what, "parts");
    return found.what === "parts" ? found.parts.map(({ key, text }) => `${key}: ${text}`) : [];
  };
  const sized = (part: ShownPart): number => 1 + (part.parts ?? []).reduce((sum, one) => sum + sized(one), 0);

  it("has every kind of value, also what JSON lacks", async () => {
    const ran = await notebook.run(
      "const odd: any = { m: new Map([[{ k: 1 }, 'v']]), s: new Set([1]), d: new Date(0), b: 10n, t: new Uint8Array(3), n: NaN, z: -0, u: undefined, f() {}, h: [1, , 3] }; odd.self = odd; display.json(odd)",
    );
    const { root } = shownAs<ShownTree>(ran, TREE_MIME);
    assert.deepEqual(
      root.parts?.map(({ key, type, text }) => `${key} ${type} ${text}`),
      [
        'm Map(1) {{k: 1}: "v"}',
        "s Set(1) [1]",
        "d Date 1970-01-01T00:00:00.000Z",
        "b bigint 10n",
        "t Uint8Array(3) [0, 0, 0]",
        "n number NaN",
        "z number -0",
        "u undefined undefined",
        "f function function",
        "h Array(3) [1, empty, 3]",
        "self Object (it is inside itself)",
      ],
    );
    assert.deepEqual(shownAs(ran, "application/json"), {
      m: [[{ k: 1 }, "v"]],
      s: [1],
      d: "1970-01-01T00:00:00.000Z",
      b: "10",
      t: [0, 0, 0],
      n: "NaN",
      z: 0,
      h: [1, null, 3],
      self: "[circular]",
    });
  });

  it("is bounded at first, and opens by asking", async () => {
    const shown = await tree("display.json({ many: Array.from({ length: 100_000 }, (_, i) => ({ i, inner: { deep: [i] } })) }); void 0");
    assert.ok(sized(shown.root) <= 301, `${sized(shown.root)} parts`);
    assert.equal(shown.root.parts?.[0]?.count, 100_000);
    assert.deepEqual((await parts(shown, [0], 99_999)).length, 1);
    assert.deepEqual(await parts(shown, [0, 99_998, 1, 0]), ["0: 99998"]);
    assert.deepEqual(await parts(shown, [0, 99_998, 7]), []);
  });

  it("stands for values that are too long to read at once, and not for short ones", async () => {
    const long = await notebook.run("Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`key${i}`, { value: i }]))");
    assert.equal(shownAs<ShownTree>(long, TREE_MIME).root.count, 80);
    assert.match(long.shown ?? "", /key79: \{ value: 79 \}/);
    const short = await notebook.run("({ a: 1 })");
    assert.deepEqual(Object.keys(short.outputs.flatMap((output) => (output.kind === "display" ? [output.data] : []))[0] ?? {}), ["text/plain"]);
  });

  it("stands for an object of very many properties, some of which are its text", async () => {
    const wide = await notebook.run("Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`key${i}`, i]))");
    assert.equal(shownAs<ShownTree>(wide, TREE_MIME).root.count, 200_000);
    assert.match(wide.shown ?? "", /key99: 99\n\}\n… 199,900 more properties; display\.json\(\) opens them part by part\.$/);
  });

  it("runs no accessor, and goes as deep as it is asked to", async () => {
    const shown = await tree(
      "let down: any = {}; for (let i = 0, at = down; i < 5000; i++) at = at.in = {}; let asked = 0; down.many = Array.from({ length: 100 }, () => ({ get trap() { asked++; return 1 } })); [down, ...Array.from({ length: 60 }, (_, i) => new Date(i))]",
    );
    assert.deepEqual(
      await parts(
        shown,
        Array.from({ length: 900 }, () => 0),
      ),
      ["in: {in: {…}}"],
    );
    assert.deepEqual(await parts(shown, [0, 1, 0]), ["trap: (…)"]);
    assert.equal((await notebook.run("asked")).shown, "0");
  });
});

describe("a long text that a cell shows", () => {
  it("folds: its beginning, its size, and the rest by pieces", async () => {
    const notebook = await TestNotebook.open({ keepsShown: true });
    try {
      const ran = await notebook.run("Array.from({ length: 100_000 }, (_, i) => `line ${i}`).join('\\n')");
      const shown = shownAs<ShownText>(ran, TEXT_MIME);
      assert.deepEqual([shown.lines, shown.characters, shown.text.split("\n").length], [100_000, 1_088_889, 11]);
      assert.match(ran.shown ?? "", /^'line 0\\n' \+\n *'line 1[\s\S]*\n… 1,078,889 more characters; slice\(\) or console\.log\(\) shows them\.$/);
      const piece = await notebook.kernel.look({ what: "text", id: shown.id ?? "", from: 1_088_880 }, signal);
      assert.deepEqual(piece, { what: "text", text: "ine 99999", characters: 1_088_889 });
      assert.ok(JSON.stringify(ran.outputs).length < 400_000);
    } finally {
      await notebook.close();
    }
  });
});
