import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantdesk, ROOT } from "./quantdesk.ts";

describe("demo, the main job", function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-demo-test-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("goes from a scan to a filled bracket order and a report", async () => {
    const ran = await quantdesk(["demo", "--json", "--out", folder], { env: { TMPDIR: folder } });
    assert.equal(ran.code, 0, ran.stderr);
    const demo = ran.json<{
      schema: string;
      exchange: { simulated: boolean };
      candidates: unknown[];
      decisions: Array<{ action: string }>;
      backtests: { run: number; succeeded: number; failed: number; timedOut: number };
      best: { stats: { sharpe: number } };
      order: { id: string; clientOrderId: string; status: string; filledAvgPrice: string };
      account: { cash: string };
      loopLagMs: { p99: number };
      report: string;
      durationMs: number;
    }>();
    assert.equal(demo.schema, "quantdesk.demo/1");
    assert.equal(demo.exchange.simulated, true);
    assert.ok(demo.candidates.length > 0 && demo.decisions.length >= 2);
    assert.ok(demo.backtests.run >= 40 && demo.backtests.succeeded === demo.backtests.run);
    assert.equal(demo.order.status, "filled");
    assert.ok(Number(demo.order.filledAvgPrice) > 0 && Number(demo.account.cash) < 100_000);
    assert.match(await readFile(demo.report, "utf8"), /SIMULATED/);
    assert.match(ran.stderr, /SIMULATED/);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith("quantdesk-demo-")),
      [],
      "no state folder is left",
    );
  });

  it("leaves nothing when nobody reads its answer", async () => {
    const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "demo", "--json", "--data", "sample:simulated", "--out", join(folder, "out")], {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, TMPDIR: folder },
    });
    child.stdout.destroy();
    const code = await new Promise<number | null>((done) => child.once("close", done));
    assert.equal(code, 0);
    assert.throws(() => process.kill(-(child.pid as number), 0), { code: "ESRCH" });
    assert.deepEqual(await readdir(folder), ["out"]);
  });

  // As a terminal does it: the signal goes to every process of the group.
  for (const line of ["1. Connect", "2. Scan", "4. Backtest", "5. Trade"]) {
    it(`leaves no process and no half-written file when interrupted at "${line}"`, async () => {
      const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "demo", "--out", join(folder, "out")], {
        detached: true,
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, TMPDIR: folder },
      });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        const before = said.includes(line);
        said += text;
        if (!before && said.includes(line)) process.kill(-(child.pid as number), "SIGINT");
      });
      const code = await new Promise<number | null>((done) => child.once("close", done));
      assert.equal(code, 130, said);
      assert.throws(() => process.kill(-(child.pid as number), 0), { code: "ESRCH" });
      assert.equal(existsSync(join(folder, "out")), false);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.startsWith("quantdesk-demo-")),
        [],
      );
    });
  }
});
