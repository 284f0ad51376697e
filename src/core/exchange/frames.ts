/** How messages travel on the streams: JSON, or MessagePack for clients that ask with `Content-Type: application/msgpack`. */
import type { IncomingMessage } from "node:http";
import { decode, encode } from "@msgpack/msgpack";

export type FrameFormat = "json" | "msgpack";

export function frameFormat(request: IncomingMessage): FrameFormat {
  return /\bapplication\/(?:x-)?msgpack\b/i.test(request.headers["content-type"] ?? "") ? "msgpack" : "json";
}

/** Fields that hold a time: in MessagePack they travel as its timestamp extension (type -1), as at Alpaca. */
const TIMES: ReadonlySet<string> = new Set(["t", "created_at", "updated_at"]);

/** MessagePack of market data. */
export function packFrame(messages: readonly object[]): Uint8Array {
  return encode(messages.map((message) => Object.fromEntries(Object.entries(message).map(([name, value]) => [name, packed(name, value)]))));
}

function packed(name: string, value: unknown): unknown {
  return TIMES.has(name) && typeof value === "string" ? new Date(value) : value;
}

/** MessagePack without times of its own: trade updates, whose times are text in both forms. */
export function packPlain(message: object): Uint8Array {
  return encode(message);
}

/** What a frame says; undefined when it is nothing that can be read. JSON is understood from everyone, in text and in binary frames. */
export function readFrame(data: unknown, format: FrameFormat): unknown {
  const bytes = Array.isArray(data) ? Buffer.concat(data as Buffer[]) : (data as Buffer);
  try {
    return JSON.parse(bytes.toString());
  } catch {
    if (format === "json") return undefined;
  }
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}
