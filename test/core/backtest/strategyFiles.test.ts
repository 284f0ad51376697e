import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StrategyFiles } from "../../../src/core/backtest/strategyFile.ts";

describe("strategies that are loaded again and again", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "strategies-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const source = (name: string) => `export default { name: "${name}", params: {}, onBar() {} };`;

  /** Loads it again and again, until it is as old as a file has to be that is not read again. */
  async function loadUntilOld(files: StrategyFiles, path: string): Promise<readonly string[]> {
    const names = new Set<string>();
    do names.add((await files.load({ kind: "file", path })).definition.name);
    while (Date.now() - statSync(path).ctimeMs < 150);
    return [...names];
  }

  it("are those that their files hold now, of equal length too", async () => {
    const files = new StrategyFiles();
    const path = join(folder, "own.mjs");
    for (const name of ["one", "two", "six"]) {
      writeFileSync(path, source(name));
      assert.deepEqual(await loadUntilOld(files, path), [name]);
    }
  });

  it("are one object as long as their file stays", async () => {
    const files = new StrategyFiles();
    const path = join(folder, "own.mjs");
    writeFileSync(path, source("own"));
    await loadUntilOld(files, path);
    const [first, second] = [await files.load({ kind: "file", path }), await files.load({ kind: "file", path })];
    assert.equal(first, second);
    assert.equal(first.file, path);
  });

  it("are gone with their file", async () => {
    const files = new StrategyFiles();
    const path = join(folder, "own.mjs");
    writeFileSync(path, source("own"));
    await loadUntilOld(files, path);
    unlinkSync(path);
    await assert.rejects(files.load({ kind: "file", path }), { code: "no-strategy-file" });
  });

  it("have another hash when what they import has changed", async () => {
    const files = new StrategyFiles();
    const path = join(folder, "own.mjs");
    writeFileSync(path, `import { name } from "./other.mjs"; export default { name, params: {}, onBar() {} };`);
    const hashes = new Set<string>();
    for (const name of ["one", "two"]) {
      writeFileSync(join(folder, "other.mjs"), `export const name = "${name}";`);
      await loadUntilOld(files, path);
      hashes.add((await files.load({ kind: "file", path })).hash);
    }
    assert.equal(hashes.size, 2);
  });
});
