/** What lies on the disk changes while a notebook is open: files and packages come, go and become others. */
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { TestNotebook } from "./notebook.ts";

describe("what cells import", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ warmSpare: true });
  });
  after(() => notebook.close());

  const shown = async (cell: string): Promise<string | null> => {
    const ran = await notebook.run(cell);
    assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
    return ran.shown;
  };
  const refused = async (cell: string): Promise<string> => {
    const { outcome } = await notebook.run(cell);
    assert.equal(outcome.status, "type-error", JSON.stringify(outcome));
    return outcome.status === "type-error" ? (outcome.problems[0]?.message ?? "") : "";
  };
  const install = async (name: string, version: string, type: string, value: string): Promise<void> => {
    await mkdir(join(notebook.folder, "node_modules", name), { recursive: true });
    const manifest = { name, version, type: "module", exports: { types: `./${version}.d.ts`, default: `./${version}.js` } };
    await notebook.write(`node_modules/${name}/${version}.d.ts`, `export declare const made: ${type};`);
    await notebook.write(`node_modules/${name}/${version}.js`, `export const made = ${value};`);
    await notebook.write(`node_modules/${name}/package.json`, JSON.stringify(manifest));
  };

  it("is found when a package has been installed meanwhile", async () => {
    assert.match(await refused("import { made } from 'late'; made"), /Cannot find module 'late'/);
    await install("late", "1", "number", "1");
    assert.equal(await shown("import { made } from 'late'; made"), "1");
    await install("@scope/late", "1", "string", "'scoped'");
    assert.equal(await shown("import { made as other } from '@scope/late'; other"), "'scoped'");
  });

  it("is what a package has become after a restart", async () => {
    await install("late", "2", "string", "'two'");
    await notebook.kernel.restart();
    assert.equal(await shown("import { made } from 'late'; made.toUpperCase()"), "'TWO'");
    await notebook.write("node_modules/late/2.d.ts", "export declare const made: 'two' | 'three';");
    await notebook.kernel.restart();
    assert.match(await refused("import { made } from 'late'; made === 'four'"), /no overlap/);
    await rm(join(notebook.folder, "node_modules", "late"), { recursive: true });
    await notebook.kernel.restart();
    assert.match(await refused("import { made } from 'late'; made"), /Cannot find module 'late'/);
  });

  it("is found when a file has been written meanwhile", async () => {
    assert.match(await refused("import { v } from './late.ts'; v"), /Cannot find module/);
    await notebook.write("late.ts", "export const v = 1;");
    assert.equal(await shown("import { v } from './late.ts'; v"), "1");
  });

  it("is gone with its file, and what the file is when it comes back", async () => {
    await notebook.write("there.ts", "export const v = 1;");
    assert.equal(await shown("import { v } from './there.ts'; v.toFixed(1)"), "'1.0'");
    await rm(join(notebook.folder, "there.ts"));
    assert.match(await refused("import { v } from './there.ts'; v"), /Cannot find module/);
    assert.equal(await shown("v"), "1");
    await notebook.write("there.ts", "export const v = 'back';");
    assert.equal(await shown("import { v } from './there.ts'; v.toUpperCase()"), "'BACK'");
  });

  it("is not looked for again and again where it leads nowhere", async () => {
    await mkdir(join(notebook.folder, "node_modules", "empty"), { recursive: true });
    for (let i = 0; i < 3; i++) assert.match(await refused(`import { x } from 'empty'; x + ${i}`), /Cannot find module 'empty'/);
    assert.equal(await shown("1 + 1"), "2");
  });
});
