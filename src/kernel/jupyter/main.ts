/**
 * jupyter kernel (entry): one process per notebook, started by a Jupyter client with a connection file. It listens before
 * it loads anything else, so that kernel_info is answered at once. `desk` opens a session of its own on the embedded
 * exchange when a cell first asks for it: whatever keys are in the environment, cells here trade simulated money only.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../../core/base/entry.ts";
import { badInput, TradingError } from "../../core/base/errors.ts";
import { silentLog } from "../../core/base/log.ts";
import { isRunning } from "../../core/base/processAlive.ts";
import type { DeskHandlers } from "../deskProtocol.ts";
import { startKernel } from "../host.ts";
import { readConnectionFile } from "./connectionFile.ts";
import { JupyterKernel, type RequestChannel } from "./kernel.ts";
import { PROTOCOL_VERSION, Signer, type Header, type Message } from "./message.ts";
import { bindEcho, bindPublisher, bindRouter, type Router } from "./sockets.ts";
import type { Frames } from "./zmtp.ts";

const PARENT_CHECK_MS = 1000;
const CLOSE_MS = 3000;

try {
  await serve();
} catch (error) {
  const { message, hint } = TradingError.from(error, "failed");
  process.stderr.write(`Error: ${message}${hint === undefined ? "" : ` ${hint}`}\n`);
  process.exit(TradingError.from(error, "failed").kind === "usage" ? 2 : 1);
}

async function serve(): Promise<void> {
  const { values } = parseArgs({ options: { "connection-file": { type: "string" }, home: { type: "string" } }, allowPositionals: true, strict: false });
  const file = values["connection-file"];
  if (typeof file !== "string")
    throw badInput("no-connection-file", "--connection-file is missing.", "A Jupyter client gives it: see `quantdesk kernel install --help`.");
  const connection = await readConnectionFile(file);
  const signer = new Signer(connection.key, connection.signatureScheme);
  const desk = lazyDesk(typeof values["home"] === "string" ? values["home"] : undefined);

  // Starts beside the sockets, which are all that kernel_info needs.
  const kernel = startKernel(
    { folder: process.cwd(), log: silentLog, desk: desk.handlers, input: (question, signal) => (jupyter as JupyterKernel).input(question, signal) },
    new AbortController().signal,
  );
  kernel.catch((error: unknown) => process.stderr.write(`The kernel could not be started: ${TradingError.from(error, "failed").message}\n`));

  const { addresses } = connection;
  const routers: Partial<Record<RequestChannel, Router>> = {};
  const early: Array<() => void> = [];
  let jupyter: JupyterKernel | undefined;
  const take = (channel: RequestChannel, peer: Buffer, frames: Frames): void => {
    const message = signer.read(frames);
    if (message === null) return;
    peers.set(message, peer);
    if (jupyter === undefined) early.push(() => jupyter?.take(channel, message));
    else jupyter.take(channel, message);
  };
  /** Whom to answer: the connection that a message came by. */
  const peers = new WeakMap<Message, Buffer>();
  const publisher = await bindPublisher(addresses.iopub, (topic, send) =>
    // Of protocol 5.4: tells a subscriber that from here on nothing is missed.
    send(signer.write([topic], { type: "iopub_welcome", parent: null, content: { subscription: topic.toString("utf8") } })),
  );
  const echo = await bindEcho(addresses.hb);
  for (const channel of ["shell", "control", "stdin"] as const) {
    routers[channel] = await bindRouter(addresses[channel], (peer, frames) => take(channel, peer, frames));
  }

  const sendTo = (channel: RequestChannel, to: Message, type: string, content: object): void => {
    const peer = peers.get(to);
    if (peer !== undefined) routers[channel]?.send(peer, signer.write(to.identities, { type, parent: to.header, content }));
  };
  const publish = (type: string, content: object, parent: Header | null): void =>
    publisher.publish(signer.write([Buffer.from(`kernel.${type}`)], { type, parent, content }));
  let isEnding = false;
  const end = (code: number): void => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(code), CLOSE_MS).unref();
    jupyter?.close();
    void (async () => {
      await kernel.then(
        (started) => started.close(),
        () => undefined,
      );
      await desk.close();
      await Promise.all([publisher, echo, ...Object.values(routers)].map((socket) => socket.close()));
      process.exit(code);
    })();
  };
  jupyter = new JupyterKernel({
    kernel,
    info: kernelInfo(),
    reply: sendTo,
    publish,
    ask: (asker, content) => sendTo("stdin", asker, "input_request", content),
    onShutdown: () => end(0),
  });
  for (const later of early.splice(0)) later();
  process.on("SIGINT", () => void jupyter.interrupt());
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(0));
  process.channel?.unref();
  process.once("disconnect", () => end(0)); // the command that started us is gone
  endWithParent(() => end(0));
}

/** Jupyter names the process that wants us: when it is gone, nobody can reach this kernel any more. */
function endWithParent(end: () => void): void {
  const parent = Number(process.env["JPY_PARENT_PID"] ?? "0");
  if (!Number.isInteger(parent) || parent <= 1) return;
  const first = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== first || !isRunning(parent)) end();
  }, PARENT_CHECK_MS);
  timer.unref();
}

/** The session is opened by the first call, closed with the kernel. */
function lazyDesk(home: string | undefined): { readonly handlers: DeskHandlers; readonly close: () => Promise<void> } {
  let opening: Promise<{ readonly handlers: DeskHandlers; readonly close: () => Promise<void> }> | undefined;
  const open = async () => {
    const [{ openSession }, { createDeskHandlers }] = await Promise.all([import("../../core/session.ts"), import("../deskHandlers.ts")]);
    const session = await openSession({
      front: "kernel",
      workspace: process.cwd(),
      overrides: [{ key: "broker.mode", value: "embedded", source: "flag" }],
      ...(home === undefined ? {} : { home }),
    });
    const notebook = process.env["JPY_SESSION_NAME"] ?? "notebook";
    return { handlers: createDeskHandlers(session, { notebook, folder: process.cwd() }), close: () => session.close() };
  };
  return {
    handlers: {
      call: async (name, args, caller, signal) => {
        opening ??= open();
        opening.catch(() => (opening = undefined)); // the next call tries again
        return await (await opening).handlers.call(name, args, caller, signal);
      },
    },
    close: async () => {
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

function kernelInfo(): object {
  const read = (...path: string[]) => (JSON.parse(readFileSync(join(packageRoot(), ...path), "utf8")) as { version: string }).version;
  return {
    protocol_version: PROTOCOL_VERSION,
    implementation: "quantdesk",
    implementation_version: read("package.json"),
    language_info: {
      name: "typescript",
      version: process.versions.node,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "javascript", typescript: true },
      nbconvert_exporter: "script",
    },
    banner: "Quantdesk: TypeScript cells with types checked. `desk` trades on the embedded exchange: SIMULATED.",
    help_links: [],
    debugger: false,
    status: "ok",
  };
}
