import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CellScripts } from "../../src/kernel/cellScripts.ts";
import { CellTypes } from "../../src/kernel/cellTypes.ts";

describe("a compiler that does not answer", () => {
  it("is ended after its time, and cells go on unchecked and say so once", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-silent-"));
    const life = new AbortController();
    const reasons: string[] = [];
    let pid = 0;
    const types = new CellTypes({
      folder,
      onProcess: (started) => (pid = started),
      onUnchecked: (reason) => reasons.push(reason) > 0,
      life: life.signal,
      answerMs: 5000,
    });
    const scripts = new CellScripts(() => types.compilerPath());
    try {
      const check = async (text: string) => {
        const { checked, names } = await scripts.read(text, life.signal);
        return await types.check(checked, names, life.signal);
      };
      assert.equal((await check('const wrong: number = "text"')).length, 1);
      process.kill(pid, "SIGSTOP");
      assert.deepEqual(await check('const again: number = "text"'), []);
      assert.deepEqual(reasons, ["The type checker: timeout after 5s"]);
      assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
      assert.deepEqual(await check('const third: number = "text"'), []);
      assert.equal(reasons.length, 1);
    } finally {
      life.abort();
      await types.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
