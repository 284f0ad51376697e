/**
 * A worker thread that stands for a broker far away: a TLS server on loopback, behind a relay that makes every round trip
 * take 20 ms. A new connection pays for its TCP and TLS round trips, as it would over a real distance.
 */
import { createServer as createTlsServer } from "node:https";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { parentPort } from "node:worker_threads";
import { makeCertificate } from "../src/core/exchange/certificate.ts";

const ONE_WAY_MS = 10;
const ACCOUNT = JSON.stringify({
  id: "904837e3-3b76-47ec-b432-046db621571b",
  account_number: "PA0000000001",
  status: "ACTIVE",
  currency: "USD",
  cash: "100000",
  equity: "100000",
  last_equity: "100000",
  buying_power: "200000",
  portfolio_value: "100000",
});

const port = parentPort;
if (port === null) throw new Error("The far server is started by the benchmark.");
const { certificate, key } = makeCertificate(Date.now());
const server = createTlsServer({ cert: certificate, key, keepAliveTimeout: 75_000 }, (_request, response) => {
  // Said outright, so that Node adds no hint of how long it keeps the connection: Alpaca's servers give none.
  response.writeHead(200, { "content-type": "application/json", connection: "keep-alive" });
  response.end(ACCOUNT);
});

/** Everything arrives 10 ms later, in order. */
function later(from: Socket, to: Socket): void {
  from.on("data", (chunk) => setTimeout(() => to.write(chunk), ONE_WAY_MS));
  from.on("close", () => setTimeout(() => to.destroy(), ONE_WAY_MS));
  from.on("error", () => to.destroy());
}

server.listen(0, "127.0.0.1", () => {
  const { port: behind } = server.address() as AddressInfo;
  const relay = createServer({ noDelay: true }, (near) => {
    near.pause();
    // TCP's own round trip, which loopback does not have.
    setTimeout(() => {
      const far = connect({ port: behind, host: "127.0.0.1", noDelay: true });
      later(near, far);
      later(far, near);
      near.resume();
    }, 2 * ONE_WAY_MS);
  });
  relay.listen(0, "127.0.0.1", () => port.postMessage({ port: (relay.address() as AddressInfo).port, certificate }));
});
