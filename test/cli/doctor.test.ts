import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { givenDesk, quantdesk, ROOT, type Desk } from "./quantdesk.ts";

interface Doctor {
  readonly schema: string;
  readonly ok: boolean;
  readonly checks: ReadonlyArray<{ readonly name: string; readonly ok: boolean; readonly detail: string; readonly remedy: string | null }>;
}

describe("doctor and logs", function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await givenDesk();
  });
  after(() => desk.end());
  const doctor = async (env: Readonly<Record<string, string>> = {}, code = 1) => {
    const ran = await desk.run(["doctor", "--json"], env);
    assert.equal(ran.code, code, ran.stdout + ran.stderr);
    const document = ran.json<Doctor>();
    assert.deepEqual([document.schema, document.ok], ["quantdesk.doctor/1", code === 0]);
    return document.checks;
  };
  const bad = (checks: Doctor["checks"]) => checks.filter((check) => !check.ok).map((check) => check.name);

  it("names the remedies of the features guide for settings that do not fit the machine", async () => {
    const workers = Math.min(64, availableParallelism() + 1);
    const checks = await doctor({ ASYNC_FEATURES_WORKERS: String(workers), ASYNC_FEATURES_QUEUE_SIZE: "3" }, 0);
    const { ok, remedy } = checks.find((check) => check.name === "features") as Doctor["checks"][number];
    assert.equal(ok, true);
    assert.match(remedy ?? "", /features\.queueSize is 3/);
    if (availableParallelism() < 64) assert.match(remedy ?? "", new RegExp(`features\\.workers is ${workers} on \\d+ cores: give \\d+ for computing`));
  });

  it("finds all well on a fresh machine, and names what it looked at", async () => {
    const checks = await doctor({}, 0);
    assert.deepEqual(
      checks.map((check) => check.name),
      ["node", "machine", "disk", "home", "settings", "keys", "sample", "store", "features", "connection", "market data", "kill switch", "alarms"],
    );
    assert.match(checks.find((check) => check.name === "connection")?.detail ?? "", /^SIMULATED account/);
    assert.match(checks.find((check) => check.name === "features")?.detail ?? "", /^40 computations of \d+ bars by \d+ workers: \d+ a second, loop lag P95 /);
    const shown = await desk.run(["doctor"]);
    assert.match(shown.stdout, /^Check[\s\S]*connection\s+ok\s+SIMULATED/);
  });

  it("says each problem with its remedy, and shows no key", async () => {
    assert.deepEqual(bad(await doctor({ APCA_API_KEY_ID: "PKSECRETKEY" })), ["keys", "session"]);
    const live = await doctor({ APCA_API_KEY_ID: "AKSECRETKEY", APCA_API_SECRET_KEY: "very-secret-text" });
    assert.deepEqual(bad(live), ["session"]);
    assert.match(live.find((check) => check.name === "session")?.remedy ?? "", /--live/);
    assert.doesNotMatch(JSON.stringify(live), /SECRETKEY|very-secret/);
    assert.deepEqual(bad(await doctor({ ASYNC_FEATURES_WORKERS: "many" })), ["settings", "session"]);
  });

  it("says that trading is stopped, and how to allow it", async () => {
    await desk.run(["kill-switch", "on"]);
    const stop = (await doctor({}, 0)).find((check) => check.name === "kill switch");
    assert.match(`${stop?.detail} ${stop?.remedy}`, /^on:.*kill-switch off/);
    await desk.run(["kill-switch", "off"]);
  });

  it("shows log lines as documents, and only those that match", async () => {
    const ran = await desk.run(["logs", "--grep", "kill switch.*on", "--json"]);
    const lines = ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { schema: string; at: string; level: string; text: string });
    assert.ok(lines.length >= 1);
    assert.ok(lines.every((line) => line.schema === "quantdesk.log/1" && !Number.isNaN(Date.parse(line.at)) && /kill switch/.test(line.text)));
    assert.equal((await desk.run(["logs", "--grep", "("])).code, 2);
  });

  it("says that the log is no file", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-log-"));
    await mkdir(join(home, "logs", "quantdesk.log"), { recursive: true });
    const ran = await quantdesk(["logs", "--json", "--home", home]);
    await rm(home, { recursive: true });
    assert.deepEqual([ran.code, ran.json<{ code: string }>().code], [2, "no-log"]);
    assert.match(ran.stderr, /^Error: The log cannot be read: .*quantdesk\.log is no file\.\n$/);
  });

  it("follows a log that begins later and is put aside, until it is interrupted", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-follow-"));
    try {
      const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "logs", "--follow", "--home", home], { stdio: ["ignore", "pipe", "pipe"] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const errors = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
      assert.equal((await errors.next()).value, "No log yet.");
      const log = join(home, "logs", "quantdesk.log");
      await mkdir(join(home, "logs"));
      await writeFile(log, "one\n");
      assert.equal((await lines.next()).value, "one");
      await appendFile(log, "two\n");
      assert.equal((await lines.next()).value, "two");
      await rename(log, `${log}.1`);
      await writeFile(log, "three\n");
      assert.equal((await lines.next()).value, "three");
      child.kill("SIGINT");
      const [code] = (await once(child, "close")) as [number | null];
      assert.equal(code, 130);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  it("is a command of which the help says what it does, as all are", async () => {
    for (const name of [
      "buy",
      "sell",
      "replace",
      "cancel",
      "close",
      "kill-switch",
      "limits",
      "audit",
      "export",
      "chat",
      "provider",
      "doctor",
      "logs",
      "config",
      "orders",
    ]) {
      const help = await quantdesk([name, "--help"]);
      assert.equal(help.code, 0, name);
      assert.match(help.stdout, new RegExp(`^Usage: quantdesk ${name} [\\s\\S]*--json`), name);
    }
  });
});
