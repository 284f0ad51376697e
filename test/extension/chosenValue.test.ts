import assert from "node:assert/strict";
import type { SettingSpec } from "../../src/core/config/schema.ts";
import { chosenValue } from "../../src/extension/chosenValue.ts";

const plain: SettingSpec = { key: "backtest.workers", type: "integer", default: 4, description: "" };
const userOnly: SettingSpec = { key: "broker.baseUrl", type: "string", default: "", userOnly: true, description: "" };
const limit: SettingSpec = { key: "risk.maxOrderValue", type: "number", default: 10_000, tightenOnly: true, description: "" };
const symbols: SettingSpec = { key: "risk.symbols", type: "strings", default: [], tightenOnly: true, description: "" };

describe("the value of a VS Code setting", () => {
  it("is undefined where nobody set one: the manifest's default never counts", () => {
    assert.equal(chosenValue(plain, {}), undefined);
  });

  it("is the workspace's before the person's own, where a workspace may speak", () => {
    assert.equal(chosenValue(plain, { globalValue: 2 }), 2);
    assert.equal(chosenValue(plain, { globalValue: 2, workspaceValue: 3 }), 3);
    assert.equal(chosenValue(plain, { workspaceValue: 3, workspaceFolderValue: 1 }), 1);
  });

  it("is never a workspace's for an endpoint", () => {
    assert.equal(chosenValue(userOnly, { workspaceValue: "https://evil.example" }), undefined);
    assert.equal(chosenValue(userOnly, { globalValue: "https://mine.example", workspaceValue: "https://evil.example" }), "https://mine.example");
  });

  it("can only be tightened by a workspace for a risk limit", () => {
    assert.equal(chosenValue(limit, { workspaceValue: 500 }), 500);
    assert.equal(chosenValue(limit, { workspaceValue: 1_000_000 }), 10_000);
    assert.equal(chosenValue(limit, { globalValue: 20_000, workspaceValue: 15_000 }), 15_000);
    assert.equal(chosenValue(limit, { globalValue: 20_000, workspaceValue: 50_000 }), 20_000);
    assert.deepEqual(chosenValue(symbols, { workspaceValue: ["AAPL"] }), ["AAPL"]);
    assert.deepEqual(chosenValue(symbols, { globalValue: ["AAPL", "MSFT"], workspaceValue: ["MSFT", "TSLA"] }), ["MSFT"]);
    assert.deepEqual(chosenValue(symbols, { globalValue: ["AAPL"], workspaceValue: ["TSLA"] }), ["-"]);
  });
});
