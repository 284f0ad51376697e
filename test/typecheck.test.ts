import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

describe("types", function () {
  this.timeout(120_000);
  for (const project of ["tsconfig.json", "src/webview/tsconfig.json", "test/packaged/tsconfig.json"]) {
    it(`hold in ${project}`, () => {
      const ran = spawnSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", join(root, project), "--noEmit"], {
        encoding: "utf8",
        cwd: root,
      });
      assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    });
  }
});
