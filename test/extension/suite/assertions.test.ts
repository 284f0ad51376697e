import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { bridge, extension, hasBridge, screenshot, until } from "./host.ts";

const FAILS = `import { expectBacktest } from "quantdesk";

expectBacktest({ data: "sample:simulated", strategy: "buy_and_hold" })
  .tradesBetween(1, 1)
  .drawdownUnder(0.1)
  .holdsAtMost(3);
`;
const HANGS = `import { writeFileSync } from "node:fs";
import { expectBacktest } from "quantdesk";
expectBacktest({ data: "sample:simulated", strategy: "buy_and_hold" }).tradesBetween(1, 1);
writeFileSync(new URL("./pid", import.meta.url), String(process.pid));
for (;;);
`;

/** Of the parts of the window that match: what a screen reader says, or else the text. */
async function texts(selector: string): Promise<readonly string[]> {
  const found = await bridge(
    "eval",
    { where: "page" },
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((part) => part.getAttribute("aria-label") ?? part.textContent)`,
  );
  return found as readonly string[];
}

/** In the editor that is open, the signs of tests beside the lines: "5 failed". */
async function signs(): Promise<readonly string[]> {
  const found = await bridge(
    "eval",
    { where: "page" },
    `(() => {
      const lines = new Map([...document.querySelectorAll(".line-numbers")].map((one) => [Math.round(one.getBoundingClientRect().top), one.textContent]));
      return [...document.querySelectorAll(".testing-run-glyph")].map((sign) =>
        lines.get(Math.round(sign.getBoundingClientRect().top)) + " " + /codicon-testing-(\\w+)-icon/.exec(sign.className)?.[1]);
    })()`,
  );
  return [...(found as readonly string[])].sort();
}

describe("strategy assertions in the Test Explorer", function () {
  this.timeout(120_000);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const file = (name: string) => join(folder, name);
  const rows = () => texts(".test-explorer .monaco-list-row");
  before(async function () {
    if (!hasBridge) this.skip(); // VS Code's API shows no results of tests
    await extension();
    await writeFile(file("fails.test.ts"), FAILS);
    await writeFile(file("strange.test.ts"), "export const nothing = 1;\n");
    await vscode.commands.executeCommand("workbench.view.testing.focus");
    await vscode.commands.executeCommand("testing.refreshTests");
  });
  after(async () => {
    for (const name of ["fails.test.ts", "hangs.test.ts", "strange.test.ts", "pid"]) await rm(file(name), { force: true });
    await vscode.commands.executeCommand("testing.refreshTests");
    await vscode.commands.executeCommand("workbench.action.closePanel");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  });

  it("are found in the files that have some", async () => {
    await until("the file", async () => (await rows()).some((row) => row.includes("fails.test.ts")));
    assert.ok(!(await rows()).some((row) => row.includes("strange")));
  });

  it("run, and fail at their own lines with the bar and the trade", async () => {
    await vscode.window.showTextDocument(vscode.Uri.file(file("fails.test.ts")));
    await vscode.commands.executeCommand("testing.runAll");
    await until("signs at all lines", async () => (await signs()).length === 4);
    assert.deepEqual(await signs(), ["3 failed", "4 passed", "5 failed", "6 failed"]);
    await until("the file as failed", async () => (await rows()).some((row) => /fails\.test\.ts.*failed/i.test(row)));
    const told = await until("what failed", async () => {
      const rows = (await texts(".test-output-peek-tree .monaco-list-row")).join("\n");
      return rows.includes("trade 1, entered") && rows.includes("the equity fell") ? rows : undefined;
    });
    assert.match(told, /the equity fell \d+\.\d+ % below its high of [\d-]+ at bar \d+ \(.*\); trade 1, bars 1 to \d+/);
    assert.match(told, /trade 1, entered at bar 1 \(.*\), was held for \d+ bars/);
    await screenshot("assertions");
  });

  it("end when the run is cancelled, with their process", async () => {
    await writeFile(file("hangs.test.ts"), HANGS);
    await vscode.commands.executeCommand("testing.refreshTests");
    const pid = until("the process", () =>
      readFile(file("pid"), "utf8")
        .catch(() => "")
        .then((text) => text || undefined),
    );
    const running = Promise.resolve(vscode.commands.executeCommand("testing.runAll"));
    const hanging = Number(await pid);
    process.kill(hanging, 0); // throws where there is none
    await vscode.commands.executeCommand("testing.cancelRun");
    await running;
    await until("the end of the process", () => {
      try {
        process.kill(hanging, 0);
        return false;
      } catch {
        return true;
      }
    });
  });
});
