/**
 * The exchange of a state folder: found through `home/exchange.json`, or started as one background process that serves
 * every client of that folder and ends by itself a minute after the last. `own`: it ends with whoever started it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import { createInterface } from "node:readline";
import { childEnv } from "../base/childEnv.ts";
import { systemClock } from "../base/clock.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import { makeHome } from "../base/home.ts";
import { isRunning } from "../base/processAlive.ts";
import { abortable, withDeadline } from "../base/scope.ts";
import type { Endpoint } from "../domain/ports.ts";
import { takeLease, type Lease } from "./lease.ts";
import { parseReadyLine, readExchangeFile, type ReadyLine } from "./readyLine.ts";

export interface EmbeddedOptions {
  readonly home: string;
  /** Of the market, when the exchange is started; a running one keeps its own. */
  readonly seed?: number;
  /** Starting cash of a new account, USD. */
  readonly cash?: number;
  /** Ends with `release`, or when this process dies however it dies. */
  readonly own?: boolean;
  /** Seconds after its last client at which a shared exchange ends; 60 unless a test says otherwise. */
  readonly idleSeconds?: number;
}

export interface EmbeddedExchange {
  readonly endpoint: Endpoint;
  readonly accountNumber: string;
  readonly pid: number;
  /** Resolves when the exchange has gone, or when it was given back. */
  readonly ended: Promise<void>;
  /** Gives the exchange back. Idempotent. */
  release(): Promise<void>;
}

const START_MS = 20_000;
const STOP_MS = 5000;
/** main.ts says so when another exchange has the folder. */
const EXIT_HOME_IN_USE = 75;

/** Finds the exchange of `home`, or starts it. Two at once find the same one. */
export async function findOrStartExchange(options: EmbeddedOptions, signal: AbortSignal): Promise<EmbeddedExchange> {
  const home = resolvePath(options.home);
  makeHome(home);
  let looking: Promise<EmbeddedExchange> | undefined;
  const look = async (own: AbortSignal): Promise<EmbeddedExchange> => {
    for (let turn = 0; ; turn++) {
      own.throwIfAborted();
      const found = await readExchangeFile(home);
      const lease = found === undefined ? undefined : await takeLease(found, own);
      if (found?.certificate !== undefined && lease !== undefined) {
        await lease.release();
        throw new TradingError("exchange-tls", "The exchange of this state folder runs with --tls, which is for other clients.", {
          hint: "End it with `quantdesk paper stop`, or give it a --home of its own.",
        });
      }
      if (found !== undefined && lease !== undefined) return embedded(found, lease, undefined);
      const started = await start({ ...options, home }, own);
      if (started !== undefined) return started;
      // Another one has the folder: it is starting, or ending.
      await systemClock.sleep(Math.min(500, 25 * 2 ** turn), own);
    }
  };
  try {
    return await withDeadline("Starting the built-in exchange", START_MS, signal, (own) => (looking = look(own)));
  } catch (error) {
    // Whoever gives up leaves nothing: what was being started is gone, or given back, before they hear of it.
    await looking?.then(
      (late) => late.release(),
      () => undefined,
    );
    throw error;
  }
}

/** Ends the exchange of `home`, whoever started it, and waits for its end. False when none was running. */
export async function stopExchange(home: string, signal: AbortSignal): Promise<boolean> {
  const found = await readExchangeFile(resolvePath(home));
  if (found === undefined || !isRunning(found.pid)) return false;
  const lease = await takeLease(found, signal);
  if (lease === undefined) {
    if (!isRunning(found.pid)) return false;
    throw new TradingError("exchange-silent", `Process ${found.pid} should be the exchange of ${home}, but does not answer as one.`, {
      hint: `Look at that process; if it is none, remove ${join(home, "exchange.json")}.`,
    });
  }
  process.kill(found.pid, "SIGTERM");
  await withDeadline("Ending the exchange", STOP_MS, signal, async (own) => {
    await abortable(lease.ended, own);
    while (isRunning(found.pid)) await systemClock.sleep(20, own);
  });
  return true;
}

/** Undefined when another exchange already has the folder. */
async function start(options: EmbeddedOptions, signal: AbortSignal): Promise<EmbeddedExchange | undefined> {
  const own = options.own === true;
  const log = openSync(join(options.home, "logs", "exchange.log"), "a+", 0o600);
  const logged = fstatSync(log).size;
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entryPath("exchange"), ...flagsOf(options)], {
      // A group of its own: Ctrl-C in the terminal goes to us, and we end it in order.
      detached: true,
      windowsHide: true,
      cwd: options.home,
      env: childEnv(),
      stdio: [own ? "pipe" : "ignore", "pipe", log],
    });
  } finally {
    closeSync(log);
  }
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
  child.stdin?.on("error", () => undefined);
  try {
    const ready = await abortable(Promise.race([readyOf(child), exited]), signal);
    if (typeof ready === "number") {
      if (ready === EXIT_HOME_IN_USE) return undefined;
      const path = join(options.home, "logs", "exchange.log");
      const said = readFileSync(path).subarray(logged).toString().trim().split("\n").at(-1) ?? "";
      // On a full disk not even the reason could be written.
      throw new TradingError("exchange-not-started", `The built-in exchange did not start: ${said === "" ? `it ended with code ${ready}.` : said}`, {
        data: { exitCode: ready },
        hint: `See ${path}, and whether the disk has space.`,
      });
    }
    const lease = await takeLease(ready, signal);
    if (lease === undefined) {
      child.kill("SIGKILL"); // it does not answer, or is on its way out again
      await exited;
      return undefined;
    }
    child.stdout?.destroy();
    child.unref();
    return embedded(ready, lease, own ? () => endChild(child, exited) : undefined);
  } catch (error) {
    child.kill("SIGKILL");
    await exited;
    throw error;
  }
}

function flagsOf({ home, seed, cash, own, idleSeconds }: EmbeddedOptions): string[] {
  return [
    "--home",
    home,
    "--rate-limit",
    "off",
    ...(own === true ? ["--ends-with-stdin"] : ["--idle-seconds", String(idleSeconds ?? 60)]),
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
    ...(cash === undefined ? [] : ["--cash", String(cash)]),
  ];
}

async function readyOf(child: ChildProcess): Promise<ReadyLine | number> {
  if (child.stdout === null) return 1;
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = parseReadyLine(line);
    if (ready !== undefined) return ready;
  }
  return new Promise(() => undefined); // its output ended: its exit tells
}

function embedded(ready: ReadyLine, lease: Lease, end: (() => Promise<void>) | undefined): EmbeddedExchange {
  let released: Promise<void> | undefined;
  return {
    endpoint: { mode: "embedded", tradingUrl: ready.url, dataUrl: ready.dataUrl, streamUrl: ready.streamUrl, keyId: ready.keyId, secretKey: ready.secretKey },
    accountNumber: ready.accounts[0]?.accountNumber ?? "",
    pid: ready.pid,
    ended: lease.ended,
    release: () => {
      released ??= lease.release().then(() => end?.());
      return released;
    },
  };
}

/** Our own exchange ends when its standard input does; killed when it does not in time. */
async function endChild(child: ChildProcess, exited: Promise<number>): Promise<void> {
  const cut = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  child.stdin?.end();
  await exited;
  clearTimeout(cut);
}
