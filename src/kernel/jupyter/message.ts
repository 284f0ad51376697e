/**
 * Messages of the Jupyter wire protocol 5.4 (https://jupyter-client.readthedocs.io/en/stable/messaging.html): identities,
 * the delimiter, an HMAC over four JSON parts, the parts, buffers. What is not signed with the connection's key is dropped.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import type { Frames } from "./zmtp.ts";

export const PROTOCOL_VERSION = "5.4";
const DELIMITER = Buffer.from("<IDS|MSG>");
/** Signatures that have been seen: a message that is sent again is dropped. */
const MAX_SEEN = 65_536;

const Header = v.looseObject({ msg_id: v.string(), msg_type: v.string(), session: v.optional(v.string(), ""), username: v.optional(v.string(), "") });
export type Header = v.InferOutput<typeof Header>;

export interface Message {
  /** Whom to answer. */
  readonly identities: Frames;
  readonly header: Header;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface Outgoing {
  readonly type: string;
  /** Of the message that this one belongs to; null for none. */
  readonly parent: Header | null;
  readonly content: object;
  readonly metadata?: object;
}

export class Signer {
  readonly #key: string;
  readonly #scheme: string;
  readonly #session = randomUUID();
  readonly #seen = new Set<string>();

  /** An empty key means that nothing is signed. `scheme` like "hmac-sha256". */
  constructor(key: string, scheme: string) {
    this.#key = key;
    this.#scheme = scheme.replace(/^hmac-/, "");
    if (key !== "") createHmac(this.#scheme, key); // throws for one that this machine does not know
  }

  /** Null for whatever is no message of ours: wrong signature, not JSON, no header, seen before. */
  read(frames: Frames): Message | null {
    const at = frames.findIndex((frame) => frame.equals(DELIMITER));
    if (at < 0) return null;
    const [signature, ...parts] = frames.slice(at + 1, at + 6);
    if (signature === undefined || parts.length < 4 || !this.#isSigned(signature, parts)) return null;
    try {
      const [header, , metadata, content] = parts.map((part) => JSON.parse(part.toString("utf8")) as unknown);
      const record = v.record(v.string(), v.unknown());
      return { identities: frames.slice(0, at), header: v.parse(Header, header), metadata: v.parse(record, metadata), content: v.parse(record, content) };
    } catch {
      return null;
    }
  }

  write(identities: Frames, message: Outgoing): Frames {
    const header = {
      msg_id: randomUUID(),
      session: this.#session,
      username: "quantdesk",
      date: new Date().toISOString(),
      msg_type: message.type,
      version: PROTOCOL_VERSION,
    };
    const parts = [header, message.parent ?? {}, message.metadata ?? {}, message.content].map((part) => Buffer.from(JSON.stringify(part)));
    return [...identities, DELIMITER, Buffer.from(this.#sign(parts)), ...parts];
  }

  #isSigned(signature: Buffer, parts: readonly Buffer[]): boolean {
    if (this.#key === "") return true;
    const given = signature.toString("latin1");
    const right = Buffer.from(this.#sign(parts));
    if (signature.length !== right.length || !timingSafeEqual(signature, right) || this.#seen.has(given)) return false;
    this.#seen.add(given);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    return true;
  }

  #sign(parts: readonly Buffer[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#scheme, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }
}
