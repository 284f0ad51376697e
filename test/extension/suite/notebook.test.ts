import assert from "node:assert/strict";
import * as vscode from "vscode";
import { extension, run, screenshot, tall, theme, until } from "./host.ts";
import { codeOf, draft, folder, mimes, open, outputText } from "./notebooks.ts";

describe("a notebook with the Quantdesk kernel", () => {
  it("runs all cells of the first-steps notebook, from connecting to a filled order", async function () {
    this.timeout(180_000);
    await extension();
    await vscode.commands.executeCommand("workbench.action.closeSidebar");
    const notebook = await open(vscode.Uri.joinPath(folder(), "01-first-steps.ipynb"));
    await vscode.commands.executeCommand("notebook.execute");
    const cells = codeOf(notebook);
    const failed = () => cells.find((cell) => cell.executionSummary?.success === false);
    await until("every cell to end", () => failed() !== undefined || cells.every((cell) => cell.executionSummary?.success === true), 150_000);
    const broken = failed();
    assert.equal(broken, undefined, broken === undefined ? "" : `cell ${broken.index}: ${outputText(broken)}`);
    const all = cells.map(outputText).join("\n");
    assert.match(all, /SIMULATED/);
    assert.match(all, /filled/i);
    assert.ok(
      cells.flatMap(mimes).some((mime) => mime === "image/svg+xml" || mime === "text/html"),
      "no chart or table was drawn",
    );
    assert.ok(cells.every((cell) => (cell.executionSummary?.executionOrder ?? 0) > 0));
    await notebook.save();
    assert.match(new TextDecoder().decode(await vscode.workspace.fs.readFile(notebook.uri)), /SIMULATED/);
    await tall(3700);
    await vscode.commands.executeCommand("notebook.focusTop");
    await screenshot("notebook-dark");
    await theme("Default Light Modern");
    await screenshot("notebook-light");
    await theme("Default Dark Modern");
    await tall();
  });

  it("streams what a cell prints and keeps state between cells", async () => {
    const notebook = await draft("state.ipynb", ["const shares: number = 41; console.log('one'); console.log('two')", "shares + 1"]);
    await vscode.commands.executeCommand("notebook.execute");
    const [first, second] = codeOf(notebook);
    await until("both cells", () => second?.executionSummary?.success !== undefined);
    assert.match(outputText(first as vscode.NotebookCell), /one[\s\S]*two/);
    assert.match(outputText(second as vscode.NotebookCell), /42/);
  });

  it("shows what a cell's timers print, and what a later cell updates, where it belongs", async () => {
    const notebook = await draft("late.ipynb", [
      "setTimeout(() => console.log('printed late'), 700); const early = display('half'); 'now'",
      "early.update('whole'); 2",
    ]);
    await vscode.commands.executeCommand("notebook.execute");
    const [first, second] = codeOf(notebook) as [vscode.NotebookCell, vscode.NotebookCell];
    await until("the late output", () => /whole[\s\S]*now[\s\S]*printed late/.test(outputText(first)));
    await until("the first cell to be as it was", () => first.executionSummary?.success === true && first.executionSummary.executionOrder === 1);
    assert.doesNotMatch(outputText(second), /late|whole/);
    assert.doesNotMatch(outputText(first), /half/);
  });

  it("completes desk and the names of earlier cells, and tells types on hover", async () => {
    const notebook = await draft("words.ipynb", ["const holdings = { symbol: 'AAPL', shares: 3 }", "holdings.;\ndesk."]);
    const [first, second] = codeOf(notebook);
    await vscode.commands.executeCommand("notebook.cell.execute", { ranges: [{ start: 0, end: 1 }], document: notebook.uri });
    await until("the first cell", () => first?.executionSummary?.success);
    const uri = (second as vscode.NotebookCell).document.uri;
    const names = async (line: number, character: number) => {
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        "vscode.executeCompletionItemProvider",
        uri,
        new vscode.Position(line, character),
        ".",
      );
      return list.items.map((item) => (typeof item.label === "string" ? item.label : item.label.label));
    };
    await until("what holdings has", async () => (await names(0, 9)).includes("shares"));
    assert.ok((await names(1, 5)).includes("backtest"));
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", uri, new vscode.Position(0, 3));
    const said = hovers.flatMap((hover) => hover.contents).map((content) => (typeof content === "string" ? content : content.value));
    assert.match(said.join("\n"), /shares: number/);
  });

  it("marks type errors while a cell is typed, and leads to the cell that made a name", async () => {
    const notebook = await draft("typing.ipynb", ["/** Adds. */\nfunction plus(a: number, b: number): number { return a + b }", "plus(1, ", "const later = 1"]);
    const [first, second] = codeOf(notebook) as [vscode.NotebookCell, vscode.NotebookCell];
    await vscode.commands.executeCommand("notebook.cell.execute", { ranges: [{ start: 0, end: 1 }], document: notebook.uri });
    await until("the first cell", () => first.executionSummary?.success);
    const { uri } = second.document;
    const ours = () => vscode.languages.getDiagnostics(uri).filter((mark) => mark.source === "quantdesk");
    const write = async (text: string) => {
      const edit = new vscode.WorkspaceEdit();
      edit.replace(uri, new vscode.Range(0, 0, second.document.lineCount, 0), text);
      await vscode.workspace.applyEdit(edit);
    };
    const help = await vscode.commands.executeCommand<vscode.SignatureHelp>("vscode.executeSignatureHelpProvider", uri, new vscode.Position(0, 8), "(");
    assert.equal(help.signatures[0]?.label, "plus(a: number, b: number): number");
    await write("plus(1, 'two')");
    await until("the mark", () => ours().length === 1);
    await write("plus(1, later)");
    await until("the mark to go", () => ours().length === 0);
    const places = await vscode.commands.executeCommand<ReadonlyArray<vscode.Location | vscode.LocationLink>>(
      "vscode.executeDefinitionProvider",
      uri,
      new vscode.Position(0, 2),
    );
    const locations = places.map((place) => ("targetUri" in place ? { uri: place.targetUri, range: place.targetRange } : place));
    const found = locations.find((place) => place.uri.fragment === first.document.uri.fragment);
    assert.equal(found?.range.start.line, 1, JSON.stringify(places));
  });

  it("stops at the first cell that fails and shows where", async () => {
    const notebook = await draft("error.ipynb", ["const x = 1;\nthrow new RangeError('too far')", "x + 1"]);
    await vscode.commands.executeCommand("notebook.execute");
    const [first, second] = codeOf(notebook);
    await until("the failure", () => first?.executionSummary?.success === false);
    const item = first?.outputs.flatMap((output) => output.items).find((one) => one.mime === "application/vnd.code.notebook.error");
    assert.ok(item, outputText(first as vscode.NotebookCell));
    const error = JSON.parse(new TextDecoder().decode(item.data)) as { name: string; message: string; stack: string };
    assert.equal(error.name, "RangeError");
    assert.match(error.stack, /Cell 1:2/);
    assert.equal(second?.executionSummary?.success, undefined);
  });

  it("refuses a cell with a type error before it runs, and marks the place", async () => {
    const notebook = await draft("types.ipynb", ["console.log('ran');\nconst n: number = 'text'"]);
    await vscode.commands.executeCommand("notebook.execute");
    const [cell] = codeOf(notebook);
    await until("the failure", () => cell?.executionSummary?.success === false);
    assert.doesNotMatch(outputText(cell as vscode.NotebookCell), /^ran$/m);
    const marks = vscode.languages.getDiagnostics((cell as vscode.NotebookCell).document.uri).filter((mark) => mark.source === "quantdesk");
    assert.equal(marks.length, 1);
    assert.equal(marks[0]?.range.start.line, 1);
  });

  it("interrupts an endless loop and keeps the state; a restart forgets it", async () => {
    const notebook = await draft("loop.ipynb", ["let kept = 7", "while (true) {}", "kept"]);
    const [, loop, last] = codeOf(notebook);
    const runCell = (index: number) =>
      vscode.commands.executeCommand("notebook.cell.execute", { ranges: [{ start: index, end: index + 1 }], document: notebook.uri });
    await runCell(0);
    await until("the first cell", () => codeOf(notebook)[0]?.executionSummary?.success);
    const looping = runCell(1);
    await until("the loop to start", () => loop?.executionSummary?.timing === undefined);
    await new Promise((resolve) => setTimeout(resolve, 500)); // nothing tells from outside that the loop spins
    await vscode.commands.executeCommand("notebook.cancelExecution");
    await until("the loop's end", () => loop?.executionSummary?.success === false);
    await looping;
    await runCell(2);
    await until("the last cell", () => last?.executionSummary?.success);
    assert.match(outputText(last as vscode.NotebookCell), /7/);
    assert.deepEqual(await run("restartKernel", notebook.uri), { restarted: true });
    await runCell(2);
    await until("the last cell to fail", () => last?.executionSummary?.success === false);
  });

  it("restarts and runs all cells", async () => {
    const notebook = await draft("again.ipynb", ["(globalThis as { seen?: number }).seen = ((globalThis as { seen?: number }).seen ?? 0) + 1", "'last'"]);
    const [first, last] = codeOf(notebook) as [vscode.NotebookCell, vscode.NotebookCell];
    await vscode.commands.executeCommand("notebook.execute");
    await until("the last cell", () => last.executionSummary?.success);
    const before = last.executionSummary?.timing?.startTime;
    assert.deepEqual(await run("restartAndRunAll", notebook.uri), { restarted: true });
    await until("the last cell again", () => last.executionSummary?.success === true && last.executionSummary.timing?.startTime !== before);
    assert.match(outputText(first), /^1$/m);
  });
});
