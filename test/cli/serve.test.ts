import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readPrometheus } from "../core/metrics/prometheusText.ts";
import { quantdesk, ROOT } from "./quantdesk.ts";

interface Ready {
  readonly schema: string;
  readonly url: string;
  readonly tokenFile: string | null;
  readonly pid: number;
}

interface Served {
  readonly ready: Ready;
  readonly child: ChildProcess;
  call<T = Record<string, unknown>>(method: string, path: string): Promise<{ readonly status: number; readonly body: T; readonly text: string }>;
  /** Its exit code after `signal`, and all that it wrote. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

describe("quantdesk serve", function () {
  this.timeout(60_000);
  let home: string;
  const running = new Set<ChildProcess>();
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "quantdesk-serve-"));
  });
  afterEach(async () => {
    for (const child of running) child.kill("SIGKILL");
    running.clear();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  async function serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Served> {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "QUANTDESK_TOKEN"));
    const child = spawn(process.execPath, [join(ROOT, "dist", "quantdesk.js"), "serve", "--port", "0", "--home", home, "--json", ...args], {
      env: { ...inherited, ...env },
      cwd: home,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const closed = once(child, "close") as Promise<[number | null]>;
    const line = await Promise.race([
      once(createInterface(child.stdout), "line") as Promise<[string]>,
      closed.then(() => Promise.reject(new Error(`It ended: ${stdout}${stderr}`))),
    ]);
    const ready = JSON.parse(line[0]) as Ready;
    const token = ready.tokenFile === null ? (env["QUANTDESK_TOKEN"] as string) : (await readFile(ready.tokenFile, "utf8")).trim();
    return {
      ready,
      child,
      call: async <T>(method: string, path: string) => {
        const answer = await fetch(`${ready.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
        const text = await answer.text();
        return {
          status: answer.status,
          text,
          body: (answer.headers.get("content-type")?.startsWith("application/json") === true ? JSON.parse(text) : null) as T,
        };
      },
      end: async (signal) => {
        child.kill(signal);
        const [code] = await closed;
        running.delete(child);
        return { code, stdout, stderr };
      },
    };
  }

  it("prints one ready line, makes a token that only this user can read, and ends on Ctrl-C", async () => {
    const served = await serve();
    assert.deepEqual(Object.keys(served.ready), ["schema", "url", "tokenFile", "pid"]);
    assert.equal(served.ready.schema, "quantdesk.serve/1");
    assert.equal(served.ready.pid, served.child.pid);
    assert.equal(new URL(served.ready.url).hostname, "127.0.0.1");
    const { tokenFile } = served.ready;
    assert.ok(tokenFile !== null);
    if (process.platform !== "win32") assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
    const token = (await readFile(tokenFile, "utf8")).trim();
    assert.equal((await fetch(`${served.ready.url}/api/performance/health`)).status, 401);
    assert.equal((await served.call("GET", "/api/performance/health")).status, 200);
    const { code, stdout, stderr } = await served.end("SIGINT");
    assert.equal(code, 130);
    assert.equal(stdout.trim().split("\n").length, 1);
    assert.ok(!stdout.includes(token) && !stderr.includes(token));
    await assert.rejects(fetch(served.ready.url));
  });

  it("measures on request, and has the measured operations in its metrics", async () => {
    const served = await serve();
    const measured = await served.call<{ schema: string; operations: number; after: { successRate: number } }>(
      "POST",
      "/api/performance/benchmarks/signal-generation?num_operations=12",
    );
    assert.deepEqual([measured.body.schema, measured.body.operations, measured.body.after.successRate], ["quantdesk.latency/1", 12, 1]);
    const { body } = await served.call<{ metrics: Array<Record<string, unknown>> }>("GET", "/api/performance/metrics?last_n=5");
    assert.equal(body.metrics.length, 5);
    assert.deepEqual(Object.keys(body.metrics[0] ?? {}), ["operation", "startedAt", "queueMs", "runMs", "ok", "error"]);
    const summary = (await served.call("GET", "/api/performance/metrics/summary")).body;
    assert.deepEqual([summary["operations"], summary["successRate"]], [12, 1]);
    const samples = readPrometheus((await served.call("GET", "/metrics")).text);
    assert.equal(samples.find(({ name }) => name === "quantdesk_operations_total")?.value, 12);
    assert.deepEqual((await served.call("POST", "/api/performance/metrics/clear")).body, { cleared: 12 });
    assert.deepEqual((await served.call("POST", "/api/performance/benchmarks/clear")).body, { cleared: 1 });
  });

  it("refuses a second benchmark while one runs, and ends at once in the middle of it", async () => {
    const served = await serve();
    const both = [1, 2].map(() => served.call("POST", "/api/performance/benchmarks/feature-computation?num_operations=5000"));
    const first = await Promise.race(both);
    assert.deepEqual([first.status, first.body["code"]], [409, "benchmark-running"]);
    assert.equal((await served.end("SIGTERM")).code, 143);
    await Promise.allSettled(both);
  });

  it("takes the token from the environment, and then names no file and writes none", async () => {
    const served = await serve([], { QUANTDESK_TOKEN: "a-token-of-the-environment" });
    assert.equal(served.ready.tokenFile, null);
    assert.equal((await served.call("GET", "/api/performance/health")).status, 200);
    await assert.rejects(stat(join(home, "performance.token")), { code: "ENOENT" });
    await served.end("SIGINT");
  });

  it("takes the token from a file, which it closes to others", async () => {
    const file = join(home, "mine.token");
    await writeFile(file, "a-token-of-my-own\n");
    await chmod(file, 0o644);
    const served = await serve(["--token-file", file]);
    assert.equal(served.ready.tokenFile, file);
    assert.equal((await served.call("GET", "/api/performance/health")).status, 200);
    if (process.platform !== "win32") assert.equal((await stat(file)).mode & 0o777, 0o600);
    await served.end("SIGINT");
  });

  it("refuses a token as an argument, a bad port and an unusable token with code 2, and a port in use with code 1", async () => {
    const served = await serve();
    const port = new URL(served.ready.url).port;
    const short = join(home, "short.token");
    await writeFile(short, "short\n", { mode: 0o600 });
    for (const [code, args] of [
      [2, ["--token", "a-token-as-an-argument"]],
      [2, ["--port", "65536"]],
      [2, ["--port", "x"]],
      [2, ["--port", "0", "--token-file", short]],
      [1, ["--port", port]],
    ] as const) {
      const ran = await quantdesk(["serve", ...args, "--home", home, "--json"]);
      assert.equal(ran.code, code, `${args.join(" ")}: ${ran.stderr}`);
      assert.equal(ran.json()["schema"], "quantdesk.error/1");
    }
    await served.end("SIGINT");
  });
});
