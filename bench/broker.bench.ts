/**
 * What kept connections are worth at 20 ms of distance, and 50 sessions at work in one process.
 * Ours is the broker's own reading of the account: pool, queue, rate limiter, deadline, retries and parsing included.
 */
import { request } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { Worker } from "node:worker_threads";
import { Alpaca } from "alpaca-trade-api-4";
import { Pool } from "undici";
import { childEnv } from "../src/core/base/childEnv.ts";
import { systemClock } from "../src/core/base/clock.ts";
import { silentLog } from "../src/core/base/log.ts";
import { TradingApi } from "../src/core/broker/tradingApi.ts";
import { createHttpClient } from "../src/core/net/httpClient.ts";
import { median, type Benchmark, type Comparison } from "./comparison.ts";
import { sessionsAtWork } from "./sessionsAtWork.ts";

const ROUNDS = 9;
const CALLS_IN_TURN = 10;
const PAUSE_MS = 6000;
const SPACED_CALLS = 3;
/** What a session opens to its broker at the most. */
const CONNECTIONS = 10;
const POOL = `bare Pool of ${CONNECTIONS}`;
const FREE_POOL = "bare Pool without a bound";
const DISTANCE = "TLS on loopback behind a relay, 20 ms round trip, no server time";

type Call = (signal: AbortSignal) => Promise<unknown>;

export const bench: Benchmark = {
  description: "calls at 20 ms distance over new connections, a bare pool, the official client and ours; 50 sessions at once",
  run: async (signal) => {
    const worker = new Worker(new URL("./farServer.ts", import.meta.url), { env: childEnv() });
    const trusted = getCACertificates("default");
    const closers: Array<() => Promise<unknown>> = [() => worker.terminate()];
    try {
      const { port, certificate } = await new Promise<{ port: number; certificate: string }>((resolve, reject) =>
        worker.once("message", resolve).once("error", reject),
      );
      setDefaultCACertificates([...trusted, certificate]);
      const origin = `https://127.0.0.1:${port}`;
      const calls = callsOf(origin, certificate, closers);
      return [...(await latencies(calls, signal)), await tenAtOnce(calls, signal), await spaced(calls, signal), ...(await sessionsAtWork(signal))];
    } finally {
      setDefaultCACertificates(trusted);
      for (const close of closers.toReversed()) await close();
    }
  },
};

function callsOf(origin: string, ca: string, closers: Array<() => Promise<unknown>>): Readonly<Record<string, Call>> {
  const pool = new Pool(origin, { connections: CONNECTIONS, connect: { ca } });
  const freePool = new Pool(origin, { connect: { ca } });
  const http = createHttpClient({
    origin,
    connections: CONNECTIONS,
    timeoutMs: 10_000,
    retries: 3,
    backoffMs: 500,
    requestsPerMinute: 100_000,
    log: silentLog,
    ca,
  });
  closers.push(
    () => pool.destroy(),
    () => freePool.destroy(),
    () => http.close(),
  );
  const api = new TradingApi({ trading: http, data: http, mode: "paper", simulated: true });
  const fetchApi = (asked: Request | string | URL, init?: RequestInit) => {
    const { pathname, search } = new URL(typeof asked === "object" && "url" in asked ? asked.url : String(asked));
    return fetch(origin + pathname + search, init);
  };
  const official = new Alpaca({ keyId: "PKBENCH", secret: "bench", fetchApi: fetchApi as never, rateLimit: false });
  const { account } = official.trading as unknown as { readonly account: { getAccount(): Promise<unknown> } };
  return {
    "new connection": () => newConnection(`${origin}/v2/account`, ca),
    [POOL]: async (signal) => (await pool.request({ method: "GET", path: "/v2/account", signal })).body.json(),
    [FREE_POOL]: async (signal) => (await freePool.request({ method: "GET", path: "/v2/account", signal })).body.json(),
    "official client": () => account.getAccount(),
    ours: (signal) => api.account(signal),
  };
}

function newConnection(url: string, ca: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, ca }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve(JSON.parse(text)));
    })
      .on("error", reject)
      .end();
  });
}

async function timed(call: Call, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  await call(signal);
  return performance.now() - started;
}

/** Median of one call's time, by how many are under way. */
async function latencies(calls: Readonly<Record<string, Call>>, signal: AbortSignal): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const atOnce of [1, 5, 50]) {
    const samples: Record<string, number[]> = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
    for (let round = -1; round < ROUNDS; round++) {
      for (const [name, call] of Object.entries(calls)) {
        signal.throwIfAborted();
        const times: number[] = [];
        for (let turn = 0; turn < (atOnce === 1 ? CALLS_IN_TURN : 2); turn++)
          times.push(...(await Promise.all(Array.from({ length: atOnce }, () => timed(call, signal)))));
        if (round >= 0) samples[name]?.push(median(times));
      }
    }
    comparisons.push({
      title: `one call, ${atOnce} at a time`,
      unit: "ms",
      better: "lower",
      baseline: "new connection",
      samples,
      note: `${DISTANCE}; median call of each round. Ours opens ${CONNECTIONS} connections at the most: beyond that a call waits its turn, orders first.`,
    });
  }
  return comparisons;
}

/** The workload of a client that opens a connection for each of ten calls, one after another; and like for like. */
async function tenAtOnce(calls: Readonly<Record<string, Call>>, signal: AbortSignal): Promise<Comparison> {
  const ten = (call: Call) => Promise.all(Array.from({ length: 10 }, () => call(signal)));
  const opened = calls["new connection"] as Call;
  const variants: Record<string, () => Promise<unknown>> = {
    "new connections one after another": async () => {
      for (let i = 0; i < 10; i++) await opened(signal);
    },
    "new connections at once": () => ten(opened),
    "ours at once": () => ten(calls["ours"] as Call),
  };
  const samples: Record<string, number[]> = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const [name, run] of Object.entries(variants)) samples[name]?.push(await timed(run, signal));
  return {
    title: "ten calls",
    unit: "ms",
    better: "lower",
    baseline: "new connections one after another",
    samples,
    note: `${DISTANCE}; the second row is like for like.`,
  };
}

/** Calls with pauses between them: whose connections are still there? */
async function spaced(calls: Readonly<Record<string, Call>>, signal: AbortSignal): Promise<Comparison> {
  const samples: Record<string, number[]> = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
  for (const call of Object.values(calls)) await call(signal);
  for (let i = 0; i < SPACED_CALLS; i++) {
    await systemClock.sleep(PAUSE_MS, signal);
    for (const [name, call] of Object.entries(calls)) samples[name]?.push(await timed(call, signal));
  }
  return {
    title: `one call, ${PAUSE_MS / 1000} s apart`,
    unit: "ms",
    better: "lower",
    baseline: "official client",
    samples,
    note: `${DISTANCE}; the server keeps connections for 75 s and does not say so.`,
  };
}
