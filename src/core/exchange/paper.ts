/**
 * exchange: the paper exchange: a seeded, SIMULATED market, a matching engine, and Alpaca's Trading and Market Data APIs
 * (HTTP and WebSocket) on loopback. Runs in a process of its own (main.ts); others find or start it through embedded.ts.
 * Imports base and domain. Is given: flags, a reader of bar files. Knows nothing of sessions, brokers or VS Code.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeWhole } from "../base/files.ts";
import { makeHome } from "../base/home.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { Dataset } from "../domain/bars.ts";
import type { CorporateEvent } from "../domain/simulatedEvents.ts";
import { forgetfulBook, openBook, type Book } from "./book.ts";
import { makeCertificate } from "./certificate.ts";
import { Engine } from "./engine.ts";
import { defaultStart, ExchangeClock } from "./exchangeClock.ts";
import { watchIdle } from "./idleWatch.ts";
import { Market } from "./market.ts";
import { openReplay, replayStart, type Replay } from "./replay.ts";
import type { PaperOptions } from "./paperOptions.ts";
import { forgetExchangeFile, writeExchangeFile, type ReadyLine } from "./readyLine.ts";
import { startServer } from "./server.ts";

export interface RunningExchange {
  readonly ready: ReadyLine;
  /** Resolves with the reason when it ends by itself: idle, or its book cannot be written. */
  readonly ended: Promise<"idle" | TradingError>;
  close(): Promise<void>;
}

/** What the process hands in. */
export interface Given {
  /** The bars of a CSV file, or of every CSV file in a folder, and what the folder says of splits and dividends. */
  readBars(path: string): Promise<readonly [bars: readonly Dataset[], events: readonly CorporateEvent[]]>;
  /** Tells the person who started it, one line. */
  say(line: string): void;
}

const DEFAULT_SEED = 1;
/** How often waiting orders are looked at, wall time: prices move once a second of the exchange's time. */
const lookMs = (speed: number) => Math.min(250, Math.max(25, 500 / speed));

/** Starts the exchange and answers when it serves. Nothing is left behind when it throws. */
export async function startExchange(options: PaperOptions, given: Given): Promise<RunningExchange> {
  const replay = options.data === undefined ? undefined : openReplay(...(await given.readBars(options.data)));
  if (replay !== undefined && options.start !== undefined && (options.start < replay.firstDay.midnight || options.start >= replay.lastDay.close))
    throw badInput("bad-flag", "--start lies outside the data.", `The data goes from ${replay.firstDay.date} to ${replay.lastDay.date}.`);
  const book = await bookOf(options);
  const closers: Array<() => Promise<void> | void> = [() => book.close()];
  const close = async () => {
    let failure: unknown;
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      try {
        await closer();
      } catch (error) {
        failure ??= error; // the others are closed all the same
      }
    }
    if (failure !== undefined) throw failure;
  };
  try {
    const { kept } = book;
    const seed = options.seed ?? (kept.seed === null ? DEFAULT_SEED : Number(kept.seed));
    await book.setSeed(String(seed));
    const market = new Market(seed, { ...(replay === undefined ? {} : { source: replay }), extendedHours: options.hours === "nyse" });
    const clock = new ExchangeClock({
      startMs: Math.max(kept.now ?? 0, options.start ?? (replay === undefined ? defaultStart(options.hours, Date.now()) : replayStart(replay))),
      ...(replay === undefined ? {} : { endMs: replay.lastDay.close }),
      speed: options.speed,
      hours: options.hours,
      // A new exchange begins with its first client, so that the same requests meet the same prices. Real hours and replays go by themselves.
      waits: kept.now === null && replay === undefined && (options.hours === "always" || options.start !== undefined),
    });
    let end: (reason: "idle" | TradingError) => void = () => {};
    const ended = new Promise<"idle" | TradingError>((resolve) => {
      end = resolve;
    });
    const onFatal = (error: unknown) => end(TradingError.from(error, "exchange-failed"));

    let looking: NodeJS.Timeout | undefined;
    let isLookDue = false;
    const look = () => {
      isLookDue = false;
      try {
        engine.advance();
      } catch (error) {
        onFatal(error);
      }
      if (!engine.hasOpenOrders) {
        clearInterval(looking);
        looking = undefined;
      }
    };
    // After the answer has been sent: an order is acknowledged first and traded then.
    const onWaiting = () => {
      looking ??= setInterval(look, lookMs(options.speed));
      if (!isLookDue) setImmediate(look);
      isLookDue = true;
    };
    const engine = new Engine({ market, clock, book, rates: options.rates, onWaiting, onUnwritable: onFatal });
    let isWritable = true;
    void ended.then((reason) => {
      isWritable = reason === "idle";
    });
    closers.push(async () => {
      clearInterval(looking);
      if (isWritable) await engine.close();
    });
    engine.openAccounts(options.accounts, options.cash);
    if (engine.hasOpenOrders) onWaiting();

    if (replay !== undefined) closers.push(tellEnd(replay, clock, look, given.say));
    const idle = watchIdle(options.idleMs, () => end("idle"));
    closers.push(() => idle.stop());
    const certificate = options.tls ? makeCertificate(Date.now()) : undefined;
    const server = await startServer({
      ...(certificate === undefined ? {} : { certificate }),
      engine,
      market,
      clock,
      host: options.host,
      port: options.port,
      rateLimit: options.rateLimit,
      streamLimit: options.streamLimit,
      faults: options.faults,
      idle,
    });
    closers.push(() => server.close());
    const { home, readyFile } = options;
    const certificateFile = certificate === undefined ? undefined : await writeCertificate(certificate.certificate, home, closers);
    const ready = readyLine(server.origin, engine, certificateFile);
    if (readyFile !== undefined) {
      closers.push(() => rm(readyFile, { force: true }));
      await writeWhole(readyFile, `${JSON.stringify(ready)}\n`, 0o600);
    }
    if (home !== undefined) {
      closers.push(() => forgetExchangeFile(home));
      await writeExchangeFile(home, ready);
    }
    closers.push(
      warmUp(market, () => clock.now()),
      () => idle.stop(),
    );
    return { ready, ended, close };
  } catch (error) {
    await close().catch(() => undefined); // what failed first is what there is to say
    throw error;
  }
}

/** Says where a replay begins and, once, that it is over. */
function tellEnd(replay: Replay, clock: ExchangeClock, look: () => void, say: (line: string) => void): () => void {
  const names = replay.stocks.length > 5 ? `${replay.stocks.length} symbols` : replay.stocks.map((stock) => stock.symbol).join(", ");
  say(`Replaying ${names}, ${replay.sessions} sessions from ${replay.firstDay.date} to ${replay.lastDay.date}; it is ${new Date(clock.now()).toISOString()}.`);
  const timer = setInterval(() => {
    if (!clock.isOver) return;
    clearInterval(timer);
    look(); // the last close
    say(`The data ends with the close of ${replay.lastDay.date}: the market stays closed, new orders are refused. Accounts and history can still be read.`);
  }, 200);
  return () => clearInterval(timer);
}

/** Works the day out for one stock after the other in the background, so that the first question about all of them need not wait. */
function warmUp(market: Market, now: () => number): () => void {
  const left = market.stocks.map((stock) => stock.symbol);
  let next: NodeJS.Immediate | undefined;
  const step = () => {
    const symbol = left.shift();
    if (symbol === undefined) return;
    market.dayBar(symbol, now());
    next = setImmediate(step);
  };
  next = setImmediate(step);
  return () => clearImmediate(next);
}

async function bookOf({ home }: PaperOptions): Promise<Book> {
  if (home === undefined) return forgetfulBook;
  makeHome(home);
  return openBook(join(home, "exchange.sqlite"));
}

/** In the home, or in a folder of its own; goes with the exchange. */
async function writeCertificate(pem: string, home: string | undefined, closers: Array<() => Promise<void> | void>): Promise<string> {
  const folder = home ?? (await mkdtemp(join(tmpdir(), "quantdesk-paper-")));
  const path = resolve(folder, "exchange-certificate.pem");
  closers.push(() => (home === undefined ? rm(folder, { recursive: true, force: true }) : rm(path, { force: true })));
  await writeWhole(path, pem, 0o644);
  return path;
}

function readyLine(origin: string, engine: Engine, certificate: string | undefined): ReadyLine {
  const accounts = engine.accounts.map(({ record }) => ({ accountNumber: record.accountNumber, keyId: record.keyId, secretKey: record.secretKey }));
  const [first] = accounts as [(typeof accounts)[number]];
  const ws = origin.replace(/^http/, "ws");
  return {
    schema: "quantdesk.paper/1",
    url: origin,
    dataUrl: origin,
    streamUrl: `${ws}/stream`,
    dataStreamUrl: ws,
    keyId: first.keyId,
    secretKey: first.secretKey,
    accounts,
    pid: process.pid,
    ...(certificate === undefined ? {} : { certificate }),
    simulated: true,
  };
}
