/** A small Jupyter client over real sockets: DEALER, SUB and REQ of ZMTP, and the kernel as a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { entryPath } from "../../../src/core/base/entry.ts";
import { Connection, type Frames, type SocketType } from "../../../src/kernel/jupyter/zmtp.ts";

export interface ReceivedMessage {
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  // oxlint-disable-next-line no-explicit-any -- tests look into the protocol's contents as they please
  readonly content: Record<string, any>;
}

const CHANNELS = ["shell", "control", "stdin", "iopub", "hb"] as const;
type ChannelName = (typeof CHANNELS)[number];
const TYPES: Readonly<Record<ChannelName, SocketType>> = { shell: "DEALER", control: "DEALER", stdin: "DEALER", iopub: "SUB", hb: "REQ" };
type Address = { readonly host: string; readonly port: number } | { readonly path: string };
type Addresses = Readonly<Record<ChannelName, Address>>;
const WAIT_MS = 15_000;
const DELIMITER = "<IDS|MSG>";

/** Messages of one channel, for those who wait for one of a kind. */
class Inbox {
  readonly #kept: ReceivedMessage[] = [];
  readonly #waiting = new Set<() => void>();

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  put(message: ReceivedMessage): void {
    this.#kept.push(message);
    for (const wake of this.#waiting) wake();
  }

  async take(wanted: (message: ReceivedMessage) => boolean, what: string): Promise<ReceivedMessage> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const index = this.#kept.findIndex(wanted);
      if (index >= 0) return this.#kept.splice(index, 1)[0] as ReceivedMessage;
      if (Date.now() > deadline) throw new Error(`${what} did not come; there were ${this.#kept.map((m) => m.header.msg_type).join(", ")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 200);
        const waiting = this.#waiting;
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      });
    }
  }
}

export interface Ran {
  readonly reply: ReceivedMessage["content"];
  /** What was published for it, without status and execute_input. */
  readonly shown: ReadonlyArray<{ readonly type: string; readonly content: ReceivedMessage["content"] }>;
}

export interface ClientOptions {
  readonly transport?: "tcp" | "ipc";
  readonly env?: Readonly<Record<string, string>>;
  /** What runs; Node unless told otherwise. */
  readonly program?: string;
  /** Its arguments for the connection file; our own kernel from the sources unless told otherwise. */
  readonly command?: (file: string) => readonly string[];
  /** Where it runs; a folder of its own unless told otherwise. */
  readonly cwd?: string;
  /** False for a kernel of an older protocol, which does not say when a subscription holds. */
  readonly welcomes?: boolean;
}

export class JupyterClient implements AsyncDisposable {
  readonly process: ChildProcess;
  /** When the process was started, as `performance.now()` says it. */
  readonly started: number;
  /** From then to the first answer to kernel_info. */
  answeredMs = Number.NaN;
  readonly session = randomUUID();
  /** Its working folder; removed with it. */
  readonly folder: string;
  readonly #key: string;
  readonly #sockets: Readonly<Record<ChannelName, Connection>>;
  readonly #inboxes: Readonly<Record<ChannelName, Inbox>>;
  readonly #beats: Array<(frames: Frames) => void>;
  readonly #addresses: Addresses;
  /** The one that started the kernel, which ends it. */
  readonly #isFirst: boolean;

  private constructor(
    parts: Pick<JupyterClient, "process" | "folder" | "started"> & {
      readonly key: string;
      readonly sockets: Readonly<Record<ChannelName, Connection>>;
      readonly inboxes: Readonly<Record<ChannelName, Inbox>>;
      readonly beats: Array<(frames: Frames) => void>;
      readonly addresses: Addresses;
      readonly isFirst: boolean;
    },
  ) {
    this.process = parts.process;
    this.started = parts.started;
    this.#key = parts.key;
    this.folder = parts.folder;
    this.#sockets = parts.sockets;
    this.#inboxes = parts.inboxes;
    this.#beats = parts.beats;
    this.#addresses = parts.addresses;
    this.#isFirst = parts.isFirst;
  }

  /** Starts a kernel and connects to all its sockets; it has answered kernel_info. */
  static async start(options: ClientOptions = {}): Promise<JupyterClient> {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-jupyter-"));
    const ports = await freePorts(CHANNELS.length);
    const isIpc = options.transport === "ipc";
    const ip = isIpc ? join(folder, "k") : "127.0.0.1";
    const key = randomUUID();
    const file = join(folder, "connection.json");
    const named = Object.fromEntries(CHANNELS.map((channel, i) => [`${channel}_port`, ports[i]]));
    await writeFile(file, JSON.stringify({ transport: isIpc ? "ipc" : "tcp", ip, ...named, key, signature_scheme: "hmac-sha256", kernel_name: "quantdesk" }));
    const started = performance.now();
    const command = options.command?.(file) ?? [entryPath("jupyterKernel"), "--connection-file", file, "--home", join(folder, "home")];
    const child = spawn(options.program ?? process.execPath, command, {
      cwd: options.cwd ?? folder,
      env: { ...childEnv(), ...options.env },
      stdio: ["ignore", "inherit", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const addresses = Object.fromEntries(
      CHANNELS.map((channel, i) => [channel, isIpc ? { path: `${ip}-${ports[i]}` } : { host: "127.0.0.1", port: ports[i] as number }]),
    ) as Addresses;
    const client = await JupyterClient.#connect({ process: child, started, key, folder, addresses, isFirst: true }, options).catch((error: unknown) => {
      throw new Error(`${String(error)}; the kernel said: ${said}`);
    });
    return client;
  }

  /** A second client of the same kernel, with a session of its own. */
  async another(): Promise<JupyterClient> {
    const { process, started, folder } = this;
    return await JupyterClient.#connect({ process, started, folder, key: this.#key, addresses: this.#addresses, isFirst: false }, {});
  }

  static async #connect(
    kernel: Pick<JupyterClient, "process" | "folder" | "started"> & { readonly key: string; readonly addresses: Addresses; readonly isFirst: boolean },
    options: ClientOptions,
  ): Promise<JupyterClient> {
    const inboxes = Object.fromEntries(CHANNELS.map((channel) => [channel, new Inbox()])) as unknown as Record<ChannelName, Inbox>;
    const beats: Array<(frames: Frames) => void> = [];
    const sockets = {} as Record<ChannelName, Connection>;
    const identity = Buffer.from(randomUUID());
    for (const channel of CHANNELS) {
      sockets[channel] = await connected(kernel.addresses[channel], TYPES[channel], identity, (frames) => {
        if (channel === "hb") beats.shift()?.(frames);
        else inboxes[channel].put(parse(frames));
      }).catch((error: unknown) => {
        throw new Error(`the kernel does not listen on ${channel} (${String(error)})`);
      });
    }
    sockets.iopub.send([Buffer.of(1)]);
    const client = new JupyterClient({ ...kernel, sockets, inboxes, beats });
    if (options.welcomes !== false) await client.published((message) => message.header.msg_type === "iopub_welcome", "iopub_welcome");
    await client.request("shell", "kernel_info_request", {});
    client.answeredMs = performance.now() - kernel.started;
    while (options.welcomes === false && client.#inboxes.iopub.isEmpty) await client.request("shell", "kernel_info_request", {});
    return client;
  }

  /** Sends frames as they are on a channel. */
  sendRaw(channel: ChannelName, frames: Frames): void {
    this.#sockets[channel].send(frames);
  }

  /** The frames of a message, signed with the connection's key unless told otherwise. */
  frames(
    type: string,
    content: object,
    more: { readonly parent?: object; readonly metadata?: object; readonly key?: string; readonly id?: string } = {},
  ): Frames {
    const header = {
      msg_id: more.id ?? randomUUID(),
      session: this.session,
      username: "tester",
      date: new Date().toISOString(),
      msg_type: type,
      version: "5.4",
    };
    const parts = [header, more.parent ?? {}, more.metadata ?? {}, content].map((part) => Buffer.from(JSON.stringify(part)));
    const hmac = createHmac("sha256", more.key ?? this.#key);
    for (const part of parts) hmac.update(part);
    return [Buffer.from(DELIMITER), Buffer.from(hmac.digest("hex")), ...parts];
  }

  send(channel: "shell" | "control" | "stdin", type: string, content: object, more: { readonly parent?: object; readonly metadata?: object } = {}): string {
    const id = randomUUID();
    this.sendRaw(channel, this.frames(type, content, { ...more, id }));
    return id;
  }

  async reply(channel: "shell" | "control", id: string): Promise<ReceivedMessage> {
    return await this.#inboxes[channel].take((message) => message.parent_header.msg_id === id, `the reply on ${channel}`);
  }

  async request(channel: "shell" | "control", type: string, content: object): Promise<ReceivedMessage["content"]> {
    return (await this.reply(channel, this.send(channel, type, content))).content;
  }

  async published(wanted: (message: ReceivedMessage) => boolean, what: string): Promise<ReceivedMessage> {
    return await this.#inboxes.iopub.take(wanted, what);
  }

  async question(): Promise<ReceivedMessage> {
    return await this.#inboxes.stdin.take((message) => message.header.msg_type === "input_request", "a question");
  }

  async run(code: string, more: object = {}): Promise<Ran> {
    return await this.ran(this.execute(code, more));
  }

  execute(code: string, more: object = {}): string {
    return this.send("shell", "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...more,
    });
  }

  /** Everything published for a request up to its idle, and its reply. */
  async ran(id: string): Promise<Ran> {
    const shown: Array<Ran["shown"][number]> = [];
    for (;;) {
      const message = await this.published((m) => m.parent_header.msg_id === id, `what ${id} shows`);
      const type = message.header.msg_type;
      if (type === "status" && message.content["execution_state"] === "idle") break;
      if (type !== "status" && type !== "execute_input") shown.push({ type, content: message.content });
    }
    return { reply: (await this.reply("shell", id)).content, shown };
  }

  async beat(body: string): Promise<string> {
    const answer = new Promise<Frames>((resolve) => this.#beats.push(resolve));
    this.sendRaw("hb", [Buffer.alloc(0), Buffer.from(body)]);
    return ((await answer).at(-1) as Buffer).toString();
  }

  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isFirst) {
      for (const socket of Object.values(this.#sockets)) socket.close();
      return;
    }
    this.process.kill("SIGTERM");
    const hanging = setTimeout(() => this.process.kill("SIGKILL"), WAIT_MS);
    await this.ended();
    clearTimeout(hanging);
    for (const socket of Object.values(this.#sockets)) socket.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function parse(frames: Frames): ReceivedMessage {
  const at = frames.findIndex((frame) => frame.toString("latin1") === DELIMITER);
  const [header, parent_header, , content] = frames.slice(at + 2, at + 6).map((frame) => JSON.parse(frame.toString("utf8")) as never);
  return { header, parent_header, content } as unknown as ReceivedMessage;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The kernel may not listen yet: it is asked again until it does. */
async function connected(address: Address, type: SocketType, identity: Buffer, onMessage: (frames: Frames) => void): Promise<Connection> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const socket = connect(address);
    try {
      await once(socket, "connect");
      return await new Promise((resolve, reject) => {
        const connection: Connection = new Connection(
          socket,
          { type, identity },
          { onReady: () => resolve(connection), onMessage, onSubscription: () => undefined, onClose: () => reject(new Error("closed")) },
        );
      });
    } catch (error) {
      socket.destroy();
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
