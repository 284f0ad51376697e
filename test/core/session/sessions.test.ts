import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { Big } from "../../../src/core/base/decimal.ts";
import { logTo } from "../../../src/core/base/log.ts";
import { openSession, type Session } from "../../../src/core/session.ts";

const signal = new AbortController().signal;

describe("two sessions in one process", function () {
  this.timeout(60_000);
  let folder: string;
  const sessions: Session[] = [];
  const lines: string[][] = [[], []];
  const updates: string[][] = [[], []];
  const cash = [10_000, 20_000] as const;
  const timeouts = [7, 11] as const;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-two-"));
    for (const i of [0, 1]) {
      const session = await openSession({
        home: join(folder, `home${i}`),
        front: i === 0 ? "cli" : "test",
        seed: i + 1,
        ownExchange: true,
        overrides: [
          { key: "risk.maxOrderValue", value: cash[i] as number, source: "flag" },
          { key: "scanners.timeoutSeconds", value: timeouts[i] as number, source: "flag" },
        ],
        log: logTo((_level, line) => (lines[i] as string[]).push(line)),
      });
      sessions.push(session);
      session.broker.onTradeUpdate(({ order }) => (updates[i] as string[]).push(order.id));
    }
    await Promise.all(sessions.map((session) => session.connect(signal)));
  });
  after(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  const both = (work: (session: Session, i: number) => Promise<void>) => Promise.all(sessions.map(work));

  it("keep their settings to themselves", () => {
    assert.deepEqual(
      sessions.map((session) => session.config["risk.maxOrderValue"]),
      [...cash],
    );
    assert.deepEqual(
      sessions.map((session) => session.config["scanners.timeoutSeconds"]),
      [...timeouts],
    );
    assert.notEqual(sessions[0]?.status().account?.accountNumber, undefined);
    assert.notEqual(sessions[0]?.status().account?.accountNumber, sessions[1]?.status().account?.accountNumber);
  });

  it("keep orders, positions and trade updates to themselves", async () => {
    const ids: string[] = [];
    await both(async (session, i) => {
      const placed = await session.placeOrder(
        { symbol: i === 0 ? "AAPL" : "KO", side: "buy", qty: new Big(i + 1), type: "market", timeInForce: "day", origin: "test" },
        signal,
      );
      assert.ok(placed.placed, JSON.stringify(placed));
      ids[i] = placed.order.id;
      await session.broker.waitForEnd(placed.order.id, signal);
    });
    await both(async (session, i) => {
      assert.deepEqual(
        (await session.broker.getPositions(signal)).map((position) => position.symbol),
        [i === 0 ? "AAPL" : "KO"],
      );
      assert.deepEqual(
        (await session.broker.getOrders({ status: "all" }, signal)).map((order) => order.id),
        [ids[i]],
      );
      assert.deepEqual(new Set(updates[i]), new Set([ids[i]]));
      await assert.rejects(session.broker.getOrder(ids[1 - i] as string, signal));
    });
  });

  it("keep the kill switch to themselves", async () => {
    const [one, two] = sessions as [Session, Session];
    await one.store.killSwitch(one.status().account?.accountNumber ?? "", "on", signal);
    const buy = { symbol: "MSFT", side: "buy", qty: new Big(1), type: "market", timeInForce: "day", origin: "test" } as const;
    assert.equal((await one.placeOrder(buy, signal)).placed, false);
    assert.equal((await two.placeOrder(buy, signal)).placed, true);
  });

  it("keep analyses, backtests, scans and metrics to themselves", async () => {
    const [one, two] = sessions as [Session, Session];
    await Promise.all([one.analyze("AAPL", {}, signal), two.analyze("KO", {}, signal), one.scan({}, signal)]);
    await one.backtest({ data: "sample:simulated", strategy: "sma_cross" }, signal);
    assert.deepEqual([(await one.store.runs({ limit: 10 }, signal)).length, (await two.store.runs({ limit: 10 }, signal)).length], [1, 0]);
    assert.ok((await one.store.lastScanSymbols(signal)).size >= 0);
    assert.equal((await two.store.lastScanSymbols(signal)).size, 0);
    one.metrics.record({ operation: "only-one", startedAt: 0, queueMs: 0, runMs: 0, ok: true, error: null });
    assert.ok(!JSON.stringify(two.performance.source.metrics(null)).includes("only-one"));
  });

  it("keep the lines of their logs to themselves, on the screen and in the file", async () => {
    await both(async (session, i) => session.log.warn(`only session ${i} says this`));
    const [one, two] = sessions as [Session, Session];
    const numbers = sessions.map((session) => session.status().account?.accountNumber as string);
    await one.close();
    assert.equal(two.status().connection, "connected", "the end of one is not the other's");
    await two.broker.getAccount(signal);
    await two.close();
    for (const i of [0, 1]) {
      const own = `${(lines[i] as string[]).join("\n")}\n${await readFile(join(folder, `home${i}`, "logs", "quantdesk.log"), "utf8")}`;
      assert.ok(own.includes(`only session ${i}`) && own.includes(numbers[i] as string), own);
      assert.ok(!own.includes(`only session ${1 - i}`) && !own.includes(numbers[1 - i] as string), own);
    }
  });
});

describe("a closed session", function () {
  this.timeout(90_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-closed-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

  /** In a process of its own, whose resources are all the session's. Answers what is left of them, and its descendants. */
  const leftBy = async (script: string): Promise<{ resources: string[]; children: number[]; said: string; code: number | null }> => {
    const own = (file: string) => JSON.stringify(join(import.meta.dirname, "..", "..", "..", "src", ...file.split("/")));
    const text = `
      import { readdirSync, readFileSync } from "node:fs";
      import { openSession, servePerformance } from ${own("core/session.ts")};
      import { startKernel } from ${own("kernel/host.ts")};
      import { createDeskHandlers } from ${own("kernel/deskHandlers.ts")};
      const home = ${JSON.stringify(join(folder, "home"))};
      const folder = ${JSON.stringify(folder)};
      const signal = new AbortController().signal;
      const descendants = () => {
        if (process.platform !== "linux") return [];
        const parents = readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).flatMap((name) => {
          try { const stat = readFileSync("/proc/" + name + "/stat", "utf8"); const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" "); return state === "Z" ? [] : [[Number(name), Number(parent)]]; } catch { return []; }
        });
        const found = [process.pid];
        for (let i = 0; i < found.length; i++) for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid);
        return found.slice(1);
      };
      void [process.stdout, process.stderr]; // made at their first use, and not the session's
      const before = process.getActiveResourcesInfo();
      let said = "";
      ${script}
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      const resources = process.getActiveResourcesInfo();
      for (const one of before) { const at = resources.indexOf(one); if (at >= 0) resources.splice(at, 1); }
      process.stdout.write(JSON.stringify({ resources, children: descendants(), said }));
    `;
    const file = join(folder, "opens.mts");
    await writeFile(file, text);
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", file], {
      env: { ...childEnv(), XDG_DATA_HOME: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (complaints += part));
    return new Promise((resolve, reject) => {
      child.once("close", (code) => {
        try {
          resolve({ ...JSON.parse(out), code });
        } catch {
          reject(new Error(`It ended with ${code}: ${out} ${complaints}`));
        }
      });
    });
  };
  /** Nothing is left and the process ends by itself: nothing holds it. */
  const leavesNothing = async (script: string, said?: RegExp): Promise<void> => {
    const left = await leftBy(script);
    assert.deepEqual(
      { resources: left.resources.filter((name) => name !== "Immediate"), children: left.children, code: left.code },
      { resources: [], children: [], code: 0 },
    );
    if (said !== undefined) assert.match(left.said, said);
    if (process.platform === "linux") assert.deepEqual(processesIn(folder), []);
  };

  it("leaves no socket, timer, thread, process or server, whatever was used", () =>
    leavesNothing(`
      const session = await openSession({ home, front: "test", ownExchange: true });
      await session.connect(signal);
      await Promise.all([session.scan({}, signal), session.analyze("AAPL", {}, signal), session.backtest({ data: "sample:simulated", strategy: "sma_cross" }, signal)]);
      const bars = (await session.data.bars(["AAPL"], { timeframe: "1Day", limit: 50 }, signal)).get("AAPL");
      await session.features.computeFeatures(bars, signal);
      await session.features.executeBlocking(() => 1, [], { signal });
      await servePerformance(session, { port: 0 }, signal);
      const kernel = await startKernel({ folder, desk: createDeskHandlers(session, { folder }), log: session.log }, signal);
      await kernel.execute("await desk.account()", { cellId: "a", onOutput: () => undefined, signal });
      await kernel.close();
      await session.close();
      await session.close();
    `));

  it("ends what is under way", () =>
    leavesNothing(`
      const session = await openSession({ home, front: "test", ownExchange: true });
      await session.connect(signal);
      const work = [
        session.scan({}, signal),
        session.analyze("AAPL", {}, signal),
        session.backtests(Array.from({ length: 50 }, () => ({ data: "sample:simulated", strategy: "sma_cross" })), {}, signal),
        session.features.executeBlocking(() => { for (;;); }, [], { signal }),
        session.broker.waitForEnd("no-such-order", signal),
      ].map((one) => one.catch(() => undefined));
      await new Promise((resolve) => setTimeout(resolve, 200));
      await session.close();
      await Promise.all(work);
    `));

  it("that was closed while it connected leaves nothing, however far it had come", () =>
    leavesNothing(`
      for (const [i, ms] of [0, 20, 60, 120, 250].entries()) {
        const session = await openSession({ home: home + i, front: "test", ownExchange: true });
        const connecting = session.connect(signal).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, ms));
        await session.close();
        await connecting;
      }
    `));

  const fails = (what: string, prepare: () => Promise<void>, script: string, said: RegExp) =>
    it(`that could not be opened leaves nothing: ${what}`, async () => {
      await prepare();
      await leavesNothing(`await (async () => { ${script} })().catch((error) => { said = error.code + ": " + error.message; });`, said);
    });
  const open = 'const session = await openSession({ home, front: "test", ownExchange: true, overrides });';
  const nothing = async (): Promise<void> => undefined;
  fails("a bad setting", nothing, `const overrides = [{ key: "features.workers", value: 0, source: "flag" }]; ${open}`, /bad-setting/);
  fails("live without being asked for", nothing, `const overrides = [{ key: "broker.mode", value: "live", source: "flag" }]; ${open}`, /live-not-confirmed/);
  fails("a home that is a file", () => writeFile(join(folder, "home"), ""), `const overrides = []; ${open}`, /home-unwritable/);
  fails(
    "a store that is no database",
    () =>
      mkdir(join(folder, "home"), { mode: 0o700 }).then(() =>
        writeFile(join(folder, "home", "quantdesk.sqlite"), "not a database at all, though it is named as one"),
      ),
    `const overrides = []; ${open}`,
    /store-unopened/,
  );
  fails(
    "a store that is a folder",
    () => mkdir(join(folder, "home", "quantdesk.sqlite"), { recursive: true, mode: 0o700 }).then(() => undefined),
    `const overrides = []; ${open}`,
    /store-unopened/,
  );
  fails(
    "an exchange whose book is no database",
    () =>
      mkdir(join(folder, "home"), { mode: 0o700 }).then(() =>
        writeFile(join(folder, "home", "exchange.sqlite"), "not a database at all, though it is named as one"),
      ),
    `const overrides = []; ${open} try { await session.connect(signal); } finally { await session.close(); }`,
    /exchange-not-started/,
  );
  fails(
    "a performance API whose port is taken",
    nothing,
    `const overrides = []; ${open} try { const one = await servePerformance(session, { port: 0 }, signal); await servePerformance(session, { port: Number(new URL(one.url).port) }, signal); } finally { await session.close(); }`,
    /port-in-use/,
  );
});

/** Processes whose arguments or working directory name the folder. */
function processesIn(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return words.includes(folder) && !words.includes("opens.mts") ? [`${name} ${words}`] : [];
      } catch {
        return [];
      }
    });
}
