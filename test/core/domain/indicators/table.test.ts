import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { INDICATORS, wantedIndicator } from "../../../../src/core/domain/indicators/catalog.ts";

describe("docs/indicators.md", () => {
  it("lists every indicator with its parameters, outputs, warm-up and source, and no other", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../../docs/indicators.md"), "utf8");
    const rows = INDICATORS.map(({ name, title, params, outputs, needs, source, warmUp }) => {
      const usual = Object.entries(params).map(([param, spec]) => `${param}=${spec.default}`);
      const cells = [`\`${name}\``, title, usual.join(", ") || "none", outputs.join(", "), warmUp(wantedIndicator(name).params), needs.join(", "), source];
      return `| ${cells.join(" | ")} |`;
    });
    const listed = text.split("\n").filter((line) => line.startsWith("| `"));
    assert.deepEqual(listed, rows);
  });
});
