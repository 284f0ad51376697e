/** What comes back over a real socket and is no answer: one sentence, and the truth about whether the request may have left. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { gzipSync } from "node:zlib";
import { TradingError } from "../../../src/core/base/errors.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { makeCertificate } from "../../../src/core/exchange/certificate.ts";
import { createHttpClient, type HttpClientOptions } from "../../../src/core/net/httpClient.ts";
import type { HttpClient } from "../../../src/core/domain/ports.ts";

type Play = (socket: Socket) => void;
type Options = Partial<HttpClientOptions> & { readonly scheme?: "http" | "https" };

/** A client against a server that plays `play` for every request that comes. */
async function against(play: Play, use: (client: HttpClient, requests: () => number) => Promise<void>, { scheme = "http", ...options }: Options = {}) {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => {
      requests++;
      play(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createHttpClient({ origin, connections: 2, timeoutMs: 8000, retries: 1, backoffMs: 1, log: silentLog, ...options });
  try {
    await use(client, () => requests);
  } finally {
    await client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Of what never ends; all else has time, however busy the machine is. */
const SHORT = { timeoutMs: 400 };
const SILENT = /timeout after 0\.4s$/;

const never = new AbortController().signal;
const read = (client: HttpClient) => client.request({ method: "GET", path: "/v2/account", intent: "read" }, never);
const order = (client: HttpClient) => client.request({ method: "POST", path: "/v2/orders", body: { qty: "1" }, intent: "order" }, never);

async function errorOf(work: Promise<unknown>): Promise<TradingError> {
  const error = await work.then(
    (answer) => assert.fail(`it answered ${JSON.stringify(answer)}`),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof TradingError, String(error));
  assert.match(error.message, /^[^\n]+[^.]\.$|timeout after [\d.]+s$/, "one sentence");
  return error;
}

const whole =
  (body: string | Buffer, headers = "") =>
  (socket: Socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`);
    socket.write(body);
  };
const raw = (text: string) => (socket: Socket) => void socket.write(text);
const cut = (text: string) => (socket: Socket) => void socket.end(text);

describe("an answer that is none", () => {
  const cases: ReadonlyArray<readonly [name: string, play: Play, code: string, said: RegExp]> = [
    ["is cut within its body", cut('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":'), "connection-lost", /closed before the answer was complete/],
    ["is cut within its headers", cut("HTTP/1.1 200 OK\r\nContent-Ty"), "connection-lost", /closed before the answer was complete/],
    ["is shorter than it says", raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"), "timeout", SILENT],
    ["is longer than it says", raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}"), "bad-answer", /not JSON/],
    ["has two lengths", raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"), "connection-lost", /content-length/],
    ["has chunks of nonsense", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n"), "connection-lost", /chunk size/],
    ["ends within a chunk", cut('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"\r\n'), "connection-lost", /chunk/],
    ["is no HTTP", raw("SSH-2.0-OpenSSH_9\r\n\r\n"), "connection-lost", /does not match the HTTP/],
    ["floods with headers", raw(`HTTP/1.1 200 OK\r\nX: ${"y".repeat(90_000)}\r\n`), "connection-lost", /Headers Overflow/],
    ["never comes", () => undefined, "timeout", SILENT],
    ["is JSON that breaks off", whole('{"a":1'), "bad-answer", /application\/json that is not JSON/],
    [
      "is packed though nobody asked for it",
      whole(gzipSync(Buffer.alloc(20 * 2 ** 20, 32)), "Content-Encoding: gzip\r\n"),
      "bad-answer",
      /application\/json packed as gzip, which was not asked for, that is not JSON/,
    ],
  ];
  for (const [name, play, code, said] of cases)
    it(`that ${name} is an error in a sentence, and an order is said to have been sent, once`, async () => {
      await against(
        play,
        async (client, requests) => {
          const reading = await errorOf(read(client));
          assert.equal(reading.code, code);
          assert.match(reading.message, said);
          const before = requests();
          assert.equal((await errorOf(order(client))).data["sent"], true);
          assert.equal(requests(), before + 1);
        },
        said === SILENT ? SHORT : {},
      );
    });

  it("comes after a hint that it will, and is taken", async () => {
    await against(raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), async (client) => {
      assert.equal((await read(client)).status, 200);
    });
  });
});

describe("a connection that does not come about", () => {
  for (const [name, play, said] of [
    ["speaks no TLS", raw("HTTP/1.1 400 Bad Request\r\n\r\n"), /^Cannot reach 127\.0\.0\.1:\d+: it does not speak TLS\.$/],
    ["is reset in its handshake", (socket: Socket) => void socket.resetAndDestroy(), /^Cannot reach 127\.0\.0\.1:\d+: connection reset\.$/],
    ["never ends its handshake", () => undefined, SILENT],
  ] as const)
    it(`because the other side ${name}: nothing has left`, async () => {
      await against(
        play,
        async (client) => {
          const error = await errorOf(order(client));
          assert.match(error.message, said);
          assert.equal(error.data["sent"], false);
        },
        { scheme: "https", ...(said === SILENT ? SHORT : {}) },
      );
    });

  it("because its certificate is not known: nothing has left", async () => {
    const { certificate, key } = makeCertificate(Date.now());
    const server = createTlsServer({ cert: certificate, key }, (socket) => socket.on("data", () => assert.fail("something was sent")));
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createHttpClient({ origin, connections: 1, timeoutMs: 2000, retries: 1, backoffMs: 1, log: silentLog });
    const error = await errorOf(order(client));
    assert.equal(error.code, "bad-certificate");
    assert.equal(error.data["sent"], false);
    await client.close();
    server.close();
  });
});

describe("a wait that is asked for", () => {
  const limited = (headers: string) => raw(`HTTP/1.1 429 Too Many Requests\r\n${headers}Content-Length: 2\r\n\r\n{}`);
  for (const [name, headers] of [
    ["for centuries", "Retry-After: 99999999999\r\n"],
    ["for ever", `Retry-After: ${"9".repeat(400)}\r\n`],
  ] as const)
    it(`${name} is answered with what came, holds the next call until its deadline, and says why`, async () => {
      await against(
        limited(headers),
        async (client, requests) => {
          assert.equal((await read(client)).status, 429);
          const error = await errorOf(order(client));
          assert.equal(error.code, "timeout");
          assert.match(error.message, /timeout after 1\.5s: it was not sent, since the service asked to wait\.$/);
          assert.equal(error.data["sent"], false);
          assert.equal(requests(), 1);
          assert.ok(client.stats().limitWaits <= 2, "one timer, however long");
        },
        { timeoutMs: 1500 },
      );
    });

  it("is counted by the server's clock, which may be hours from ours", async () => {
    const there = Date.now() + 5 * 3_600_000;
    const reset = `Date: ${new Date(there).toUTCString()}\r\nX-RateLimit-Reset: ${Math.floor(there / 1000)}\r\n`;
    let answers = 0;
    const play = (socket: Socket) => (answers++ === 0 ? limited(reset)(socket) : whole("{}")(socket));
    await against(play, async (client) => {
      assert.equal((await read(client)).status, 200);
    });
  });
});
