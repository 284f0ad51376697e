/** The one line an exchange says when it serves (CONTRACTS: quantdesk.paper/1), and `home/exchange.json`, which holds it for others to find. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { writeWhole } from "../base/files.ts";
import { isLoopbackHost } from "./access.ts";

/** Keys go there: a file that names another machine is none of ours, whoever wrote it. */
const address = v.pipe(v.string(), v.check(isOfThisMachine, "must be an address of this machine"));

const READY = v.object({
  schema: v.literal("quantdesk.paper/1"),
  url: address,
  dataUrl: address,
  streamUrl: address,
  dataStreamUrl: address,
  keyId: v.string(),
  secretKey: v.string(),
  accounts: v.array(v.object({ accountNumber: v.string(), keyId: v.string(), secretKey: v.string() })),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** With --tls: path of the certificate (PEM) to trust. */
  certificate: v.optional(v.string()),
  simulated: v.literal(true),
});

export type ReadyLine = v.InferOutput<typeof READY>;

function isOfThisMachine(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, username } = new URL(text);
  return /^(http|ws)s?:$/.test(protocol) && username === "" && isLoopbackHost(host);
}

export function parseReadyLine(text: string): ReadyLine | undefined {
  try {
    const parsed = v.safeParse(READY, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function exchangeFile(home: string): string {
  return join(home, "exchange.json");
}

/** For this user only: it holds the keys. */
export async function writeExchangeFile(home: string, ready: ReadyLine): Promise<void> {
  await writeWhole(exchangeFile(home), `${JSON.stringify(ready)}\n`, 0o600);
}

/** Undefined when there is none, or it cannot be read as one. */
export async function readExchangeFile(home: string): Promise<ReadyLine | undefined> {
  return parseReadyLine(await readFile(exchangeFile(home), "utf8").catch(() => ""));
}

/** Removes the file if it is this process's own. */
export async function forgetExchangeFile(home: string): Promise<void> {
  if ((await readExchangeFile(home))?.pid === process.pid) await rm(exchangeFile(home), { force: true });
}
