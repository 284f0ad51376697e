import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "./quantdesk.ts";

interface Ready {
  readonly pid: number;
  readonly accounts: ReadonlyArray<{ readonly accountNumber: string }>;
}

describe("a command that is killed", function () {
  this.timeout(30_000);

  it("takes its exchange with it, and the next one on that folder goes on with the same accounts", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-orphan-"));
    const numbers: string[] = [];
    try {
      for (let turn = 0; turn < 2; turn++) {
        const command = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "paper", "--port", "0", "--home", home], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const lines = createInterface({ input: command.stdout });
        const ready = await new Promise<Ready>((done) => lines.once("line", (line) => done(JSON.parse(line) as Ready)));
        numbers.push(ready.accounts[0]?.accountNumber ?? "");
        command.kill("SIGKILL");
        await gone(ready.pid);
      }
      assert.equal(numbers[0], numbers[1]);
    } finally {
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

/** Resolves when no process has that id any more; the test's own deadline ends the wait. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}
