/** A real exchange process for tests, with a client that knows its key. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { entryPath } from "../../../src/core/base/entry.ts";
import { openShapes } from "./shapes.ts";

/** What an answer holds, for tests to look into. */
// oxlint-disable-next-line typescript/no-explicit-any -- its shape is what the tests are about
export type Json = any;

export interface Answer<T = Json> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface GivenExchange {
  readonly ready: Json;
  readonly child: ChildProcess;
  call(method: string, path: string, body?: unknown, account?: number): Promise<Answer>;
  get(path: string, account?: number): Promise<Json>;
  stream(account?: number): Promise<GivenStream>;
  end(signal?: NodeJS.Signals): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface GivenStream {
  readonly messages: Json[];
  /** The first trade update, past or future, that the predicate takes. */
  update(wanted: (data: Json) => boolean): Promise<Json>;
  close(): void;
}

/** Friday 20 November 2026, 10:00 New York: the market is the same in every run. */
export const START = "2026-11-20T15:00:00Z";

/** Every answer that a test asks for is held against Alpaca's own description. */
const misfits = openShapes();

export async function givenExchange(...flags: string[]): Promise<GivenExchange> {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      entryPath("exchange"),
      ...unless(flags, "--seed", "7"),
      ...unless(flags, "--start", START),
      ...unless(flags, "--rate-limit", "off"),
      ...flags,
    ],
    { env: childEnv(), stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const ready: Json = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).once("line", (line) => resolve(JSON.parse(line)));
    void exited.then((code) => reject(new Error(`the exchange ended with ${code}`)));
  });
  const headers = (account: number) => ({ "APCA-API-KEY-ID": ready.accounts[account].keyId, "APCA-API-SECRET-KEY": ready.accounts[account].secretKey });
  const call = async (method: string, path: string, body?: unknown, account = 0): Promise<Answer> => {
    const answer = await fetch(ready.url + path, {
      method,
      headers: { ...headers(account), "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed: Json = text === "" ? undefined : JSON.parse(text);
    const wrong = misfits(method, path, answer.status, parsed);
    if (wrong.length > 0) throw new Error(`an answer is not as Alpaca describes it: ${wrong.slice(0, 5).join("; ")}`);
    return { status: answer.status, headers: answer.headers, body: parsed };
  };
  const end = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    return exited;
  };
  return {
    ready,
    child,
    call,
    end,
    get: async (path, account) => {
      const answer = await call("GET", path, undefined, account);
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    stream: (account = 0) => openStream(ready, account),
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}

function unless(flags: readonly string[], flag: string, value: string): readonly string[] {
  return flags.some((given) => given.split("=")[0] === flag) ? [] : [flag, value];
}

async function openStream(ready: Json, account: number): Promise<GivenStream> {
  const socket = new WebSocket(ready.streamUrl);
  const messages: Json[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (data) => {
    messages.push(JSON.parse((data as Buffer).toString()));
    for (const look of [...waiting]) look();
  });
  const until = <T>(find: () => T | undefined) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const { keyId, secretKey } = ready.accounts[account];
  socket.send(JSON.stringify({ action: "auth", key: keyId, secret: secretKey }));
  await until(() => messages.find((m) => m.stream === "authorization"));
  socket.send(Buffer.from(JSON.stringify({ action: "listen", data: { streams: ["trade_updates"] } })));
  await until(() => messages.find((m) => m.stream === "listening"));
  return {
    messages,
    update: (wanted) => until(() => messages.find((m) => m.stream === "trade_updates" && wanted(m.data))?.data),
    close: () => socket.terminate(),
  };
}
