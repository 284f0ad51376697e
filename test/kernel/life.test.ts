import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DeskHandlers } from "../../src/kernel/host.ts";
import { TestNotebook } from "./notebook.ts";

describe("a kernel", () => {
  describe("is interrupted", () => {
    let notebook: TestNotebook;
    before(async () => {
      notebook = await TestNotebook.open();
      await notebook.run("let kept = 42;");
    });
    after(() => notebook.close());

    /** The cell says that it runs, is interrupted, ends as interrupted, and the state is kept. */
    const stops = (what: string, code: string): void => {
      it(what, async () => {
        const isRunning = notebook.untilPrinted("runs");
        const running = notebook.run(`console.log("runs");\n${code}`);
        await isRunning;
        await notebook.kernel.interrupt();
        assert.equal((await running).outcome.status, "interrupted");
        assert.equal((await notebook.run("kept")).shown, "42");
      });
    };

    stops("in an endless loop", "while (true) {}");
    stops("in a loop that catches everything", "while (true) { try { for (;;) {} } catch {} }");
    stops("in an await that never ends", "await new Promise(() => {})");
    stops("in a loop after an await", "await 0; for (;;) {}");
    stops("in a loop of awaits", "while (true) await new Promise((r) => setTimeout(r, 5))");
    stops("in a loop that catches what its awaits throw", "while (true) { try { await new Promise((r) => setTimeout(r, 1000)) } catch {} }");
    stops("in a regular expression that never ends", "/^(a+)+$/.test('a'.repeat(40) + 'b')");
    stops("in a loop of queued microtasks", "const again = () => queueMicrotask(again); again(); await new Promise(() => {})");
    stops("in an interval", "setInterval(() => {}, 1); await new Promise(() => {})");
    stops("while it waits in finally", "try { await new Promise(() => {}) } finally { await new Promise(() => {}) }");
    stops("while it shows a value without end", "({ [Symbol.for('nodejs.util.inspect.custom')]() { while (true) {} } })");
    stops("while it prints without end", "while (true) console.log('x'.repeat(100))");
    stops("in a loop of microtasks", "while (true) await 0");
    stops("in a loop inside a timer", "setTimeout(() => { for (;;) {} }, 1); await new Promise(() => {})");
    stops("in a for await", "async function* g() { while (true) { yield 1; await new Promise((r) => setTimeout(r, 5)) } }\nfor await (const q of g()) {}");
    stops("in a wait that blocks the thread", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)");

    it("by the signal of its execution", async () => {
      const abort = new AbortController();
      const isRunning = notebook.untilPrinted("runs");
      const running = notebook.run('console.log("runs"); while (true) {}', { signal: abort.signal });
      await isRunning;
      abort.abort();
      assert.equal((await running).outcome.status, "interrupted");
      assert.equal((await notebook.run("kept")).shown, "42");
    });

    it("twice at once without harm", async () => {
      const isRunning = notebook.untilPrinted("runs");
      const running = notebook.run('console.log("runs"); while (true) {}');
      await isRunning;
      await Promise.all([notebook.kernel.interrupt(), notebook.kernel.interrupt()]);
      assert.equal((await running).outcome.status, "interrupted");
      assert.equal((await notebook.run("kept")).shown, "42");
    });

    it("without harm when nothing runs", async () => {
      await notebook.kernel.interrupt();
      assert.equal((await notebook.run("kept")).shown, "42");
    });
  });

  it("passes the interrupt on to what desk waits for", async () => {
    let wasAborted = false;
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const desk: DeskHandlers = {
      call: (_name, _args, _caller, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            wasAborted = true;
            reject(signal.reason as Error);
          });
          asked();
        }),
    };
    const notebook = await TestNotebook.open({ desk });
    try {
      const running = notebook.run("await desk.account()");
      await isAsked;
      await notebook.kernel.interrupt();
      assert.equal((await running).outcome.status, "interrupted");
      assert.equal((await notebook.run("1 + 1")).shown, "2");
      assert.equal(wasAborted, true);
    } finally {
      await notebook.close();
    }
  });

  describe("that dies", () => {
    let notebook: TestNotebook;
    before(async () => {
      notebook = await TestNotebook.open({ warmSpare: true });
    });
    after(() => notebook.close());

    const dies = (how: string, code: string, reason: RegExp): void => {
      it(`${how}: says with what, and can be restarted`, async () => {
        const told = new Promise<string>((resolve) => {
          notebook.kernel.onDeath(resolve);
        });
        const ran = await notebook.run(`console.log("before");\n${code}`);
        assert.equal(ran.outcome.status, "dead", JSON.stringify(ran.outcome));
        assert.match(ran.outcome.status === "dead" ? ran.outcome.reason : "", reason);
        assert.match(await told, reason);
        assert.equal(ran.printed, "before\n");
        assert.equal(notebook.kernel.state, "dead");
        assert.equal((await notebook.run("1")).outcome.status, "dead");
        await notebook.kernel.restart();
        const again = await notebook.run("1 + 1");
        assert.equal(again.shown, "2");
        assert.equal(again.outcome.status === "ok" && again.outcome.executionCount, 1);
      });
    };

    dies("by process.exit", "process.exit(3)", /exit code 3/);
    dies("by a signal", 'process.kill(process.pid, "SIGTERM"); await new Promise(() => {})', /SIGTERM/);
    dies(
      "of a line without an end in its own pipe",
      'const { writeSync } = await import("node:fs"); const part = "x".repeat(1 << 20); for (;;) try { writeSync(4, part); } catch {}',
      /SIGKILL/,
    );
    dies("by a fault", 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => {})', /SIGSEGV \(a fault in native code\)/);
    dies("by abort()", "process.abort()", /SIGABRT/);
  });

  it("forgets variables and their types in a restart", async () => {
    const notebook = await TestNotebook.open();
    try {
      await notebook.run("const before = 1");
      await notebook.kernel.restart();
      const { outcome } = await notebook.run("before");
      assert.equal(outcome.status, "type-error");
    } finally {
      await notebook.close();
    }
  });

  it("holds no secret in its environment, memory of arguments included", async () => {
    process.env["APCA_API_SECRET_KEY"] = "not-for-cells-4711";
    try {
      const notebook = await TestNotebook.open();
      try {
        const ran = await notebook.run(
          'JSON.stringify(process.env) + process.argv.join() + (await import("node:child_process")).execFileSync(process.execPath, ["-p", "JSON.stringify(process.env)"], { encoding: "utf8" })',
        );
        assert.equal(ran.outcome.status, "ok");
        assert.ok(ran.shown !== null && !ran.shown.includes("not-for-cells-4711"));
        assert.ok(!ran.shown.includes("APCA_"));
      } finally {
        await notebook.close();
      }
    } finally {
      delete process.env["APCA_API_SECRET_KEY"];
    }
  });

  it("leaves no process behind when it is closed", async () => {
    const notebook = await TestNotebook.open({ warmSpare: true });
    const pids = (await notebook.run("const { pid, ppid } = process; console.log(pid); pid")).shown;
    await notebook.close();
    assert.throws(() => process.kill(Number(pids), 0), { code: "ESRCH" });
    assert.equal((await notebook.kernel.execute("1", { cellId: "x", onOutput: () => undefined, signal: new AbortController().signal })).status, "dead");
  });

  it("runs cells unchecked when its compiler has died, says so, and checks again after a restart", async function () {
    if (process.platform !== "linux") this.skip(); // finds the compiler in /proc
    const notebook = await TestNotebook.open();
    try {
      await notebook.run("const known = 1");
      const compiler = childrenOf(process.pid).find(
        (pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(notebook.folder) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--api"),
      );
      process.kill(compiler as number, "SIGKILL");
      await untilGone(compiler as number);
      const unchecked = await notebook.run("known + 1");
      assert.equal(unchecked.shown, "2", JSON.stringify(unchecked.outcome));
      assert.match(unchecked.printed, /Types are not checked until the kernel is restarted: The type checker has ended \(SIGKILL\)/);
      await notebook.kernel.restart();
      assert.equal((await notebook.run("const wrong: string = 1")).outcome.status, "type-error");
    } finally {
      await notebook.close();
    }
  });

  it("ends all its processes when its owner is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-owner-"));
    const host = pathToFileURL(join(import.meta.dirname, "..", "..", "src", "kernel", "host.ts")).href;
    const script = join(folder, "owner.mjs");
    await writeFile(
      script,
      `import { startKernel } from ${JSON.stringify(host)};
const log = { debug() {}, info() {}, warn() {}, error() {} };
const kernel = await startKernel({ folder: ${JSON.stringify(folder)}, log, desk: { call: async () => ({ kind: "plain", value: 1 }) } }, new AbortController().signal);
const outcome = kernel.execute("process.pid", { cellId: "a", onOutput: (o) => { if (o.kind === "display") console.log("PID " + o.data["text/plain"]); }, signal: new AbortController().signal });
await outcome;`,
    );
    const owner = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      let printed = "";
      const pid = await new Promise<number>((resolve) => {
        owner.stdout.setEncoding("utf8").on("data", (text: string) => {
          printed += text;
          const found = /PID (\d+)/.exec(printed);
          if (found !== null) resolve(Number(found[1]));
        });
      });
      const compilers = childrenOf(owner.pid ?? 0);
      owner.kill("SIGKILL");
      await once(owner, "exit");
      for (const process of [pid, ...compilers]) await untilGone(process);
    } finally {
      owner.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** On Linux, where the test runs in CI, from /proc; elsewhere none are looked at. */
function childrenOf(pid: number): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1]) === pid;
      } catch {
        return false; // gone meanwhile
      }
    })
    .map(Number);
}

/** A process that its dead parent left is reaped by the system: its end cannot be awaited as an event. */
async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
      // Where nobody reaps them, the dead stay in the table.
      if (process.platform === "linux" && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
