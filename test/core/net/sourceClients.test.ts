import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock, type Clock } from "../../../src/core/base/clock.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { logTo } from "../../../src/core/base/log.ts";
import type { SourceClient, SourceClientOptions } from "../../../src/core/domain/ports.ts";
import { createSourceClients, type SourceClients } from "../../../src/core/net/sourceClients.ts";

type Reply = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const signal = new AbortController().signal;
const KEEP = { ttlMs: 60_000, staleMs: 600_000 };
const json = (body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Reply => {
  return (_request, response) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

/** Real servers on loopback, and the session's clients for them. Time can be moved on; what waits, waits for real. */
class Line implements AsyncDisposable {
  readonly seen: IncomingMessage[] = [];
  readonly lines: string[] = [];
  reply: Reply = json({ ok: true });
  client!: SourceClient;
  clients!: SourceClients;
  open = 0;
  #pastMs = 0;
  readonly #servers: Array<ReturnType<typeof createServer>> = [];

  static async open(options: Partial<SourceClientOptions> = {}): Promise<Line> {
    const line = new Line();
    const clock: Clock = { now: () => Date.now() + line.#pastMs, sleep: (ms, own) => systemClock.sleep(ms, own) };
    const log = logTo((_level, text) => line.lines.push(text));
    line.clients = createSourceClients({ timeoutMs: 5000, retries: 2, backoffMs: 1, log, clock });
    line.client = await line.another(options);
    return line;
  }

  async another(options: Partial<SourceClientOptions> = {}): Promise<SourceClient> {
    const server = createServer((request, response) => {
      this.seen.push(request);
      this.reply(request, response, this.seen.length);
    });
    server.on("connection", (socket) => {
      this.open++;
      socket.on("close", () => this.open--);
    });
    this.#servers.push(server);
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    return this.clients.make({ name: "finnhub", address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, ...options });
  }

  get now(): number {
    return Date.now() + this.#pastMs;
  }

  pass(ms: number): void {
    this.#pastMs += ms;
  }

  read(path = "/x", own = signal) {
    return this.client.read(path, KEEP, own);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clients.close();
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    }
  }
}

async function failureOf(work: Promise<unknown>): Promise<TradingError> {
  const error = await work.then(
    () => assert.fail("it should have failed"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TradingError);
  return error;
}

describe("clients of public sources", () => {
  it("ask once for 200 callers that ask the same at once", async () => {
    await using line = await Line.open();
    const answers = await Promise.all(Array.from({ length: 200 }, () => line.read()));
    assert.equal(line.seen.length, 1);
    assert.equal(line.seen[0]?.url, "/base/x");
    assert.ok(answers.every(({ body, stale }) => (body as { ok: boolean }).ok && !stale));
    assert.equal(line.client.stats().hits, 199);
  });

  it("keep an answer for its time, then ask with its validators and keep what is confirmed", async () => {
    await using line = await Line.open();
    line.reply = json({ nth: 1 }, { etag: '"one"', "last-modified": "Fri, 20 Nov 2026 15:00:00 GMT" });
    await line.read();
    line.pass(59_000);
    await line.read();
    assert.equal(line.seen.length, 1);
    line.pass(2000);
    line.reply = (_request, response) => response.writeHead(304).end();
    assert.deepEqual((await line.read()).body, { nth: 1 });
    assert.equal(line.seen[1]?.headers["if-none-match"], '"one"');
    assert.equal(line.seen[1]?.headers["if-modified-since"], "Fri, 20 Nov 2026 15:00:00 GMT");
    line.pass(59_000);
    await line.read();
    assert.equal(line.seen.length, 2);
    assert.equal(line.client.stats().confirmed, 1);
  });

  it("use an old answer, and say so, while the source fails; a very old one no more", async () => {
    await using line = await Line.open();
    await line.read();
    line.pass(KEEP.ttlMs + 1000);
    line.reply = json({ error: "down" }, {}, 503);
    const { body, stale } = await line.read();
    assert.deepEqual([body, stale], [{ ok: true }, true]);
    line.pass(KEEP.staleMs);
    assert.match((await failureOf(line.read())).code, /source-unavailable|circuit-open/);
    assert.equal(line.client.stats().stale, 1);
  });

  it("keep no failure, and nothing that must not be stored", async () => {
    await using line = await Line.open();
    line.reply = json({}, {}, 404);
    assert.equal((await line.read()).status, 404);
    line.reply = json({ ok: true }, { "cache-control": "no-store" });
    await line.read();
    await line.read();
    assert.equal(line.seen.length, 3);
  });

  it("leave a source that fails alone for longer and longer, and return when it answers", async () => {
    await using line = await Line.open();
    line.reply = json({}, {}, 500);
    await failureOf(line.read("/1"));
    await failureOf(line.read("/2")); // the fifth failure opens the circuit
    const sent = line.seen.length;
    for (let i = 0; i < 50; i++) assert.equal((await failureOf(line.read(`/${i}`))).code, "circuit-open");
    assert.equal(line.seen.length, sent);
    const waits: number[] = [];
    for (let trial = 0; trial < 4; trial++) {
      const { openUntil } = line.client.stats();
      const start = line.now;
      waits.push(Math.round(((openUntil ?? 0) - start) / 1000));
      line.pass((openUntil ?? 0) - start + 1);
      await failureOf(line.read("/trial"));
    }
    assert.deepEqual(waits, [5, 10, 20, 40]);
    assert.equal(line.seen.length, sent + 4);
    line.pass(100_000);
    line.reply = json({ ok: true });
    assert.equal((await line.read("/good")).status, 200);
    assert.equal(line.client.stats().breaker, "closed");
  });

  it("leave a source alone for as long as its 429 says", async () => {
    await using line = await Line.open();
    line.reply = json({}, { "retry-after": "120" }, 429);
    assert.equal((await failureOf(line.read())).code, "rate-limited");
    line.reply = json({ ok: true });
    line.pass(100_000);
    assert.equal((await failureOf(line.read())).code, "circuit-open");
    assert.equal(line.seen.length, 1);
    line.pass(21_000);
    assert.equal((await line.read()).status, 200);
  });

  it("open 100 connections in all and 30 to one host, and lose no request", async () => {
    await using line = await Line.open();
    const clients = [line.client];
    for (let i = 0; i < 4; i++) clients.push(await line.another({ name: `source${i}` }));
    const held: ServerResponse[] = [];
    let openThen = 0;
    line.reply = (_request, response) => {
      if (openThen > 0) return void response.writeHead(200).end("{}");
      held.push(response);
      if (held.length < 100) return;
      openThen = line.open;
      for (const waiting of held) waiting.writeHead(200).end("{}");
    };
    const answers = await Promise.all(clients.flatMap((client) => Array.from({ length: 40 }, (_, i) => client.read(`/${i}`, KEEP, signal))));
    assert.equal(answers.length, 200);
    assert.equal(line.seen.length, 200);
    assert.equal(openThen, 100);
    const open = clients.map((client) => client.stats().open);
    assert.ok(
      open.every((count) => count <= 30),
      open.join(" "),
    );
    assert.ok(open.reduce((sum, count) => sum + count, 0) <= 100, open.join(" "));
  });

  it("keep a secret of the query out of keys, logs, errors and what the source quotes", async () => {
    await using line = await Line.open({ secretQuery: "apikey=SECRET-KEY-123", secrets: ["SECRET-KEY-123"] });
    line.reply = json({ Information: "We have detected your API key as SECRET-KEY-123" });
    const { body } = await line.read("/query?function=OVERVIEW");
    assert.equal(line.seen[0]?.url, "/base/query?function=OVERVIEW&apikey=SECRET-KEY-123");
    assert.doesNotMatch(JSON.stringify(body), /SECRET-KEY/);
    line.reply = (_request, response) => response.destroy();
    const failure = await failureOf(line.read("/other"));
    line.reply = (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>SECRET-KEY-123</p>");
    const garbage = await failureOf(line.read("/third"));
    assert.equal(garbage.code, "bad-answer");
    const { latency } = line.client.stats();
    assert.doesNotMatch(JSON.stringify([failure.toPlain(), garbage.toPlain(), String(garbage.cause), line.lines, latency]), /SECRET-KEY/);
  });

  it("give up an answer that is too large", async () => {
    await using line = await Line.open();
    line.reply = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.on("error", () => undefined);
      response.end(`[${"0,".repeat(5_000_000)}0]`);
    };
    assert.equal((await failureOf(line.read())).code, "answer-too-large");
  });

  it("say that a source cannot be reached, again and again, without using up connections", async () => {
    await using line = await Line.open();
    const gone = line.clients.make({ name: "gone", address: "http://127.0.0.1:1" });
    const failures = await Promise.all(Array.from({ length: 120 }, (_, i) => failureOf(gone.read(`/${i}`, KEEP, signal))));
    assert.ok(failures.every(({ code }) => code === "network-unreachable" || code === "circuit-open"));
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => line.read(`/${i}`)));
    assert.ok(answers.every(({ status }) => status === 200));
  });

  it("stop asking when the last caller has gone", async () => {
    await using line = await Line.open();
    let gone: Promise<unknown> | undefined;
    const asked = new Promise<void>((resolve) => {
      line.reply = (_request, response) => {
        gone = new Promise((closed) => response.on("close", closed));
        resolve();
      };
    });
    const callers = [new AbortController(), new AbortController()];
    const reads = callers.map((caller) => failureOf(line.read("/slow", caller.signal)));
    await asked;
    callers[0]?.abort(new TradingError("interrupted", "gone", { kind: "interrupted" }));
    assert.equal((await reads[0])?.code, "interrupted");
    callers[1]?.abort(new TradingError("interrupted", "gone", { kind: "interrupted" }));
    await reads[1];
    await gone;
  });
});
