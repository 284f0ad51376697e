/** What a cell took; and what a person may set about a kernel: type errors that only warn, a runner that may do less. */
import assert from "node:assert/strict";
import { TestNotebook } from "./notebook.ts";

describe("a cell that has run", () => {
  it("tells what it took: the time of its own code and the memory of its process", async () => {
    const notebook = await TestNotebook.open();
    try {
      const { outcome } = await notebook.run("const held = new Uint8Array(64 * 2 ** 20).fill(1); held.length");
      assert.ok(outcome.status === "ok" && outcome.durationMs > 0, JSON.stringify(outcome));
      assert.ok((outcome.memoryBytes ?? 0) > 64 * 2 ** 20);
    } finally {
      await notebook.close();
    }
  });
});

describe("a cell with type errors that is to run all the same", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open();
  });
  after(() => notebook.close());

  it("says what is wrong and where, and runs", async () => {
    const ran = await notebook.run("const wrong: number = 'text'\nwrong", { runsDespiteTypeErrors: true });
    assert.equal(ran.outcome.status, "ok");
    assert.match(ran.printed, /^Type error 1:7 Type 'string' is not assignable to type 'number'\.\n> 1 \| const wrong/);
    assert.equal(ran.shown, "'text'");
    assert.equal((await notebook.run("wrong.toFixed(1)", { runsDespiteTypeErrors: true })).outcome.status, "error");
  });

  it("is refused as ever when it is no TypeScript, and when nobody said so", async () => {
    assert.equal((await notebook.run("const = 1", { runsDespiteTypeErrors: true })).outcome.status, "type-error");
    assert.equal((await notebook.run("const other: number = 'text'")).outcome.status, "type-error");
  });
});

describe("a kernel under Node's permission model", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open({ isRestricted: true });
  });
  after(() => notebook.close());
  const refusal = async (code: string): Promise<string | undefined> => {
    const { outcome } = await notebook.run(code);
    return outcome.status === "error" ? outcome.error.code : JSON.stringify(outcome);
  };

  it("reads, imports, and writes below the notebook's folder only", async () => {
    await notebook.write("near.ts", "export const near: number = 41;");
    const ran = await notebook.run(
      "import { near } from './near.ts'\nimport { writeFileSync, readFileSync } from 'node:fs'\nwriteFileSync('out.txt', String(near + 1)); readFileSync('out.txt', 'utf8')",
    );
    assert.equal(ran.shown, "'42'", JSON.stringify(ran.outcome));
    assert.equal(await refusal("writeFileSync(import.meta.dirname + '/../quantdesk-outside.txt', 'x')"), "ERR_ACCESS_DENIED");
  });

  it("starts no process", async () => {
    assert.equal(await refusal("import { execFileSync } from 'node:child_process'\nexecFileSync(process.execPath, ['-e', '0'])"), "ERR_ACCESS_DENIED");
  });

  it("is interrupted and restarted like any other", async () => {
    const spinning = notebook.run("console.log('spins'); while (true) {}");
    await notebook.untilPrinted("spins");
    await notebook.kernel.interrupt();
    assert.equal((await spinning).outcome.status, "interrupted");
    await notebook.kernel.restart();
    assert.equal((await notebook.run("1 + 1")).shown, "2");
    assert.equal(await refusal("import { spawnSync } from 'node:child_process'\nspawnSync('true')"), "ERR_ACCESS_DENIED");
  });
});
