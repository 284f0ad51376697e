/**
 * ZMTP 3.0 with the NULL mechanism, the wire protocol of ZeroMQ, as far as a kernel needs it: one connection that has
 * greeted, and its messages. Specification: https://rfc.zeromq.org/spec/23 (ZMTP 3.0); what 3.1 peers add (PING,
 * SUBSCRIBE as a command) is understood.
 */
import type { Socket } from "node:net";
import { TradingError } from "../../core/base/errors.ts";

/** A ZeroMQ message: its frames in order. */
export type Frames = readonly Buffer[];

export type SocketType = "ROUTER" | "DEALER" | "PUB" | "SUB" | "XPUB" | "REP" | "REQ";

export interface ConnectionEvents {
  /** The peer has greeted: its type and the identity that it gave itself. */
  readonly onReady: (peer: { readonly type: string; readonly identity: Buffer }) => void;
  readonly onMessage: (frames: Frames) => void;
  /** SUBSCRIBE and CANCEL of a 3.1 peer; older ones send a message that begins with 1 or 0. */
  readonly onSubscription: (change: { readonly topic: Buffer; readonly isOn: boolean }) => void;
  readonly onClose: () => void;
}

const GREETING_BYTES = 64;
const MORE = 1;
const LONG = 2;
const COMMAND = 4;
/** A peer that sends more than this in one message is cut off: notebooks' cells and figures are far smaller. */
const MAX_MESSAGE_BYTES = 256 * 2 ** 20;
const MAX_FRAMES = 10_000;
const GREETING_MS = 10_000;

export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #chunks: Buffer[] = [];
  #length = 0;
  #state: "greeting" | "handshake" | "open" = "greeting";
  #message: Buffer[] = [];
  #messageBytes = 0;

  constructor(socket: Socket, own: { readonly type: SocketType; readonly identity?: Buffer }, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.setNoDelay(true);
    const impatience = setTimeout(() => socket.destroy(), GREETING_MS);
    impatience.unref();
    socket.on("error", () => socket.destroy()); // its close follows
    socket.on("close", () => {
      clearTimeout(impatience);
      events.onClose();
    });
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      try {
        this.#read();
      } catch {
        socket.destroy(); // not ZMTP, or more than we take
      }
      if (this.#state === "open") clearTimeout(impatience);
    });
    socket.write(greeting());
    socket.write(frame(readyCommand(own.type, own.identity ?? Buffer.alloc(0)), COMMAND));
  }

  /** Bytes that wait for a slow peer. */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  send(frames: Frames): void {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    frames.forEach((body, index) => this.#socket.write(frame(body, index < frames.length - 1 ? MORE : 0)));
    this.#socket.uncork();
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #read(): void {
    if (this.#state === "greeting") {
      const head = this.#take(GREETING_BYTES);
      if (head === undefined) return;
      const mechanism = head.subarray(12, 32).toString("latin1").replaceAll("\0", "");
      if (head[0] !== 0xff || head[9] !== 0x7f || (head[10] ?? 0) < 3 || mechanism !== "NULL")
        throw new TradingError("zmtp", "The peer does not speak ZMTP 3.");
      this.#state = "handshake";
    }
    for (let next = this.#nextFrame(); next !== undefined; next = this.#nextFrame()) this.#frame(next.flags, next.body);
  }

  #frame(flags: number, body: Buffer): void {
    if ((flags & COMMAND) !== 0) {
      this.#command(body);
      return;
    }
    if (this.#state !== "open") throw new TradingError("zmtp", "A message came before the handshake.");
    this.#message.push(body);
    this.#messageBytes += body.length;
    if (this.#messageBytes > MAX_MESSAGE_BYTES || this.#message.length > MAX_FRAMES) throw new TradingError("zmtp", "The message is too large.");
    if ((flags & MORE) !== 0) return;
    const message = this.#message;
    this.#message = [];
    this.#messageBytes = 0;
    this.#events.onMessage(message);
  }

  #command(body: Buffer): void {
    const name = body.subarray(1, 1 + (body[0] ?? 0)).toString("latin1");
    const rest = body.subarray(1 + (body[0] ?? 0));
    if (name === "READY" && this.#state === "handshake") {
      const properties = propertiesOf(rest);
      this.#state = "open";
      this.#events.onReady({ type: properties.get("socket-type")?.toString("latin1") ?? "", identity: Buffer.from(properties.get("identity") ?? []) });
    } else if (name === "ERROR") throw new TradingError("zmtp", "The peer refused the connection.");
    else if (name === "PING") this.#socket.write(frame(Buffer.concat([shortString("PONG"), rest.subarray(2)]), COMMAND));
    else if (name === "SUBSCRIBE" || name === "CANCEL") this.#events.onSubscription({ topic: Buffer.from(rest), isOn: name === "SUBSCRIBE" });
  }

  #nextFrame(): { readonly flags: number; readonly body: Buffer } | undefined {
    if (this.#length < 2) return undefined;
    const head = this.#peek(9);
    const flags = head[0] as number;
    const isLong = (flags & LONG) !== 0;
    if (isLong && head.length < 9) return undefined;
    const size = isLong ? Number(head.readBigUInt64BE(1)) : (head[1] as number);
    if (size > MAX_MESSAGE_BYTES) throw new TradingError("zmtp", "The frame is too large.");
    const start = isLong ? 9 : 2;
    const whole = this.#take(start + size);
    return whole === undefined ? undefined : { flags, body: whole.subarray(start) };
  }

  #peek(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && (first.length >= bytes || this.#chunks.length === 1)) return first.subarray(0, bytes);
    return this.#join().subarray(0, bytes);
  }

  #take(bytes: number): Buffer | undefined {
    if (this.#length < bytes) return undefined;
    const first = (this.#chunks[0]?.length ?? 0) >= bytes ? (this.#chunks[0] as Buffer) : this.#join();
    if (first.length === bytes) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(bytes);
    this.#length -= bytes;
    return first.subarray(0, bytes);
  }

  /** A large frame comes in many chunks: they are joined when it is whole, not at each. */
  #join(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }
}

function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[8] = 1; // what libzmq sends there for peers of ZMTP 1
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write("NULL", 12, "latin1");
  return bytes;
}

function readyCommand(type: SocketType, identity: Buffer): Buffer {
  return Buffer.concat([shortString("READY"), property("Socket-Type", Buffer.from(type)), property("Identity", identity)]);
}

function property(name: string, value: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(value.length);
  return Buffer.concat([shortString(name), size, value]);
}

function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
}

/** Names in lower case: they are compared so. */
function propertiesOf(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + (bytes[at] as number);
    if (nameEnd + 4 > bytes.length) break;
    const end = nameEnd + 4 + bytes.readUInt32BE(nameEnd);
    found.set(
      bytes
        .subarray(at + 1, nameEnd)
        .toString("latin1")
        .toLowerCase(),
      bytes.subarray(nameEnd + 4, end),
    );
    at = end;
  }
  return found;
}

function frame(body: Buffer, flags: number): Buffer {
  const isLong = body.length > 255;
  const head = Buffer.alloc(isLong ? 9 : 2);
  head[0] = flags | (isLong ? LONG : 0);
  if (isLong) head.writeBigUInt64BE(BigInt(body.length), 1);
  else head[1] = body.length;
  return Buffer.concat([head, body]);
}
