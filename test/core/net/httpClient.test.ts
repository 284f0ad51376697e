import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Scope } from "../../../src/core/base/scope.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { createHttpClient, type HttpClientOptions } from "../../../src/core/net/httpClient.ts";
import type { HttpClient, OperationRecord } from "../../../src/core/domain/ports.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** A real server on loopback and a client for it. */
class Line implements AsyncDisposable {
  readonly scope = new Scope({ name: "The test" });
  readonly seen: string[] = [];
  readonly records: OperationRecord[] = [];
  connections = 0;
  client!: HttpClient;
  host = "";
  #server!: ReturnType<typeof createServer>;

  static async open(answer: Answer, options: Partial<HttpClientOptions> = {}): Promise<Line> {
    const line = new Line();
    line.#server = createServer((request, response) => {
      line.seen.push(`${request.method} ${request.url}`);
      answer(request, response, line.seen.length);
    });
    line.#server.on("connection", () => line.connections++);
    await new Promise<void>((ready) => line.#server.listen(0, "127.0.0.1", ready));
    line.host = `127.0.0.1:${(line.#server.address() as AddressInfo).port}`;
    line.client = createHttpClient({
      origin: `http://${line.host}`,
      connections: 4,
      timeoutMs: 3000,
      retries: 3,
      backoffMs: 1,
      log: silentLog,
      headers: { authorization: "SECRET-1234" },
      onRequest: (record) => line.records.push(record),
      ...options,
    });
    return line;
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  read(path = "/x", signal = this.signal) {
    return this.client.request({ method: "GET", path, intent: "read" }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scope.close();
    await this.client.close();
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};

async function errorOf(work: Promise<unknown>): Promise<TradingError> {
  const error = await work.then(
    () => assert.fail("it should have failed"),
    (e: unknown) => e,
  );
  assert.ok(error instanceof TradingError, String(error));
  assert.doesNotMatch(JSON.stringify([error.toPlain(), error.stack]), /SECRET-1234/);
  return error;
}

describe("the HTTP client", () => {
  it("answers with status, headers and parsed JSON, over kept connections", async () => {
    await using line = await Line.open((_request, response) => json(response, 200, { a: 1 }));
    for (let i = 0; i < 10; i++) assert.deepEqual((await line.read()).body, { a: 1 });
    assert.ok(line.connections <= 2, String(line.connections)); // a second one opens when the first is not quite free yet
    assert.deepEqual([line.client.stats().open, line.client.stats().requests, line.client.stats().retries], [line.connections, 10, 0]);
  });

  it("opens at most as many connections as it may", async () => {
    await using line = await Line.open((_request, response) => setImmediate(() => json(response, 200, {})));
    await Promise.all(Array.from({ length: 40 }, () => line.read()));
    assert.ok(line.connections <= 4, String(line.connections));
    assert.equal(line.client.stats().queued, 0);
  });

  it("resolves for every status, with an undefined body where there is none or where an error is no JSON", async () => {
    await using line = await Line.open((request, response) => {
      if (request.url === "/empty") return response.writeHead(204).end();
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>no</h1>");
    });
    assert.deepEqual((await line.read("/empty")).body, undefined);
    const answer = await line.read("/page");
    assert.deepEqual([answer.status, answer.body], [404, undefined]);
  });

  for (const status of [500, 502, 503, 504, 429]) {
    it(`tries a read again on ${status}, and a cancel too`, async () => {
      await using line = await Line.open((_request, response, nth) => (nth % 2 === 1 ? json(response, status, {}) : json(response, 200, { nth })));
      assert.deepEqual((await line.read()).body, { nth: 2 });
      assert.deepEqual((await line.client.request({ method: "DELETE", path: "/o", intent: "cancel" }, line.signal)).body, { nth: 4 });
      assert.equal(line.client.stats().retries, 2);
    });
  }

  it("tries a read again when the connection is reset, and gives up after the last retry", async () => {
    await using line = await Line.open((request) => request.socket.resetAndDestroy(), { retries: 2 });
    const error = await errorOf(line.read());
    assert.equal(error.code, "connection-lost");
    assert.equal(line.seen.length, 3);
  });

  it("never sends an order twice", async () => {
    await using line = await Line.open((request, response, nth) => (nth === 1 ? request.socket.resetAndDestroy() : json(response, 503, {})));
    const order = () => line.client.request({ method: "POST", path: "/v2/orders", body: { qty: "1" }, intent: "order" }, line.signal);
    const error = await errorOf(order());
    assert.equal(error.data["sent"], true);
    assert.equal((await order()).status, 503);
    assert.equal(line.seen.length, 2);
  });

  it("waits as long as it is told to by Retry-After", async () => {
    await using line = await Line.open((_request, response, nth) => (nth === 1 ? json(response, 429, {}, { "retry-after": "0.2" }) : json(response, 200, {})));
    const started = performance.now();
    assert.equal((await line.read()).status, 200);
    assert.ok(performance.now() - started >= 195);
  });

  it("hands on a 429 whose wait would pass the deadline", async () => {
    await using line = await Line.open((_request, response) => json(response, 429, { message: "slow down" }, { "retry-after": "60" }));
    const answer = await line.read();
    assert.deepEqual([answer.status, answer.body], [429, { message: "slow down" }]);
    assert.equal(line.seen.length, 1);
  });

  it("ends with its deadline, retries included", async () => {
    await using line = await Line.open(
      (_request, response, nth) => {
        if (nth === 1) json(response, 503, {});
      },
      { timeoutMs: 150 },
    );
    const error = await errorOf(line.read("/v2/slow?secret=1"));
    assert.equal(error.code, "timeout");
    assert.equal(error.message, `GET /v2/slow at ${line.host}: timeout after 0.15s`);
    assert.equal(line.seen.length, 2);
  });

  it("ends a body that trickles for ever", async () => {
    await using line = await Line.open(
      (_request, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const drip = setInterval(() => response.write(" "), 10);
        response.on("close", () => clearInterval(drip));
      },
      { timeoutMs: 150 },
    );
    assert.equal((await errorOf(line.read())).code, "timeout");
  });

  it("stops when its caller gives up", async () => {
    await using line = await Line.open(() => caller.abort());
    const caller = new Scope({ name: "The caller" });
    const error = await errorOf(line.read("/x", caller.signal));
    assert.equal(error.kind, "interrupted");
    await caller.close();
  });

  it("says what is wrong when nobody listens, without retrying for longer than allowed", async () => {
    const line = await Line.open(() => {});
    await line[Symbol.asyncDispose]();
    const client = createHttpClient({ origin: `http://${line.host}`, connections: 1, timeoutMs: 2000, retries: 1, backoffMs: 1, log: silentLog });
    const error = await errorOf(client.request({ method: "GET", path: "/", intent: "read" }, new AbortController().signal));
    assert.equal(error.code, "network-unreachable");
    assert.equal(error.message, `Cannot reach ${line.host}: connection refused.`);
    assert.match(error.hint ?? "", /quantdesk paper/);
    assert.equal(error.data["sent"], false);
    await client.close();
  });

  it("says so when the host does not exist", async () => {
    const client = createHttpClient({ origin: "http://no-such-host.invalid", connections: 1, timeoutMs: 2000, retries: 0, backoffMs: 1, log: silentLog });
    const error = await errorOf(client.request({ method: "GET", path: "/", intent: "read" }, new AbortController().signal));
    assert.equal(error.code, "network-unreachable");
    assert.match(error.message, /^Cannot reach no-such-host\.invalid: /);
    await client.close();
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows no redirect with ${status}, so that its headers stay with their origin`, async () => {
      await using other = await Line.open((_request, response) => json(response, 200, {}));
      await using line = await Line.open((_request, response) => {
        response.writeHead(status, { location: `http://${other.host}/` }).end();
      });
      assert.equal((await errorOf(line.read())).code, "redirected");
      assert.equal((await errorOf(line.client.request({ method: "POST", path: "/x", intent: "order", body: {} }, line.signal))).code, "redirected");
      assert.equal(other.seen.length, 0);
    });
  }

  it("takes its own credentials out of a complaint that quotes them", async () => {
    await using line = await Line.open((request, response) => json(response, 403, { message: `not allowed: ${request.headers.authorization}` }));
    assert.deepEqual((await line.read()).body, { message: "not allowed: [secret]" });
  });

  it("names what came instead of JSON", async () => {
    await using line = await Line.open((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    });
    const error = await errorOf(line.read());
    assert.equal(error.code, "bad-answer");
    assert.match(error.message, /text\/html that is not JSON/);
  });

  it("refuses an answer of more than 32 MB", async () => {
    const megabyte = Buffer.alloc(2 ** 20, 32);
    await using line = await Line.open(
      (_request, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const pour = (): void => {
          while (!response.destroyed) if (!response.write(megabyte)) return;
        };
        response.on("drain", pour);
        response.on("error", () => {});
        pour();
      },
      { timeoutMs: 10_000 },
    );
    assert.equal((await errorOf(line.read())).code, "answer-too-large");
  });

  it("lets an order go before the reads that wait, and refuses more than may wait", async () => {
    const held: ServerResponse[] = [];
    await using line = await Line.open((_request, response) => held.push(response), { connections: 1, maxWaiting: 3 });
    const first = line.read("/first");
    while (held.length === 0) await new Promise((turn) => setImmediate(turn));
    const reads = [line.read("/a"), line.read("/b")];
    const order = line.client.request({ method: "POST", path: "/order", intent: "order" }, line.signal);
    assert.equal((await errorOf(line.read("/c"))).code, "queue-full");
    assert.equal(line.client.stats().queued, 3);
    for (let done = 0; done < 4; done++) {
      while (held.length === 0) await new Promise((turn) => setImmediate(turn));
      json(held.shift() as ServerResponse, 200, {});
    }
    await Promise.all([first, order, ...reads]);
    assert.deepEqual(line.seen, ["GET /first", "POST /order", "GET /a", "GET /b"]);
  });

  it("tells the metrics about each call once, with ids left out of its name", async () => {
    await using line = await Line.open((_request, response, nth) => json(response, nth === 1 ? 503 : 404, {}));
    await line.read("/v2/orders/5f1c6d1e-6c1a-4b7e-9f5e-0123456789ab?nested=true");
    assert.deepEqual(
      line.records.map((r) => [r.operation, r.ok, r.error]),
      [["http GET /v2/orders/:id", false, "status 404"]],
    );
  });

  it("counts answer times per endpoint in few classes, symbols and ids left out, and no more endpoints than it may", async () => {
    await using line = await Line.open((request, response) => json(response, request.url === "/v2/positions/MSFT" ? 404 : 200, {}));
    for (const symbol of ["AAPL", "MSFT", "BRK.B"]) await line.read(`/v2/positions/${symbol}`);
    await line.read("/v2/stocks/quotes/latest?symbols=AAPL");
    const byName = new Map(line.client.stats().latency.map((one) => [one.endpoint, one]));
    const positions = byName.get("GET /v2/positions/:symbol");
    assert.deepEqual([positions?.count, positions?.failed, byName.get("GET /v2/stocks/quotes/latest")?.count], [3, 1, 1]);
    assert.equal(positions?.counts.length, (positions?.boundsMs.length ?? 0) + 1);
    assert.equal(
      positions?.counts.reduce((sum, count) => sum + count, 0),
      3,
    );
    for (let i = 0; i < 80; i++) await line.read(`/made-up/${i}`);
    const latency = line.client.stats().latency;
    assert.ok(latency.length <= 61);
    assert.equal(
      latency.reduce((sum, one) => sum + one.count, 0),
      84,
    );
  });

  it("asks anew for an answer that is lost, while there is still time", async () => {
    await using line = await Line.open(
      (_request, response, nth) => {
        if (nth > 1) response.end("{}");
      },
      { timeoutMs: 2400 },
    );
    assert.equal((await line.read()).status, 200);
    assert.equal(line.seen.length, 2);
  });

  it("sends nothing for a while after failures in a row, except cancels, and goes on when one request is answered", async () => {
    let works = false;
    await using line = await Line.open(
      (_request, response) => {
        response.statusCode = works ? 200 : 503;
        response.end("{}");
      },
      { retries: 0, breaker: { failures: 3, openMs: 150 } },
    );
    for (let i = 0; i < 3; i++) assert.equal((await line.read()).status, 503);
    assert.equal(line.client.stats().breaker, "open");
    await assert.rejects(line.read(), { code: "circuit-open" });
    await assert.rejects(
      line.client.request({ method: "POST", path: "/o", intent: "order" }, line.signal),
      (error: TradingError) => error.data["sent"] === false,
    );
    assert.equal(line.seen.length, 3);
    assert.equal((await line.client.request({ method: "DELETE", path: "/o", intent: "cancel" }, line.signal)).status, 503);
    works = true;
    while ((await line.read().catch(() => undefined)) === undefined) await new Promise((turn) => setTimeout(turn, 10));
    assert.equal(line.client.stats().breaker, "closed");
  });

  it("counts connections opened and used again, and the time that requests waited", async () => {
    await using line = await Line.open((_request, response) => void response.end("{}"), { connections: 1 });
    await Promise.all(Array.from({ length: 5 }, () => line.read()));
    const { requests, opened, reused, queuedMs, breaker } = line.client.stats();
    assert.deepEqual([requests, opened, reused, breaker], [5, 1, 4, "closed"]);
    assert.ok(queuedMs > 0);
  });

  it("ends what is under way when it is closed", async () => {
    await using line = await Line.open(() => {});
    const reading = line.read();
    while (line.seen.length === 0) await new Promise((turn) => setImmediate(turn));
    await line.client.close();
    assert.equal((await errorOf(reading)).code, "closed");
  });
});
