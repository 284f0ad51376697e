/** The flags of `quantdesk paper`, checked one by one: a bad value names itself and its remedy, and nothing is started. */
import { Big, parseDecimal } from "../base/decimal.ts";
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { Rates } from "./charges.ts";
import type { MarketHours } from "./exchangeClock.ts";
import { isLoopbackHost } from "./access.ts";
import { parseFaults, type Fault } from "./faults.ts";

export interface PaperOptions {
  readonly port: number;
  readonly host: string;
  /** Absent: the home's own, else 1. */
  readonly seed?: number;
  readonly speed: number;
  /** A CSV file of bars, or a folder of them, each named for its symbol: replayed instead of the simulated market. */
  readonly data?: string;
  /** Absent: nothing outlives the process. */
  readonly home?: string;
  readonly accounts: number;
  readonly cash: Big;
  /** Requests a minute and key; null for no limit. */
  readonly rateLimit: number | null;
  /** Streams of market data a key and address; null for no limit. */
  readonly streamLimit: number | null;
  readonly hours: MarketHours;
  /** What being short or in debt costs. */
  readonly rates: Rates;
  readonly readyFile?: string;
  /** Where the exchange's clock starts, UTC milliseconds. */
  readonly start?: number;
  readonly faults: readonly Fault[];
  /** https and wss, with a certificate made at start. */
  readonly tls: boolean;
  /** Ends by itself so long after its last client; never when absent. */
  readonly idleMs?: number;
  /** Ends when its standard input ends. */
  readonly endsWithStdin: boolean;
}

const FLAGS = [
  "--port",
  "--host",
  "--seed",
  "--speed",
  "--data",
  "--tls",
  "--home",
  "--accounts",
  "--cash",
  "--rate-limit",
  "--stream-limit",
  "--market-hours",
  "--borrow-rate",
  "--margin-rate",
  "--fault",
  "--ready-file",
  "--start",
  "--json",
  "--idle-seconds",
  "--ends-with-stdin",
] as const;
type Flag = (typeof FLAGS)[number];
const SWITCHES: ReadonlySet<Flag> = new Set(["--tls", "--json", "--ends-with-stdin"]);

/** Reads `--flag value` and `--flag=value`. Throws `badInput` for whatever is not understood. */
export function parsePaperArgs(args: readonly string[]): PaperOptions {
  const given = split(args);
  const text = (flag: Flag) => given.get(flag);
  const limit = (flag: Flag, fallback: string, max: number, hint: string) => {
    const value = text(flag) ?? fallback;
    return value === "off" ? null : whole(flag, value, 1, max, hint);
  };
  const host = text("--host") ?? "127.0.0.1";
  if (!isLoopbackHost(host)) throw badInput("bad-host", `--host is "${host}", but the paper exchange serves this machine only.`, "Use 127.0.0.1.");
  const hours = text("--market-hours") ?? "always";
  if (hours !== "always" && hours !== "nyse") throw badInput("bad-flag", `--market-hours is "${hours}".`, "Use always or nyse.");
  const [data, seed, home, readyFile, start, idle] = [
    text("--data"),
    text("--seed"),
    text("--home"),
    text("--ready-file"),
    text("--start"),
    text("--idle-seconds"),
  ];
  return {
    port: whole("--port", text("--port") ?? "0", 0, 65_535),
    host,
    speed: positive("--speed", text("--speed") ?? "1", 1_000_000),
    accounts: whole("--accounts", text("--accounts") ?? "1", 1, 1000),
    cash: cashOf(text("--cash") ?? "100000"),
    rateLimit: limit("--rate-limit", "200", 1_000_000, "Give requests a minute, like 200, or off."),
    streamLimit: limit("--stream-limit", "off", 1000, "Give streams a key and address, like 1, or off."),
    hours,
    rates: { borrowPct: percent("--borrow-rate", text("--borrow-rate") ?? "0"), marginPct: percent("--margin-rate", text("--margin-rate") ?? "0") },
    faults: parseFaults(text("--fault") ?? ""),
    tls: given.has("--tls"),
    endsWithStdin: given.has("--ends-with-stdin"),
    ...(data === undefined ? {} : { data }),
    ...(seed === undefined ? {} : { seed: whole("--seed", seed, 0, Number.MAX_SAFE_INTEGER) }),
    ...(home === undefined ? {} : { home }),
    ...(readyFile === undefined ? {} : { readyFile }),
    ...(start === undefined ? {} : { start: startOf(start) }),
    ...(idle === undefined ? {} : { idleMs: positive("--idle-seconds", idle, 86_400) * 1000 }),
  };
}

function split(args: readonly string[]): ReadonlyMap<Flag, string> {
  const given = new Map<Flag, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const equals = arg.indexOf("=");
    const name = arg.startsWith("--") && equals > 0 ? arg.slice(0, equals) : arg;
    if (!isFlag(name))
      throw badInput(
        "unknown-flag",
        arg.startsWith("-") ? `paper has no flag ${name}.` : `paper takes no argument "${arg}".`,
        knownNames(name, FLAGS.slice(0, -2)),
      );
    if (given.has(name)) throw badInput("repeated-flag", `${name} is given twice.`, "Give it once.");
    if (SWITCHES.has(name)) given.set(name, "");
    else {
      const value = name === arg ? args[++i] : arg.slice(equals + 1);
      if (value === undefined || value === "" || (name === arg && isFlag(value))) throw badInput("bad-flag", `${name} has no value.`, `Write ${name} VALUE.`);
      given.set(name, value);
    }
  }
  return given;
}

function isFlag(name: string): name is Flag {
  return (FLAGS as readonly string[]).includes(name);
}

function whole(flag: Flag, text: string, min: number, max: number, hint = `Give a whole number from ${min} to ${max}.`): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw badInput("bad-flag", `${flag} is "${text}".`, hint);
  return value;
}

function positive(flag: Flag, text: string, max: number): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= max)) throw badInput("bad-flag", `${flag} is "${text}".`, `Give a number above 0, at most ${max}.`);
  return value;
}

function percent(flag: Flag, text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 1000)) throw badInput("bad-flag", `${flag} is "${text}".`, "Give percent a year, like 5.5.");
  return value;
}

function cashOf(text: string): Big {
  const cash = parseDecimal(text, "--cash");
  if (cash.lte(0) || cash.gt(1e12) || !cash.eq(cash.round(2))) throw badInput("bad-flag", `--cash is "${text}".`, "Give dollars above 0, like 100000.");
  return cash;
}

function startOf(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!(at >= Date.UTC(1990, 0, 1) && at < Date.UTC(2099, 0, 1)))
    throw badInput("bad-flag", `--start is "${text}".`, "Write it like 2026-11-20T15:00:00Z, from 1990 to 2098.");
  return at;
}
