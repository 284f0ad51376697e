import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logTo } from "../../../src/core/base/log.ts";
import { TypeCheck } from "../../../src/core/backtest/typeCheck.ts";

const head = `import { defineStrategy } from "quantdesk";\n`;
const strategy = (body: string) => `${head}export default defineStrategy({ name: "s", params: { n: { default: 3 } }, onBar(bar, { n }) {\n${body}\n} });\n`;

describe("The type check of a strategy file", function () {
  this.timeout(60_000);
  const { signal } = new AbortController();
  let folder = "";
  let checks: TypeCheck;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "types-"));
    checks = new TypeCheck(logTo(() => {}));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const check = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    await checks.check(path, signal);
  };

  it("names file, line and column of the first error, and where the others are", async () => {
    await assert.rejects(check("typo.ts", strategy("  if (bar.clsoe > n) bar.buy();\n  bar.sell({ limit: 'ten' });")), {
      code: "strategy-types",
      kind: "usage",
      message: /typo\.ts:3:11: Property 'clsoe' does not exist on type 'BarContext'.*1 more: line 4\.$/,
      data: { line: 3, column: 11, code: 2551 },
    });
  });

  it("is seen to be mended, and finds an error in what is imported", async () => {
    await check("typo.ts", strategy("  if (bar.close > n) bar.buy();"));
    await writeFile(join(folder, "part.ts"), "export const half: number = 'half';\n");
    const whole = `import { half } from "./part.ts";\n${strategy("  if (bar.close > half) bar.buy();")}`;
    await assert.rejects(check("whole.ts", whole), /part\.ts:1:14: Type 'string' is not assignable/);
    await writeFile(join(folder, "part.ts"), "export const half: number = 0.5;\n");
    await check("whole.ts", whole);
  });

  it("calls a mistake in grammar, and what cannot be stripped, by its line", async () => {
    await assert.rejects(check("grammar.ts", `${head}const = 3;\n`), { code: "bad-strategy-file", message: /grammar\.ts:2:/ });
    await assert.rejects(check("enum.ts", `${head}enum A { x }\n`), /enum\.ts:2:6: This syntax is not allowed when 'erasableSyntaxOnly' is enabled/);
  });

  it("asks for no more types than a short script has, and knows Node's", async () => {
    await check(
      "loose.ts",
      `import { readFileSync } from "node:fs";\nconst seen = [];\nfunction add(a, b?) { return a + (b || 0); }\n${strategy("  seen.push(add(1), process.pid, Buffer.alloc(1), readFileSync); (globalThis as any).x = n;")}`,
    );
    await check(
      "plainArrays.ts",
      `${head}export default defineStrategy({ name: "s", params: {}, signals: ({ length }) => ({ entries: new Array(length).fill(0), exits: Array.from({ length }, () => false) }) });`,
    );
  });

  it("leaves JavaScript alone, and a file that says so", async () => {
    await check("plain.js", "export default { name: 3 + null.x };");
    await check("off.ts", `// @ts-nocheck\n${strategy("  bar.nothing();")}`);
  });

  it("ends when it is cancelled", async () => {
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    const path = join(folder, "late.ts");
    await writeFile(path, strategy("  bar.buy();"));
    await assert.rejects(checks.check(path, stop.signal));
    await checks.check(path, signal);
  });
});
