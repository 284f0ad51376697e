/** 50 sessions of one process at one paper exchange, each with its own account: as fast as they are answered, and at a pace. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { childEnv } from "../src/core/base/childEnv.ts";
import { systemClock } from "../src/core/base/clock.ts";
import { Big } from "../src/core/base/decimal.ts";
import { entryPath } from "../src/core/base/entry.ts";
import { openLagMeter } from "../src/core/base/lagMeter.ts";
import type { ClientOrderId } from "../src/core/domain/orders.ts";
import { openSession, type Session } from "../src/core/session.ts";
import type { Comparison } from "./comparison.ts";

const SESSIONS = 50;
const ALONE_MS = 2000;
const FLAT_OUT_MS = 6000;
const PACED_MS = 60_000;
/** Calls a second and session: three times what Alpaca allows one account. */
const PACE = 10;

interface Measured {
  readonly callsPerSecond: number;
  readonly p99Ms: number;
  readonly lagP99Ms: number;
  readonly orders: number;
  readonly crossings: number;
}

interface Account {
  readonly accountNumber: string;
  readonly keyId: string;
  readonly secretKey: string;
}

export async function sessionsAtWork(signal: AbortSignal): Promise<readonly Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-sessions-"));
  const flags = ["--accounts", String(SESSIONS), "--rate-limit", "off", "--seed", "1", "--start", "2026-11-20T15:00:00Z"];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entryPath("exchange"), ...flags], {
    env: childEnv(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const sessions: Session[] = [];
  try {
    const ready = await new Promise<{ url: string; accounts: readonly Account[] }>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line)));
      void exited.then(() => reject(new Error("The exchange ended.")));
    });
    for (const [i, { keyId, secretKey }] of ready.accounts.entries()) {
      signal.throwIfAborted();
      sessions.push(
        await openSession({
          home: join(folder, `session-${i}`),
          front: "test",
          keys: { keyId, secretKey },
          overrides: [
            { key: "broker.baseUrl", value: ready.url, source: "flag" },
            { key: "data.baseUrl", value: ready.url, source: "flag" },
            { key: "broker.mode", value: "paper", source: "flag" },
            { key: "broker.requestsPerMinute", value: 100_000, source: "flag" },
            { key: "risk.maxOrdersPerMinute", value: 1_000_000, source: "flag" },
          ],
        }),
      );
    }
    await Promise.all(sessions.map((session) => session.connect(signal)));
    const alone = await work(sessions.slice(0, 1), ready.accounts, { run: "a", forMs: ALONE_MS, perSecond: null }, signal);
    const flatOut = await work(sessions, ready.accounts, { run: "b", forMs: FLAT_OUT_MS, perSecond: null }, signal);
    const paced = await work(sessions, ready.accounts, { run: "c", forMs: PACED_MS, perSecond: PACE }, signal);
    const crossings = alone.crossings + flatOut.crossings + paced.crossings;
    if (crossings > 0) throw new Error(`${crossings} answers or events reached another session.`);
    const note =
      `${SESSIONS} sessions, exchange on the same machine; paced: ${PACE} calls a second each, three times Alpaca's limit; ` +
      `${flatOut.orders + paced.orders} orders placed and canceled; no answer, order or event of one session reached another.`;
    const compare = (title: string, unit: string, better: "lower" | "higher", of: (measured: Measured) => number): Comparison => ({
      title,
      unit,
      better,
      baseline: "1 session flat out",
      samples: { "1 session flat out": [of(alone)], [`${SESSIONS} flat out`]: [of(flatOut)], [`${SESSIONS} paced`]: [of(paced)] },
      note,
    });
    return [
      compare("sessions: broker calls", "/s", "higher", (m) => m.callsPerSecond),
      compare("sessions: call P99", "ms", "lower", (m) => m.p99Ms),
      compare("sessions: loop lag P99", "ms", "lower", (m) => Math.max(m.lagP99Ms, 0.001)),
    ];
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  /** Starts the client order ids of this run. */
  readonly run: string;
  readonly forMs: number;
  /** Calls of one session; as many as are answered when null. */
  readonly perSecond: number | null;
}

async function work(sessions: readonly Session[], accounts: readonly Account[], { run, forMs, perSecond }: Work, signal: AbortSignal): Promise<Measured> {
  const meter = openLagMeter({ resolutionMs: 1 });
  const times: number[] = [];
  let crossings = 0;
  let orders = 0;
  const timed = async <T>(call: Promise<T>): Promise<T> => {
    const started = performance.now();
    const value = await call;
    times.push(performance.now() - started);
    return value;
  };
  await new Promise((resolve) => setTimeout(resolve, 50));
  meter.reset();
  const started = performance.now();
  const until = started + forMs;
  try {
    await Promise.all(
      sessions.map(async ({ broker }, i) => {
        const prefix = `${run}${i}-`;
        const isForeign = (clientOrderId: string) => clientOrderId.startsWith(run) && !clientOrderId.startsWith(prefix);
        const off = broker.onTradeUpdate((update) => {
          if (isForeign(update.order.clientOrderId)) crossings++;
        });
        // Spread over the interval, so that they do not all call in the same moment.
        if (perSecond !== null) await systemClock.sleep((i / sessions.length) * (3000 / perSecond), signal);
        for (let turn = 0; performance.now() < until; turn++) {
          signal.throwIfAborted();
          const turnEnds = performance.now() + (perSecond === null ? 0 : 3000 / perSecond); // three calls a turn
          const account = await timed(broker.getAccount(signal));
          if (account.accountNumber !== accounts[i]?.accountNumber) crossings++;
          await timed(broker.getCurrentPrice("AAPL", signal));
          await timed(broker.getPositions(signal));
          if (turn % 5 !== 0) {
            await systemClock.sleep(Math.max(0, turnEnds - performance.now()), signal);
            continue;
          }
          const intent = {
            symbol: "AAPL",
            side: "buy",
            qty: new Big(1 + (turn % 7)),
            type: "limit",
            limitPrice: new Big(1),
            timeInForce: "day",
            origin: "bench",
            again: true,
          } as const;
          const verdict = await timed(broker.check({ ...intent, clientOrderId: `${prefix}${turn}` as ClientOrderId }, signal));
          if (!verdict.allowed) throw new Error(`${verdict.code}: ${verdict.message}`);
          const order = await timed(broker.submitOrder(verdict.order, signal));
          if ((await timed(broker.getOrders({ status: "open" }, signal))).some((open) => isForeign(open.clientOrderId))) crossings++;
          await timed(broker.cancelOrder(order.id, signal));
          orders++;
        }
        off();
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    times.sort((a, b) => a - b);
    return { callsPerSecond: times.length / seconds, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, lagP99Ms: meter.snapshot().p99, orders, crossings };
  } finally {
    meter.stop();
  }
}
