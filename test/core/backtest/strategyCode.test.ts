import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strategyCode } from "../../../src/core/backtest/strategyCode.ts";

describe("what a strategy's code is", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-code-"));
  });
  after(() => rm(folder, { recursive: true }));
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return strategyCode({ kind: "file", path: join(folder, name) });
  };

  it("changes with the file and with everything that it imports", async () => {
    await writeFile(join(folder, "deep.ts"), "export const n: number = 1;");
    await writeFile(join(folder, "lib.ts"), 'export * from "./deep.ts";');
    const text = 'import { n } from "./lib";\nexport default { name: "a", params: {}, signals: () => n };';
    const one = await file("a.ts", text);
    assert.equal(one.isRepeatable, true);
    assert.deepEqual(await file("a.ts", text), one);
    await writeFile(join(folder, "deep.ts"), "export const n: number = 2;");
    const two = await file("a.ts", text);
    assert.notEqual(two.hash, one.hash);
    assert.notEqual((await file("a.ts", `${text}\n`)).hash, two.hash);
  });

  it("is not repeatable when it may do something else next time", async () => {
    for (const body of [
      "Math.random()",
      "const { random } = Math; random()",
      "Date.now()",
      "new Date()",
      "const D = Date; new D()",
      "process.env.X",
      "globalThis.x",
      'require("fs")',
      'import("./" + name)',
      'import("node:fs")',
      "performance.now()",
      "import.meta.url",
    ])
      assert.equal((await file("b.ts", `export default () => { ${body} };`)).isRepeatable, false, body);
    for (const text of [
      'import { readFileSync } from "node:fs"; export default 1;',
      'import x from "lodash"; export default x;',
      'import x from "./gone.ts"; export default x;',
    ])
      assert.equal((await file("b.ts", text)).isRepeatable, false, text);
    assert.equal((await strategyCode({ kind: "file", path: join(folder, "nowhere.ts") })).isRepeatable, false);
  });

  it("is repeatable when it only looks at bars, their times among them", async () => {
    for (const body of ["new Date(bar.time).getUTCDay()", "Date.UTC(2020, 1, 1)", "Math.max(1, 2)", "bar.random"])
      assert.equal((await file("c.ts", `import { sma } from "quantdesk"; export default (bar: any) => ${body};`)).isRepeatable, true, body);
    assert.deepEqual(await strategyCode({ kind: "builtin", name: "sma_cross" }), { hash: "", isRepeatable: true, isAlone: true, imports: "" });
  });
});
