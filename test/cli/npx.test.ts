import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./quantdesk.ts";

describe("npx quantdesk in a clone", function () {
  this.timeout(60_000);

  const answers = (what: string, command: string, args: readonly string[], cwd: string) => {
    it(what, () => {
      const ran = spawnSync(command, args, { cwd, encoding: "utf8", shell: process.platform === "win32" });
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stdout.trim(), /^\d+\.\d+\.\d+$/);
    });
  };
  answers("runs the command that the install linked", join(ROOT, "node_modules", ".bin", "quantdesk"), ["--version"], tmpdir());
  answers("runs through npx", "npx", ["quantdesk", "--version"], ROOT);
});
