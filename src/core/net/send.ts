/**
 * One request over the pool, down to the text of its answer. By undici's dispatch instead of its `request`: no stream and no
 * joined signals are made for an answer that is read whole, which halves what a call costs the processor.
 */
import type { Dispatcher, Pool } from "undici";
import { TradingError } from "../base/errors.ts";
import { networkError } from "./netErrors.ts";

export interface Sending {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Undici resends what it deems idempotent on a dead socket. */
  readonly idempotent: boolean;
}

export interface Received {
  readonly status: number;
  /** Names in lower case; several of one name joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface SendBounds {
  readonly signal: AbortSignal;
  /** After so long without the whole answer it is given up with `late`; null leaves that to the signal. */
  readonly limitMs: number | null;
  readonly late: () => TradingError;
  readonly host: string;
  /** A longer answer is given up. */
  readonly maxBytes: number;
  /** The request is being written, on a connection that stands. */
  readonly onBegin: () => void;
}

/** Rejects with the signal's reason, with `late`, with `answer-too-large`, or with what is wrong with the connection. */
export function send(pool: Pool, sending: Sending, { signal, limitMs, late, host, maxBytes, onBegin }: SendBounds): Promise<Received> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    let controller: Dispatcher.DispatchController | undefined;
    let ended: Error | undefined;
    let status = 0;
    let headers: Record<string, string> = {};
    let bytes = 0;
    const chunks: Buffer[] = [];
    const timer = limitMs === null ? undefined : setTimeout(() => giveUp(late()), limitMs);
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    /** One that waits for its connection is not sent when that stands: it is aborted at its start. */
    const giveUp = (error: Error) => {
      if (ended !== undefined) return;
      ended = error;
      end();
      reject(error);
      controller?.abort(error);
    };
    const abort = () => giveUp(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    pool.dispatch(
      { ...sending, headers: sending.headers },
      {
        onRequestStart: (started) => {
          if (ended !== undefined) return started.abort(ended);
          controller = started;
          onBegin();
        },
        onResponseStart: (_controller, code, fields) => {
          if (code < 200) return;
          status = code;
          headers = plainHeaders(fields);
        },
        onResponseData: (_controller, chunk) => {
          bytes += chunk.length;
          if (bytes > maxBytes) giveUp(tooLarge(host, maxBytes));
          else chunks.push(chunk);
        },
        onResponseEnd: () => {
          if (ended !== undefined) return;
          end();
          const only = chunks.length === 1 ? chunks[0] : undefined;
          resolve({ status, headers, text: (only ?? Buffer.concat(chunks)).toString("utf8") });
        },
        onResponseError: (_controller, error) => {
          if (ended !== undefined) return;
          end();
          reject(networkError(error, host, controller !== undefined));
        },
      },
    );
  });
}

function tooLarge(host: string, maxBytes: number): TradingError {
  return new TradingError("answer-too-large", `${host} answered with more than ${maxBytes / 2 ** 20} MB.`, {
    hint: "Ask for less at once.",
    data: { sent: true },
  });
}

function plainHeaders(fields: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
}
