/** The performance API's errors: one sentence in a `quantdesk.error/1` document, under the status that fits its code. */
import { STATUS_CODES } from "node:http";
import { TradingError } from "../base/errors.ts";

const STATUS: Readonly<Record<string, number>> = {
  unauthorized: 401,
  "wrong-host": 403,
  "wrong-origin": 403,
  "unknown-route": 404,
  "benchmark-running": 409,
  "request-timeout": 408,
  "headers-too-long": 431,
  "websocket-only": 426,
  "too-many-streams": 503,
  "queue-full": 503,
  timeout: 503,
  closed: 503,
};

/** Headers that a status must come with. */
const EXTRA: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": "Bearer" },
  426: { upgrade: "websocket", connection: "Upgrade" },
};

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `statusCode` is what a library's own error asks for. What failed inside is not shown. */
export function errorAnswer(error: Error & { readonly statusCode?: number }): ErrorAnswer {
  const ours = error instanceof TradingError;
  const status = ours ? (STATUS[error.code] ?? (error.kind === "usage" ? 400 : 500)) : (error.statusCode ?? 500);
  const shown = ours ? error : status < 500 ? new TradingError("bad-request", error.message) : new TradingError("failed", "The request failed.");
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...EXTRA[status] },
    body: JSON.stringify(shown.toDocument()),
  };
}

/** The same as the bytes of a last answer on a socket that no server library answers. */
export function rawAnswer(error: Error & { readonly statusCode?: number }): string {
  const { status, headers, body } = errorAnswer(error);
  const all = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}
