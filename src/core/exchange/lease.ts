/**
 * A client's hold on a running exchange: a WebSocket that stays open as long as the client is there. That it opens, and
 * says the pid that was expected, proves that the exchange found is the one meant.
 */
import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import { TradingError } from "../base/errors.ts";
import { isRunning } from "../base/processAlive.ts";
import { withDeadline } from "../base/scope.ts";
import type { ReadyLine } from "./readyLine.ts";

export interface Lease {
  /** Resolves when the exchange has gone or the lease was given back. */
  readonly ended: Promise<void>;
  release(): Promise<void>;
}

const OPEN_MS = 3000;
const CLOSE_MS = 500;

/** Undefined when nobody answers there, or somebody else does. */
export async function takeLease(ready: ReadyLine, signal: AbortSignal): Promise<Lease | undefined> {
  if (!isRunning(ready.pid)) return undefined;
  const socket = new WebSocket(`${ready.dataStreamUrl}/quantdesk/lease`, {
    headers: { "APCA-API-KEY-ID": ready.keyId, "APCA-API-SECRET-KEY": ready.secretKey },
    handshakeTimeout: OPEN_MS,
    ...trusting(ready),
    perMessageDeflate: false,
  });
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined); // "close" follows and tells
  const greeted = new Promise<string>((resolve, reject) => {
    socket.once("message", (data) => resolve((data as Buffer).toString()));
    socket.once("close", () => reject(new TradingError("no-lease", "The exchange closed the door.")));
  });
  const release = async () => {
    if (socket.readyState === WebSocket.CLOSED) return;
    socket.close(1000);
    const cut = setTimeout(() => socket.terminate(), CLOSE_MS);
    await ended;
    clearTimeout(cut);
  };
  greeted.catch(() => undefined);
  try {
    const greeting = await withDeadline("The exchange's answer", OPEN_MS, signal, () => greeted);
    if (greeting === greetingOf(ready.pid)) return { ended, release };
    await release();
    return undefined;
  } catch (error) {
    socket.terminate();
    if (signal.aborted) throw error;
    return undefined;
  }
}

/** An exchange with --tls names the certificate that it made. */
function trusting({ certificate }: ReadyLine): { readonly ca?: string } {
  if (certificate === undefined) return {};
  try {
    return { ca: readFileSync(certificate, "utf8") };
  } catch {
    return {}; // it is gone: the connection fails and says so
  }
}

/** The first thing that a lease hears. */
export function greetingOf(pid: number): string {
  return JSON.stringify({ schema: "quantdesk.paper-lease/1", pid });
}
