import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { isRunning } from "../../../src/core/base/processAlive.ts";
import { findOrStartExchange, stopExchange } from "../../../src/core/exchange/embedded.ts";
import { takeLease } from "../../../src/core/exchange/lease.ts";
import { parseReadyLine, readExchangeFile, type ReadyLine } from "../../../src/core/exchange/readyLine.ts";
import type { Json } from "./givenExchange.ts";

const source = (name: string) => new URL(`../../../src/core/exchange/${name}`, import.meta.url).pathname;

/** Resolves when the process has gone; the test's own timeout bounds it. */
async function goneOf(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("the embedded exchange", () => {
  let home: string;
  const { signal } = new AbortController();
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "qd-embedded-"));
  });
  afterEach(async () => {
    await stopExchange(home, signal);
    rmSync(home, { recursive: true, force: true });
  });
  const account = async ({ endpoint }: Awaited<ReturnType<typeof findOrStartExchange>>) => {
    const answer = await fetch(`${endpoint.tradingUrl}/v2/account`, {
      headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
    });
    return (await answer.json()) as Json;
  };

  it("is one per folder, however many start it at once", async () => {
    const found = await Promise.all([1, 2, 3, 4].map(() => findOrStartExchange({ home }, signal)));
    assert.equal(new Set(found.map((one) => one.pid)).size, 1);
    assert.equal(new Set(found.map((one) => one.endpoint.keyId)).size, 1);
    assert.equal((await account(found[0] as (typeof found)[number])).account_number, found[0]?.accountNumber);
    assert.equal(statSync(join(home, "exchange.json")).mode & 0o777, 0o600);
    for (const one of found) await one.release();
  });

  it("ends by itself after its last client, and not before", async () => {
    const one = await findOrStartExchange({ home, idleSeconds: 0.3 }, signal);
    const two = await findOrStartExchange({ home }, signal);
    await one.release();
    // Another exchange, left later and with a longer patience, is gone before it: the second client keeps this one.
    const elsewhere = mkdtempSync(join(tmpdir(), "qd-embedded-"));
    const other = await findOrStartExchange({ home: elsewhere, idleSeconds: 0.6 }, signal);
    await other.release();
    await goneOf(other.pid);
    rmSync(elsewhere, { recursive: true, force: true });
    assert.equal(isRunning(two.pid), true);
    await two.release();
    await goneOf(two.pid);
    assert.equal(existsSync(join(home, "exchange.json")), false);
  });

  it("keeps its accounts from one process to the next", async () => {
    const first = await findOrStartExchange({ home, cash: 1234 }, signal);
    await first.release();
    assert.equal(await stopExchange(home, signal), true);
    assert.equal(isRunning(first.pid), false);
    assert.equal(await stopExchange(home, signal), false);
    const second = await findOrStartExchange({ home }, signal);
    assert.notEqual(second.pid, first.pid);
    assert.equal(second.accountNumber, first.accountNumber);
    assert.equal((await account(second)).cash, "1234");
    await second.release();
  });

  it("is started anew when the file left behind is stale or garbage", async () => {
    writeFileSync(join(home, "exchange.json"), "{ half");
    const first = await findOrStartExchange({ home }, signal);
    const ready = (await readExchangeFile(home)) as ReadyLine;
    process.kill(first.pid, "SIGKILL");
    await goneOf(first.pid);
    assert.ok(existsSync(join(home, "exchange.json")));
    const second = await findOrStartExchange({ home }, signal);
    assert.notEqual(second.pid, first.pid);
    assert.equal(second.endpoint.keyId, ready.keyId);
    await first.release();
    await second.release();
  });

  it("is never looked for on another machine, whatever the file says", async () => {
    const one = await findOrStartExchange({ home }, signal);
    const file = join(home, "exchange.json");
    const found = JSON.parse(readFileSync(file, "utf8"));
    for (const change of [
      { url: "http://192.0.2.1:80" },
      { dataUrl: "https://evil.example" },
      { streamUrl: "ws://127.0.0.1.evil.example/stream" },
      { dataStreamUrl: "ws://x@127.0.0.1:1" },
    ]) {
      assert.equal(parseReadyLine(JSON.stringify({ ...found, ...change })), undefined, JSON.stringify(change));
    }
    assert.deepEqual(parseReadyLine(JSON.stringify(found)), found);
    await one.release();
  });

  it("gives no lease to a wrong key", async () => {
    const one = await findOrStartExchange({ home }, signal);
    const ready = (await readExchangeFile(home)) as ReadyLine;
    assert.equal(await takeLease({ ...ready, secretKey: "wrong" }, signal), undefined);
    assert.equal(await takeLease({ ...ready, pid: process.pid }, signal), undefined);
    await one.release();
  });

  it("of one's own ends with release", async () => {
    const own = await findOrStartExchange({ home, own: true, seed: 5 }, signal);
    assert.equal(own.endpoint.mode, "embedded");
    await own.release();
    assert.equal(isRunning(own.pid), false);
    assert.equal(existsSync(join(home, "exchange.json")), false);
  });

  it("of one's own ends with its owner, even when that one is killed", async () => {
    const script = `import { findOrStartExchange } from ${JSON.stringify(source("embedded.ts"))};
      const own = await findOrStartExchange({ home: ${JSON.stringify(home)}, own: true }, new AbortController().signal);
      console.log(own.pid); setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "-e", script], {
      env: childEnv(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = Number(await new Promise<string>((resolve) => owner.stdout.once("data", (data) => resolve((data as Buffer).toString()))));
    assert.equal(isRunning(pid), true);
    owner.kill("SIGKILL");
    await goneOf(pid);
  });

  it("has no secret in its arguments and none of ours in its environment", async function () {
    if (process.platform !== "linux") return this.skip(); // there is no /proc to look into
    process.env["APCA_API_SECRET_KEY"] = "not-for-children";
    try {
      const one = await findOrStartExchange({ home }, signal);
      const told = readFileSync(`/proc/${one.pid}/cmdline`, "utf8") + readFileSync(`/proc/${one.pid}/environ`, "utf8");
      assert.equal(told.includes(one.endpoint.secretKey), false);
      assert.equal(told.includes("not-for-children"), false);
      await one.release();
    } finally {
      delete process.env["APCA_API_SECRET_KEY"];
    }
  });

  it("that cannot start says why", async () => {
    writeFileSync(join(home, "exchange.sqlite"), "this is no database, though it has the name of one");
    await assert.rejects(findOrStartExchange({ home }, signal), /did not start: The exchange's book .* cannot be used/);
  });

  it("gives up when asked to", async () => {
    await assert.rejects(findOrStartExchange({ home }, AbortSignal.abort(new Error("no more"))), /no more/);
    assert.equal(existsSync(join(home, "exchange.json")), false);
  });
});
