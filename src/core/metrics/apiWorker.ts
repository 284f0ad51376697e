/** Entry of the performance API's thread: listens on loopback and asks its owner over the channel. */
import { parentPort, workerData } from "node:worker_threads";
import type { AddressInfo } from "node:net";
import { Channel } from "../base/channel.ts";
import { TradingError } from "../base/errors.ts";
import { Scope } from "../base/scope.ts";
import type { ApiWorkerData, AskOwner } from "./apiCalls.ts";
import { createApiServer } from "./apiServer.ts";
import { startLoopLag } from "./loopLag.ts";

const port = parentPort;
if (port === null) throw new Error("The performance API's thread is started by its owner.");
const data = workerData as ApiWorkerData;
const channel = new Channel({ post: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) }, { maxPending: 500 });
const ask = async (name: string, argument: unknown, deadlineMs: number) => {
  const scope = new Scope({ name: `${name}`, deadlineMs });
  try {
    return await channel.ask(name, argument, scope.signal);
  } finally {
    await scope.close();
  }
};
let ownHosts: ReadonlySet<string> = new Set();
const lag = startLoopLag();
const server = createApiServer({
  tokenSha256: data.tokenSha256,
  version: data.version,
  ask: ask as AskOwner,
  ownHosts: () => ownHosts,
  lag: () => lag.snapshot(),
});
channel.handle("close", async () => {
  lag.stop();
  await server.close();
  setImmediate(() => port.close());
});
try {
  await server.listen({ host: data.host, port: data.port });
  const bound = (server.server.address() as AddressInfo).port;
  const names = new Set([data.host.includes(":") ? `[${data.host}]` : data.host, "127.0.0.1", "localhost"]);
  ownHosts = new Set([...names].map((name) => `${name}:${bound}`));
  channel.emit("ready", { port: bound });
} catch (error) {
  const failure = error as NodeJS.ErrnoException;
  channel.emit("failed", listenError(failure, data).toPlain());
  lag.stop();
  await server.close();
  port.close();
}

function listenError(error: NodeJS.ErrnoException, { host, port: wanted }: ApiWorkerData): TradingError {
  const hint = "Give another one with --port N, or --port 0 for any that is free.";
  if (error.code === "EADDRINUSE") return new TradingError("port-in-use", `Port ${wanted} on ${host} is in use by another program.`, { hint });
  if (error.code === "EACCES") return new TradingError("port-not-allowed", `Port ${wanted} may not be opened by this user.`, { hint });
  return new TradingError("listen-failed", `The performance API cannot listen on ${host}:${wanted}: ${error.message}.`, { hint });
}
