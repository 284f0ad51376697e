import assert from "node:assert/strict";
import { TestNotebook } from "./notebook.ts";

describe("a restarted kernel", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ warmSpare: true });
  });
  after(() => notebook.close());

  it("knows no name and no global declaration of before", async () => {
    await notebook.run("declare global { var declaredBefore: number }\nclass Before { x = 1 }");
    assert.equal((await notebook.run("new Before().x")).shown, "1");
    await notebook.kernel.restart();
    assert.equal((await notebook.run("new Before()")).outcome.status, "type-error");
    assert.equal((await notebook.run("declaredBefore")).outcome.status, "type-error");
  });

  it("reads types from the disk again", async () => {
    await notebook.write("shape.d.ts", "export interface Shape { a: number }");
    const cell = 'import type { Shape } from "./shape.d.ts"; const shape: Shape = { a: 1 }; shape.a';
    assert.equal((await notebook.run(cell)).shown, "1");
    await notebook.write("shape.d.ts", "export interface Shape { b: number }");
    await notebook.kernel.restart();
    assert.equal((await notebook.run(cell)).outcome.status, "type-error");
  });

  it("checks however often and early it is restarted", async () => {
    for (let round = 0; round < 6; round++) {
      await notebook.run(`class Round { n = ${round} }`);
      await notebook.kernel.restart();
    }
    assert.equal((await notebook.run("const wrong: string = 1")).outcome.status, "type-error");
    assert.equal((await notebook.run("1 + 1")).shown, "2");
  });

  it("keeps names over more cells than it makes files for at once", async () => {
    await notebook.run("let counted = 0;");
    for (let i = 0; i < 40; i++) assert.equal((await notebook.run(`const c${i}: number = ++counted; c${i}`)).shown, String(i + 1));
    assert.equal((await notebook.run("c0 + c17 + c39")).shown, "59");
    assert.equal((await notebook.run("c39.length")).outcome.status, "type-error");
  });
});
