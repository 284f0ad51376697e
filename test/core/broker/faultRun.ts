/**
 * A fault run: the paper exchange breaks its answers and is killed, the client is killed, both are started again, and at the
 * end the two must agree on every order, every fill and every cent.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { systemClock } from "../../../src/core/base/clock.ts";
import { Big } from "../../../src/core/base/decimal.ts";
import { entryPath } from "../../../src/core/base/entry.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { seededRandom } from "../../../src/core/base/random.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import { createBroker } from "../../../src/core/broker/broker.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { openStore } from "../../../src/core/store/store.ts";
import type { Endpoint, StoredFill } from "../../../src/core/domain/ports.ts";
import { planOf, type FaultTask } from "./faultPlan.ts";

export interface FaultRunOptions {
  readonly seed: number;
  readonly orders: number;
  /** Symbols that are traded side by side. */
  readonly lanes: number;
  readonly clientKills: number;
  readonly exchangeKills: number;
  readonly faults?: string;
  readonly onLine?: (line: string) => void;
}

export interface FaultRunReport {
  readonly orders: number;
  readonly fills: number;
  readonly clientKills: number;
  readonly exchangeKills: number;
  readonly durationMs: number;
  readonly cash: string;
}

export const FAULTS = [
  "status=500:0.02",
  "status=502:0.01",
  "status=503:0.02",
  "status=504:0.01",
  "status=429:0.02",
  "reset-before:0.02",
  "reset-after:0.02",
  "drop-answer:0.02",
  "delay=300:0.02",
  "delay=1500:0.005@POST/orders",
  "trickle=50:0.005",
  "stream-cut:0.01",
  "stream-mute:0.002",
  "stream-repeat:0.1",
].join(",");

/** Throws when anything was lost, doubled or miscounted. */
export async function runFaults(options: FaultRunOptions, signal: AbortSignal): Promise<FaultRunReport> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-faults-"));
  const exchangeHome = join(folder, "exchange");
  const home = join(folder, "client");
  const say = options.onLine ?? (() => undefined);
  const scope = new Scope({ name: "The fault run", signal });
  const random = seededRandom(`${options.seed}/kills`);
  try {
    await mkdir(home, { recursive: true });
    let exchange = await startExchange(exchangeHome, 0, options, options.seed);
    scope.onClose(() => kill(exchange.child));
    const port = Number(new URL(exchange.endpoint.tradingUrl).port);
    const task: FaultTask = {
      seed: options.seed,
      orders: options.orders,
      lanes: options.lanes,
      home,
      endpoint: exchange.endpoint,
      verbose: process.env["QUANTDESK_FAULT_LOG"] !== undefined,
    };
    // Every so many orders somebody is killed: the client right after it wrote its journal, or the exchange.
    const kills = [...Array<"client">(options.clientKills).fill("client"), ...Array<"exchange">(options.exchangeKills).fill("exchange")];
    for (let i = kills.length - 1; i > 0; i--) {
      const j = random.int(i + 1);
      [kills[i], kills[j]] = [kills[j] as "client", kills[i] as "client"];
    }
    const step = Math.max(1, Math.floor(options.orders / (kills.length + 1)));
    const done = new Set<string>();
    let killed = 0;
    const mistold: string[] = [];
    for (let finished = false; !finished; ) {
      signal.throwIfAborted();
      const client = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "faultClient.ts")], {
        env: childEnv(),
        stdio: ["pipe", "pipe", "inherit"],
      });
      const forget = scope.onClose(() => kill(client));
      const exited = new Promise<void>((resolve) => client.once("exit", () => resolve()));
      client.stdin.on("error", () => undefined);
      client.stdin.end(`${JSON.stringify(task)}\n`);
      let restarting: Promise<void> | undefined;
      let isKilled = false;
      const stop = () => void kill(client);
      signal.addEventListener("abort", stop, { once: true });
      for await (const line of createInterface({ input: client.stdout })) {
        const [word, id = ""] = line.split(" ");
        if (word === "finished") finished = true;
        if (word === "mistold") mistold.push(line);
        if (word === "done") done.add(id);
        if (isKilled || killed >= kills.length || done.size < (killed + 1) * step || restarting !== undefined) continue;
        if (kills[killed] === "client" && word === "begun") {
          killed += 1;
          isKilled = true;
          say(`killing the client over ${id} (${done.size} done)`);
          await systemClock.sleep(random.int(4) * 2, signal);
          client.kill("SIGKILL");
        } else if (kills[killed] === "exchange") {
          killed += 1;
          say(`killing the exchange (${done.size} done)`);
          const life = killed;
          restarting = kill(exchange.child).then(async () => {
            exchange = await startExchange(exchangeHome, port, options, options.seed + life);
            restarting = undefined;
          });
        }
      }
      await exited;
      await restarting;
      signal.removeEventListener("abort", stop);
      forget();
      if (!finished && !isKilled) throw new Error(`The client ended by itself with ${client.exitCode ?? client.signalCode}.`);
    }
    await kill(exchange.child);
    exchange = await startExchange(exchangeHome, port, { ...options, faults: "" }, options.seed);
    assert.deepEqual(mistold, [], "every listener is told of every fill once");
    const agreed = await compare(task, exchange.endpoint, folder, signal);
    return { ...agreed, clientKills: options.clientKills, exchangeKills: options.exchangeKills, durationMs: performance.now() - started };
  } finally {
    await scope.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Exchange {
  readonly child: ChildProcess;
  readonly endpoint: Endpoint;
}

async function startExchange(home: string, port: number, { faults = FAULTS }: FaultRunOptions, seed: number): Promise<Exchange> {
  const flags = ["--home", home, "--port", String(port), "--seed", String(seed), "--start", "2026-11-20T15:00:00Z", "--rate-limit", "off"];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", entryPath("exchange"), ...flags, ...(faults === "" ? [] : ["--fault", faults])],
    {
      env: childEnv(),
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ready = await new Promise<Record<string, string>>((resolve, reject) => {
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).once("line", (line) => resolve(JSON.parse(line) as Record<string, string>));
    child.once("exit", (code) => reject(new Error(`the exchange ended with ${code}`)));
  });
  const text = (name: string) => ready[name] as string;
  const endpoint: Endpoint = {
    mode: "embedded",
    tradingUrl: text("url"),
    dataUrl: text("dataUrl"),
    streamUrl: text("streamUrl"),
    keyId: text("keyId"),
    secretKey: text("secretKey"),
  };
  return { child, endpoint };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await exited;
}

/** The exchange's own account of things, without faults, against the journal and against sums over its fills. */
async function compare(task: FaultTask, endpoint: Endpoint, folder: string, signal: AbortSignal) {
  const scope = new Scope({ name: "The comparison", signal });
  try {
    const http = createHttpClient({
      origin: endpoint.tradingUrl,
      headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
      connections: 4,
      timeoutMs: 20_000,
      retries: 0,
      backoffMs: 1,
      log: silentLog,
    });
    scope.onClose(() => http.close());
    const store = await openStore(join(task.home, "quantdesk.sqlite"), signal);
    scope.onClose(() => store.close());
    // A broker of its own, with an empty journal: what it reads comes from the exchange alone.
    const apart = await openStore(join(folder, "apart.sqlite"), signal);
    scope.onClose(() => apart.close());
    const limits = { maxOrderValue: null, maxPositionValue: null, maxOrdersPerMinute: null, maxDailyLoss: null, symbols: [], duplicateWindowSeconds: 5 };
    const broker = createBroker({
      endpoint,
      trading: http,
      data: http,
      journal: apart.journal,
      limits,
      log: silentLog,
      clock: systemClock,
      scope,
      simulated: true,
    });
    const account = await broker.connect(signal);

    const planned = planOf(task).flat();
    const orders = await broker.getOrders({ status: "all" }, signal);
    const sorted = (ids: readonly string[]) => ids.toSorted();
    assert.deepEqual(
      sorted(orders.map((order) => order.clientOrderId)),
      sorted(planned.map((one) => one.id)),
      "every intended order exists once, and no other",
    );
    const byId = new Map(orders.map((order) => [order.clientOrderId as string, order]));
    for (const one of planned) {
      const order = byId.get(one.id);
      assert.deepEqual(
        [order?.symbol, order?.side, order?.qty?.toNumber(), order?.status],
        [one.symbol, one.side, one.qty, one.cancels ? "canceled" : "filled"],
        one.id,
      );
    }

    const booked = (await broker.getActivities({ types: ["FILL"], limit: 1_000_000 }, signal)).flatMap((row) => row.fill ?? []);
    const known: StoredFill[] = [];
    for (let page = await store.fills(account.accountNumber, { limit: 1000 }, signal); page.length > 0; ) {
      known.push(...page);
      page = await store.fills(account.accountNumber, { limit: 1000, offset: known.length }, signal);
    }
    const line = (fill: { executionId: string; orderId: string; qty: Big | string; price: Big | string; cumQty: Big | string }) =>
      [fill.executionId, fill.orderId, String(fill.qty), String(fill.price), String(fill.cumQty)].join(" ");
    assert.deepEqual(sorted(known.map(line)), sorted(booked.map(line)), "every fill is known once, and no other");

    let cash = new Big(100_000);
    const held = new Map<string, Big>();
    for (const { symbol, side, qty, price } of known) {
      const signed = new Big(qty).times(side === "buy" ? 1 : -1);
      cash = cash.minus(signed.times(price));
      held.set(symbol, (held.get(symbol) ?? new Big(0)).plus(signed));
    }
    assert.equal(cash.toFixed(), account.cash.toFixed(), "cash is what the fills known make it");
    const positions = await broker.getPositions(signal);
    assert.deepEqual(
      sorted(positions.map(({ symbol, qty }) => `${symbol} ${qty.toFixed()}`)),
      sorted([...held].filter(([, qty]) => !qty.eq(0)).map(([symbol, qty]) => `${symbol} ${qty.toFixed()}`)),
      "positions are what the fills known make them",
    );
    const open = await store.journal.unsettled(account.accountNumber, signal);
    assert.deepEqual(open, [], "nothing is left open in the journal");
    return { orders: orders.length, fills: known.length, cash: cash.toFixed() };
  } finally {
    await scope.close();
  }
}
