/** The rate limit of one key, counted over all that use the state folder. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import type { RequestBucket, Store } from "../../../src/core/domain/ports.ts";
import { Gate } from "../../../src/core/net/gate.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { openStore } from "../../../src/core/store/store.ts";

const never = new AbortController().signal;

describe("a request bucket that is shared", () => {
  let folder: string;
  let stores: Store[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-bucket-"));
    stores = await Promise.all([1, 2].map(() => openStore(join(folder, "quantdesk.sqlite"), never)));
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true });
  });
  const bucket = (at: number, name = "key", perMinute = 60): RequestBucket => (stores[at] as Store).requestBucket(name, perMinute);

  it("gives no more than its size to all together, keeps a tenth for orders, and says how long to wait", async () => {
    assert.deepEqual(await bucket(0).take({ perMinute: 60, count: 50, kept: 6 }), { granted: 50, waitMs: 0 });
    const { granted } = await bucket(1).take({ perMinute: 60, count: 50, kept: 6 });
    assert.ok(granted >= 4 && granted <= 5, `${granted}`); // a second may have passed
    const none = await bucket(0).take({ perMinute: 60, count: 1, kept: 6 });
    assert.equal(none.granted, 0);
    assert.ok(none.waitMs > 0 && none.waitMs <= 1001, `${none.waitMs}`);
    assert.equal((await bucket(1).take({ perMinute: 60, count: 3, kept: 0 })).granted, 3);
    assert.equal((await bucket(1, "another key").take({ perMinute: 60, count: 1, kept: 6 })).granted, 1);
  });

  it("holds everybody back for as long as the server has told one", async () => {
    bucket(0).tell({ remaining: null, pausedUntil: Date.now() + 60_000 });
    await bucket(0).take({ perMinute: 60, count: 1, kept: 0 }); // after it, on the same channel
    const { granted, waitMs } = await bucket(1).take({ perMinute: 60, count: 1, kept: 0 });
    assert.equal(granted, 0);
    assert.ok(waitMs > 50_000);
  });

  it("lets requests of two clients through up to the limit, orders after reads have used theirs, and goes on alone without its store", async () => {
    const gates = [0, 1].map(
      (at) => new Gate({ maxRunning: 1000, maxWaiting: 1000, requestsPerMinute: 20, bucket: bucket(at, "key", 20), clock: new ManualClock(0) }),
    );
    let gone = 0;
    const reads = Array.from({ length: 40 }, (_, i) => (gates[i % 2] as Gate).enter("read", never).then((leave) => (gone++, leave())));
    for (const read of reads) read.catch(() => undefined);
    (await (gates[0] as Gate).enter("order", never))();
    (await (gates[1] as Gate).enter("order", never))();
    assert.ok(gone <= 19, `${gone} reads of two gates with 20 a minute`);
    await (stores[0] as Store).close();
    const alone = new Gate({ maxRunning: 1, maxWaiting: 10, requestsPerMinute: 20, bucket: bucket(0), clock: new ManualClock(0) });
    (await alone.enter("order", never))();
  });
});

describe("the server's own count", () => {
  async function given(headers: Readonly<Record<string, string>>, options: { readonly requestsPerMinute: number; readonly isDefaultRate?: boolean }) {
    const server: Server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", ...headers });
      response.end("{}");
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clock = new ManualClock(Date.now());
    const http = createHttpClient({ origin, connections: 4, timeoutMs: 5000, retries: 0, backoffMs: 1, log: silentLog, clock, ...options });
    const read = () => http.request({ method: "GET", path: "/", intent: "read" }, never);
    return {
      http,
      read,
      async [Symbol.asyncDispose]() {
        await http.close();
        server.closeAllConnections();
        server.close();
      },
    };
  }

  it("counts where it is less than ours", async () => {
    await using given1 = await given({ "x-ratelimit-remaining": "20", "x-ratelimit-limit": "200" }, { requestsPerMinute: 200 });
    await given1.read(); // 20 are left, a tenth of 200 is kept for orders
    const waiting = assert.rejects(given1.read(), { code: "closed" });
    while (given1.http.stats().queued === 0) await new Promise((turn) => setImmediate(turn));
    assert.equal(given1.http.stats().limitWaits, 1);
    await given1.http.close();
    await waiting;
  });

  it("is none at our own exchange without a limit: then ours ends, unless it was asked for", async () => {
    const header = { "x-quantdesk-simulated": "true" };
    await using free = await given(header, { requestsPerMinute: 10, isDefaultRate: true });
    for (let i = 0; i < 30; i++) await free.read();
    assert.equal(free.http.simulated, true);
    await using limited = await given(header, { requestsPerMinute: 10 });
    for (let i = 0; i < 9; i++) await limited.read();
    const waiting = assert.rejects(limited.read(), { code: "closed" });
    while (limited.http.stats().queued === 0) await new Promise((turn) => setImmediate(turn));
    await limited.http.close();
    await waiting;
  });
});
