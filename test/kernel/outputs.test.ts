import assert from "node:assert/strict";
import type { DeskHandlers, MimeBundle } from "../../src/kernel/host.ts";
import { formOf, TestNotebook, type Ran } from "./notebook.ts";

const day = 86_400_000;
const columns = {
  symbol: "A<B>",
  timeframe: "1Day",
  source: "a test",
  simulated: true,
  time: Float64Array.from([0, day, 2 * day]),
  open: Float64Array.from([1, 2, 3]),
  high: Float64Array.from([2, 3, 4]),
  low: Float64Array.from([0.5, 1, 2]),
  close: Float64Array.from([2, 3, 2.5]),
  volume: Float64Array.from([10, 20, 30]),
};
const desk: DeskHandlers = {
  call: async (name, args, caller) => (name === "bars" ? { kind: "bars", value: columns } : { kind: "plain", value: { name, args, cell: caller.cellId } }),
};

describe("the outputs of a cell", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ desk });
  });
  after(() => notebook.close());

  const displays = (ran: Ran) => ran.outputs.flatMap((output) => (output.kind === "display" ? [output] : []));

  const text = (output: { readonly data: MimeBundle } | undefined, mime: string): string => formOf(output?.data ?? {}, mime);

  it("keep 10,000 lines in order, in few messages", async () => {
    const ran = await notebook.run('for (let i = 0; i < 10_000; i++) console.log("line", i);');
    const lines = ran.printed.trimEnd().split("\n");
    assert.equal(lines.length, 10_000);
    assert.ok(lines.every((line, i) => line === `line ${i}`));
    // Each pause of a busy machine lets some more lines out at once.
    assert.ok(ran.outputs.length < 1000, `${ran.outputs.length} messages`);
  });

  it("keep the two streams apart and in order", async () => {
    const ran = await notebook.run('console.log("a"); console.error("b"); console.log("c");');
    assert.deepEqual(
      ran.outputs.map((o) => (o.kind === "stream" ? `${o.stream} ${o.text}` : o.kind)),
      ["stdout a\n", "stderr b\n", "stdout c\n"],
    );
  });

  it("are seen before a loop that never turns", async () => {
    const third = notebook.untilPrinted("third");
    const running = notebook.run('console.log("first"); console.error("second"); console.log("third"); while (true) {}');
    await third;
    await notebook.kernel.interrupt();
    assert.equal((await running).printed, "first\nsecond\nthird\n");
  });

  it("stop at a bound, and say so", async () => {
    const ran = await notebook.run('const wide = "x".repeat(1_000_000); for (let i = 0; i < 30; i++) console.log(wide);');
    assert.ok(ran.printed.length < 18 * 2 ** 20);
    assert.match(ran.printed, /the rest of this cell is left out/);
  });

  it("of a late timer go to the cell that made it", async () => {
    const isLate = notebook.untilPrinted("late");
    const first = await notebook.run('setTimeout(() => console.log("late"), 50); void 0');
    const second = await notebook.run('console.log("second")');
    await isLate;
    assert.match(first.printed, /late/);
    assert.equal(second.printed, "second\n");
  });

  it("show an error of a late timer", async () => {
    const isThrown = notebook.untilPrinted("after");
    const ran = await notebook.run('setTimeout(() => { throw new Error("too late") }, 1); setTimeout(() => console.log("after"), 20); void 0');
    await isThrown;
    const late = ran.outputs.find((output) => output.kind === "error");
    assert.match(late?.kind === "error" ? late.error.stack : "", /too late\n\s+at Timeout\S* \(Cell \d+:1:\d+\)|too late/);
  });

  it("update what is displayed", async () => {
    const ran = await notebook.run('const shown = display("half"); shown.update("done");');
    const [first] = displays(ran);
    const update = ran.outputs.find((output) => output.kind === "update");
    assert.equal(first?.data["text/plain"], "'half'");
    assert.deepEqual(update?.kind === "update" && [update.id, update.data["text/plain"]], [first?.id, "'done'"]);
  });

  it("are silent for what display answers", async () => {
    assert.equal(displays(await notebook.run('display.html("<b>x</b>")')).length, 1);
  });

  it("draw rows as a table whose text is escaped", async () => {
    const [shown] = displays(await notebook.run('[{ a: 1, b: "<script>alert(1)</script>" }, { a: 2, b: "&" }]'));
    const html = text(shown, "text/html");
    assert.match(html, /<th scope="col" class="qd-n">a<\/th>/);
    assert.ok(!html.includes("<script>"));
    assert.ok(html.includes("&#60;script&#62;"));
    assert.match(text(shown, "text/plain"), /a: 1/);
  });

  it("are pictures of bytes, of a part of a buffer too", async () => {
    const part = "const part = Buffer.from('..picture..').subarray(2, 9);";
    const shown = displays(
      await notebook.run(`${part} display.png(part); display.jpeg(new Uint8Array(part)); display.gif(part.toString("base64")); display.webp(part)`),
    );
    const base64 = Buffer.from("picture").toString("base64");
    assert.deepEqual(
      ["png", "jpeg", "gif", "webp"].map((kind, i) => text(shown[i], `image/${kind}`)),
      [base64, base64, base64, base64],
    );
    assert.equal(text(shown[3], "text/html"), `<img alt="" src="data:image/webp;base64,${base64}">`);
  });

  it("have formulas where those who show LaTeX look for them", async () => {
    const shown = displays(await notebook.run(String.raw`for (const one of ["x^2", "let $x$ be", "\\[ a \\]", "\\( b \\)", "$$c$$"]) display.latex(one)`));
    assert.deepEqual(
      shown.map((one) => text(one, "text/latex")),
      ["$$\nx^2\n$$", "let $x$ be", "$$\na\n$$", "$$\nb\n$$", "$$c$$"],
    );
  });

  it("keep their order, whatever one of them takes", async () => {
    const ran = await notebook.run('display(await desk.bars("AAPL")); display("then"); plot([1, 2]); display("last")');
    assert.deepEqual(
      displays(ran).map(({ data }) => Object.keys(data)[0]),
      ["text/html", "application/vnd.vegalite.v5+json", "text/plain", "application/vnd.vegalite.v5+json", "text/plain"],
    );
  });

  it("are replaced by an update that comes before they are drawn", async () => {
    const ran = await notebook.run('display(await desk.bars("AAPL")).update("soon"); await plot([1]); console.log("after")');
    const kinds = ran.outputs.map((output) => (output.kind === "update" ? `update ${text(output, "text/plain")}` : output.kind));
    assert.deepEqual(kinds, ["display", "display", "update 'soon'", "display", "stream"]);
  });

  it("draw bars as a table and a chart that say SIMULATED", async () => {
    const [table, chart] = displays(await notebook.run('const bars = await desk.bars("AAPL"); bars'));
    assert.match(text(table, "text/html"), /A&#60;B&#62;: 3 bars[\s\S]*SIMULATED/);
    assert.match(text(table, "text/plain"), /SIMULATED/);
    assert.match(text(chart, "image/svg+xml"), /^<svg[\s\S]*SIMULATED/);
    assert.ok(!text(chart, "image/svg+xml").includes("<B>"));
    assert.equal(typeof chart?.data["application/vnd.vegalite.v5+json"], "object");
  });

  it("give bars as columns and rows", async () => {
    assert.equal((await notebook.run("[bars.length, bars.close instanceof Float64Array, bars.row(1).close, bars.rows().length]")).shown, "[ 3, true, 3, 3 ]");
  });

  it("say what is missing for danfojs", async () => {
    const { outcome } = await notebook.run("await bars.toDanfo()");
    assert.match(outcome.status === "error" ? outcome.error.message : "", /danfojs-node is not installed beside this notebook/);
  });

  it("plot numbers, pairs and Vega-Lite specifications", async () => {
    for (const code of [
      "plot([3, 1, 2])",
      "plot(bars.close)",
      'plot([["2024-01-01", 1], ["2024-01-02", 2]])',
      'plot({ data: { values: [{ a: 1 }] }, mark: "point", encoding: { x: { field: "a", type: "quantitative" } } })',
    ]) {
      const [chart] = displays(await notebook.run(code));
      assert.match(text(chart, "image/svg+xml"), /^<svg/, code);
    }
  });

  it("do not load what a specification names by address", async () => {
    const { outcome } = await notebook.run('plot({ data: { url: "http://127.0.0.1:9/x.json" }, mark: "point" })');
    assert.equal(outcome.status, "error");
  });

  it("tell desk which cell asks", async () => {
    assert.equal((await notebook.run('(await desk.order("7") as unknown as { cell: string }).cell', { cellId: "cell-9" })).shown, "'cell-9'");
  });

  it("show a failure of desk at the cell's own line", async () => {
    const refusing = await TestNotebook.open();
    try {
      const { outcome } = await refusing.run("const before = 1;\nawait desk.account()");
      assert.equal(outcome.status === "error" && outcome.error.code, "no-session");
      assert.match(outcome.status === "error" ? outcome.error.stack : "", /There is no session in this test\.\n\s+at Cell 1:2:12/);
    } finally {
      await refusing.close();
    }
  });
});

describe("a flood of displays", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open();
  });
  after(() => notebook.close());

  it("is cut, and the cell says so", async () => {
    const { outputs, printed } = await notebook.run("for (let i = 0; i < 100_000; i++) display(i)");
    assert.equal(outputs.filter((output) => output.kind === "display").length, 2000);
    assert.match(printed, /^… more than 2000 displays .* left out\.\n$/);
  });

  it("of updates shows the first, some between, and the last", async () => {
    const { outputs } = await notebook.run("const one = display(0); for (let i = 1; i <= 20_000; i++) one.update(i)");
    const updates = outputs.flatMap((output) => (output.kind === "update" ? [output.data["text/plain"]] : []));
    assert.equal(updates[0], "1");
    assert.equal(updates.at(-1), "20000");
    assert.ok(updates.length < 10_000, `${updates.length} updates`);
  });

  it("of errors that nobody handles is cut too", async () => {
    const { outputs } = await notebook.run(
      "for (let i = 0; i < 1000; i++) void Promise.reject(new Error('unheard ' + i)); await new Promise((r) => setImmediate(r)); console.log('on')",
    );
    assert.equal(outputs.filter((output) => output.kind === "error").length, 100);
  });

  it("begins anew when the output is cleared", async () => {
    const { outputs, printed } = await notebook.run("for (let i = 0; i < 3; i++) { for (let k = 0; k < 900; k++) display(k); clearOutput() }");
    assert.equal(outputs.filter((output) => output.kind === "display").length, 2700);
    assert.equal(printed, "");
  });
});
