/**
 * Requests a second that the paper exchange answers: 100 connections, nine reads to one order, every order on disk before
 * its answer. The exchange is a process of its own with --home; the clients are in this one, on the same machine.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { childEnv } from "../src/core/base/childEnv.ts";
import { entryPath } from "../src/core/base/entry.ts";
import { TradingError } from "../src/core/base/errors.ts";
import type { Benchmark } from "./comparison.ts";

const CONNECTIONS = 100;
const ROUNDS = 3;
const ROUND_MS = 1500;
const ACCOUNTS = 10;
const READS = ["/v2/account", "/v2/positions", "/v2/orders?limit=10", "/v2/clock", "/v2/stocks/AAPL/quotes/latest", "/v2/stocks/snapshots?symbols=AAPL,KO"];

interface Load {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Processor time of the exchange for one request, microseconds; tells more than the rate where other programs are busy. */
  readonly cpuUs: number;
}

export const bench: Benchmark = {
  description: `requests a second of the paper exchange, ${CONNECTIONS} connections, orders durable before their answer`,
  run: async (signal) => {
    const home = mkdtempSync(join(tmpdir(), "qd-bench-exchange-"));
    const child = spawn(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        entryPath("exchange"),
        "--home",
        home,
        "--rate-limit",
        "off",
        "--seed",
        "7",
        "--accounts",
        String(ACCOUNTS),
        "--cash",
        "1000000000",
      ],
      { env: childEnv(), stdio: ["ignore", "pipe", "inherit"] },
    );
    const exited = new Promise((resolve) => child.once("exit", resolve));
    try {
      const ready = JSON.parse(
        await new Promise<string>((resolve, reject) => {
          child.stdout.once("data", (line) => resolve(String(line)));
          child.once("error", reject);
        }),
      ) as { readonly url: string; readonly accounts: ReadonlyArray<{ readonly keyId: string; readonly secretKey: string }> };
      const pool = new Pool(ready.url, { connections: CONNECTIONS, pipelining: 1 });
      const measure = (orderShare: number) => load(pool, ready.accounts, orderShare, signal);
      await measure(0.1); // warm
      const [reads, mixed, orders]: [Load[], Load[], Load[]] = [[], [], []];
      for (let round = 0; round < ROUNDS; round++) {
        reads.push(await measure(0));
        mixed.push(await measure(0.1));
        orders.push(await measure(1));
      }
      await pool.close();
      const of = (pick: (one: Load) => number) => ({
        "reads only": reads.map(pick),
        "90 % reads, 10 % orders": mixed.map(pick),
        "orders only": orders.map(pick),
      });
      return [
        { title: "requests", unit: "/s", better: "higher", baseline: "reads only", samples: of((one) => one.perSecond), note: "every answer was a success." },
        {
          title: "latency P99",
          unit: "ms",
          better: "lower",
          baseline: "reads only",
          samples: of((one) => one.p99Ms),
          note: `${CONNECTIONS} at a time, the next one as soon as an answer is there.`,
        },
        {
          title: "processor time",
          unit: "us",
          better: "lower",
          baseline: "reads only",
          samples: of((one) => one.cpuUs),
          note: "of the exchange for one request, its thread that writes the book included.",
        },
      ];
    } finally {
      child.kill();
      await exited;
      rmSync(home, { recursive: true, force: true });
    }
  },
};

async function load(
  pool: Pool,
  accounts: ReadonlyArray<{ readonly keyId: string; readonly secretKey: string }>,
  orderShare: number,
  signal: AbortSignal,
): Promise<Load> {
  const cpuBefore = await cpuMs(pool, accounts);
  const started = performance.now();
  const latencies: number[] = [];
  let sent = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, connection) => {
      const account = accounts[connection % accounts.length] as (typeof accounts)[number];
      const headers = { "APCA-API-KEY-ID": account.keyId, "APCA-API-SECRET-KEY": account.secretKey, "content-type": "application/json" };
      while (performance.now() - started < ROUND_MS) {
        signal.throwIfAborted();
        const n = sent++;
        const isOrder = Math.floor(n * orderShare) !== Math.floor((n + 1) * orderShare);
        const asked = performance.now();
        const answer = isOrder
          ? await pool.request({ method: "POST", path: "/v2/orders", headers, body: ORDER })
          : await pool.request({ method: "GET", path: READS[n % READS.length] as string, headers });
        const text = await answer.body.text();
        if (answer.statusCode !== 200) throw new TradingError("bench-failed", `The exchange answered ${answer.statusCode}: ${text.slice(0, 200)}`);
        latencies.push(performance.now() - asked);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const spent = (await cpuMs(pool, accounts)) - cpuBefore;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    cpuUs: (spent * 1000) / latencies.length,
  };
}

/** What the exchange has used so far. */
async function cpuMs(pool: Pool, [account]: ReadonlyArray<{ readonly keyId: string; readonly secretKey: string }>): Promise<number> {
  const headers = { "APCA-API-KEY-ID": account?.keyId, "APCA-API-SECRET-KEY": account?.secretKey };
  const answer = await pool.request({ method: "GET", path: "/quantdesk/health", headers });
  return ((await answer.body.json()) as { readonly cpuMs: number }).cpuMs;
}

const ORDER = JSON.stringify({ symbol: "AAPL", qty: "1", side: "buy", type: "market", time_in_force: "day" });
