/** New notebook, strategy, scanner: a draft to save where one likes. */
import * as vscode from "vscode";
import type { Command } from "./window.ts";

export const fileCommands = {
  async newNotebook() {
    const cell = (text: string) => new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, "typescript");
    const data = new vscode.NotebookData([
      new vscode.NotebookCellData(
        vscode.NotebookCellKind.Markup,
        "# A Quantdesk notebook\n\nChoose the kernel “Quantdesk TypeScript”. `desk` is there without import.",
        "markdown",
      ),
      cell("await desk.connect()"),
      cell('const result = await desk.backtest({ data: "sample:simulated", strategy: "sma_cross", params: { fast: 10, slow: 20 } });\nresult'),
    ]);
    data.metadata = {
      metadata: { kernelspec: { name: "quantdesk", display_name: "Quantdesk TypeScript", language: "typescript" }, language_info: { name: "typescript" } },
    };
    const notebook = await vscode.workspace.openNotebookDocument("jupyter-notebook", data);
    await vscode.window.showNotebookDocument(notebook);
    return { uri: notebook.uri.toString() };
  },

  newStrategy: () => draft(STRATEGY),
  newScanner: () => draft(SCANNER),
} satisfies Record<string, Command>;

async function draft(content: string) {
  const document = await vscode.workspace.openTextDocument({ language: "typescript", content });
  await vscode.window.showTextDocument(document);
  return { uri: document.uri.toString() };
}

const STRATEGY = `import { defineStrategy } from "quantdesk";

/** Buys when the fast average crosses above the slow one, sells when it crosses below. Save it under strategies/. */
export default defineStrategy({
  name: "my_cross",
  params: {
    fast: { default: 10, min: 2, max: 200, integer: true },
    slow: { default: 20, min: 3, max: 400, integer: true },
  },
  signals({ close, sma, crossOver, crossUnder }, { fast, slow }) {
    const quick = sma(close, fast);
    const calm = sma(close, slow);
    return { entries: crossOver(quick, calm), exits: crossUnder(quick, calm) };
  },
});
`;

const SCANNER = `import { defineScanner } from "quantdesk";

/** Symbols that trade at three times their usual volume. Save it under scanners/: scans in this window run it beside the others. */
export default defineScanner({
  name: "my_scanner",
  pipeline: "momentum",
  needs: ["bars"],
  async scan(state, tools) {
    const found = [];
    for (const [symbol, bars] of await tools.bars(state.universe, { timeframe: "1Day", limit: 21 })) {
      const volumes = [...bars.volume];
      const today = volumes.pop() ?? 0;
      const usual = volumes.reduce((sum, volume) => sum + volume, 0) / Math.max(1, volumes.length);
      if (usual > 0 && today > 3 * usual) found.push({ symbol, score: today / usual, reason: \`volume \${(today / usual).toFixed(1)} times its 20-day mean\`, value: today / usual });
    }
    return found;
  },
});
`;
