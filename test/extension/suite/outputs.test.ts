import assert from "node:assert/strict";
import * as vscode from "vscode";
import { bridge, extension, hasBridge, run, screenshot, tall, theme, until } from "./host.ts";
import { codeOf, draft, outputText } from "./notebooks.ts";

/** One of each kind that a cell can show. */
const KINDS = [
  "const rows = Array.from({ length: 1_000_000 }, (_, i) => ({ id: i, symbol: ['AAPL', 'KO', 'MSFT'][i % 3], price: Math.round(Math.sin(i) * 1e5) / 1e3, shares: String((i * 7) % 1000), at: new Date(1.7e12 + i * 6e4), note: i % 4 === 0 ? null : `row ${i}` }));\nrows",
  "const bars = await desk.bars('AAPL', { timeframe: '1Day', limit: 120 });\nbars",
  "await desk.backtest({ data: 'sample:simulated', strategy: 'sma_cross', params: { fast: 10, slow: 30 } })",
  "display.json({ strategy: 'sma_cross', params: { fast: 10, slow: 30 }, tried: new Map([['10/30', 0.36]]), seen: new Set([1, 2]), from: new Date(0), big: 2n ** 70n, missing: null, undefined: undefined, list: Array.from({ length: 500 }, (_, i) => ({ i })) }); void 0",
  "Array.from({ length: 5000 }, (_, i) => `line ${i} of a long text`).join('\\n')",
  "for (const n of display.progress([1, 2, 3], { label: 'Symbols' })) await new Promise((done) => setTimeout(done, 120));\nconst half = display.progress(200, { label: 'Combinations' }); half.update(70); await new Promise((done) => setTimeout(done, 150)); void 0",
  'display.latex(\'\\\\sigma = \\\\sqrt{\\\\frac{1}{n-1} \\\\sum_{i=1}^n (r_i - \\\\bar r)^2}\'); display.markdown(\'**Markdown** with a [link](https://example.com) and `code`.\'); display.html(\'<b>HTML</b> as it is\'); display.svg(\'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="24"><rect width="120" height="24" fill="#3794ff"/></svg>\'); void 0',
  "await plot({ data: { values: [3, 1, 2].map((v, i) => ({ i, v })) }, mark: 'bar', encoding: { x: { field: 'i', type: 'ordinal' }, y: { field: 'v', type: 'quantitative' } }, width: 240, height: 100 }); console.log('printed'); console.error('and complained'); void 0",
];

describe("the outputs of a notebook", () => {
  let notebook: vscode.NotebookDocument;
  const text = (selector: string) => bridge("text", { where: "webviews", selector }) as Promise<string | null>;
  const click = (selector: string) => bridge("click", { where: "webviews", selector });
  const table = '.qd:has(th button:has-text("symbol"))';
  const firstRow = async () => (await text(`${table} tbody tr`))?.split(/\s+/).slice(0, 4).join(" ");

  before(async function () {
    this.timeout(180_000);
    await extension();
    await vscode.commands.executeCommand("workbench.action.closeSidebar");
    await tall(3500);
    await run("connect");
    notebook = await draft("outputs.ipynb", KINDS);
    await vscode.commands.executeCommand("notebook.execute");
    const cells = codeOf(notebook);
    await until(
      "every cell",
      () => cells.some((cell) => cell.executionSummary?.success === false) || cells.every((cell) => cell.executionSummary?.success),
      120_000,
    );
    for (const cell of cells) assert.equal(cell.executionSummary?.success, true, outputText(cell));
  });
  after(() => tall());

  it("are small in the file, whatever the value is", async () => {
    const [rows] = codeOf(notebook);
    assert.ok(outputText(rows as vscode.NotebookCell).length < 60_000);
    assert.match(outputText(rows as vscode.NotebookCell), /The first 50 of 1,000,000 rows/);
  });

  it("are drawn, each of its kind, in dark and light", async function () {
    if (!hasBridge) this.skip();
    this.timeout(60_000);
    await until("the table", async () => (await text(`${table} .foot`))?.includes("of 1,000,000 rows"));
    for (const selector of ["[role=tree]", ".chart.candles", ".chart.equity", "pre", ".qd-meter", ".katex"])
      await until(selector, async () => (await text(selector)) !== null);
    await vscode.commands.executeCommand("notebook.focusTop");
    await screenshot("outputs-dark");
    await theme("Default Light Modern");
    await screenshot("outputs-light");
    await theme("Default High Contrast");
    await screenshot("outputs-high-contrast");
    await theme("Default Dark Modern");
  });

  it("sort, page and filter a million rows by asking the kernel", async function () {
    if (!hasBridge) this.skip();
    await click('th button:has-text("price")');
    await until("the lowest price", async () => (await firstRow())?.endsWith("−100.000"));
    await click('th button:has-text("price")');
    await until("the highest price", async () => (await firstRow())?.endsWith(" 100.000"));
    await click(`${table} button:has-text("Last")`);
    await until("the last page", async () => (await text(`${table} .foot [role="status"]`))?.startsWith("999,981–1,000,000"));
    await click(`${table} input[type="search"]`);
    await bridge("type", {}, "row 99999");
    await until("the rows that match", async () => (await text(`${table} .foot [role="status"]`))?.includes("of 9 of 1,000,000 rows"));
  });

  it("open branches and read on, where the kernel still has the value", async function () {
    if (!hasBridge) this.skip();
    await click('button:has-text("Show more")');
    await until("more of the text", async () => (await text("pre"))?.includes("line 300 "));
    await click('[role="treeitem"]:has(> .label:has-text("list:")) > .label >> nth=-1');
    await until("the list's parts", async () => (await text('[role="treeitem"][aria-level="3"]')) !== null);
    const focused = async () => {
      const found =
        "(() => { const item = document.activeElement?.shadowRoot?.activeElement; return item ? `${item.getAttribute('aria-label')} ${item.getAttribute('aria-expanded')}` : ''; })()";
      return ((await bridge("eval", { where: "webviews" }, found)) as readonly string[]).join("");
    };
    assert.equal(await focused(), "list: Array(500) true");
    for (const [key, expected] of [
      ["ArrowDown", "0: Object false"],
      ["ArrowRight", "0: Object true"],
      ["ArrowRight", "i: 0 null"],
      ["ArrowLeft", "0: Object true"],
      ["ArrowLeft", "0: Object false"],
      ["ArrowLeft", "list: Array(500) true"],
      ["Home", "Object true"],
    ] as const) {
      await bridge("press", { keys: key });
      await until(`${expected} after ${key}`, async () => (await focused()) === expected);
    }
  });

  it("say what to do when the kernel has let the value go", async function () {
    if (!hasBridge) this.skip();
    await click(`${table} input[type="search"]`);
    await bridge("press", { keys: "Control+A" });
    await bridge("press", { keys: "Delete" });
    assert.equal(notebook.cellCount, KINDS.length, "a key for the filter reached the notebook");
    await until("all rows", async () => (await text(`${table} .foot [role="status"]`))?.includes("of 1,000,000 rows"));
    await run("restartKernel", notebook.uri);
    await click(`${table} button:has-text("Next")`);
    await until("the sentence", async () => (await text(`${table} p[role="status"]`)) === "Run the cell again to page through all 1,000,000 rows.");
  });
});
