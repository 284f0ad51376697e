import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { isRunning } from "../../../src/core/base/processAlive.ts";

describe("whether a process runs", () => {
  it("knows this process and one that has ended", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const { pid } = child;
    assert.equal(isRunning(process.pid), true);
    assert.equal(isRunning(pid as number), true);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(isRunning(pid as number), false);
  });

  it("takes no group of processes for one", () => {
    for (const odd of [0, -1, -process.pid, 1.5, Number.NaN]) assert.equal(isRunning(odd), false);
  });

  if (process.platform !== "win32") {
    it("knows the first process, which is another user's as a rule", () => {
      assert.equal(isRunning(1), true);
    });
  }

  if (process.platform === "linux") {
    it("takes one that ended and was not collected for ended", async () => {
      // The shell starts a process and becomes one that never asks after it.
      const parent: ChildProcessByStdio<null, Readable, null> = spawn("sh", ["-c", "true & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
      try {
        const [line] = (await once(parent.stdout, "data")) as [Buffer];
        const zombie = Number(line.toString("utf8"));
        const state = (): string | undefined => /\) (\S)/.exec(readFileSync(`/proc/${zombie}/stat`, "utf8"))?.[1];
        while (state() !== "Z") await new Promise((resolve) => setImmediate(resolve));
        assert.equal(isRunning(zombie), false);
      } finally {
        parent.kill("SIGKILL");
        await once(parent, "exit");
      }
    });
  }
});
