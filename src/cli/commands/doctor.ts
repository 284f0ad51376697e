/** quantdesk doctor: looks at the machine, the state folder, settings, keys, exchange and connection, and says what to do. */
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { isClone } from "../../core/base/entry.ts";
import { TradingError } from "../../core/base/errors.ts";
import { defaultHome, makeHome } from "../../core/base/home.ts";
import { withDeadline } from "../../core/base/scope.ts";
import { accountKind } from "../../core/domain/orderWords.ts";
import { loadConfig } from "../../core/config/load.ts";
import type { Session } from "../../core/session.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { reading } from "../flags.ts";
import { table } from "../io.ts";

export function addDoctorCommand(program: Command, context: Context): void {
  reading(program.command("doctor").description("Check the machine, Node, the state folder, settings, keys, exchange and connection; say what to do."))
    .addHelpText("after", "\nExit code 1 when something is wrong. --json: quantdesk.doctor/1 with `ok` and `checks` (name, ok, detail, remedy).")
    .action((flags: CommonFlags) => doctor(context, flags));
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do, also where all is well but could be wanted otherwise; null when there is nothing. */
  readonly remedy: string | null;
}

const GB = 2 ** 30;
const LEAST_DISK = 0.2 * GB;
const LEAST_MEMORY = 0.5 * GB;
const CONNECT_WITHIN_MS = 30_000;
const QUOTED = "AAPL";

async function doctor(context: Context, flags: CommonFlags): Promise<void> {
  const home = resolve(flags.home ?? defaultHome());
  const checks: Check[] = [
    nodeCheck(),
    {
      name: "machine",
      ok: totalmem() >= LEAST_MEMORY,
      detail: `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${gigabytes(freemem())} of ${gigabytes(totalmem())} memory free`,
      remedy: totalmem() >= LEAST_MEMORY ? null : "Half a gigabyte of memory is the least.",
    },
    await check("disk", () => diskCheck(home)),
    await check("home", () => {
      makeHome(home);
      return `${home}, for this user only`;
    }),
    await check("settings", () => settingsCheck(home)),
    await check("keys", () => keysCheck(process.env)),
    { name: "sample", ok: true, detail: isClone() ? "sample:sp500 and sample:simulated" : "sample:simulated", remedy: null },
    ...(await sessionChecks(context, flags)),
  ];
  const bad = checks.filter((one) => !one.ok);
  if (bad.length > 0) context.exitCode = EXIT.failed;
  if (flags.json === true) context.io.json({ schema: "quantdesk.doctor/1", ok: bad.length === 0, checks });
  else
    context.io.data(
      table(
        ["Check", "", "Found"],
        checks.map((c) => [c.name, c.ok ? "ok" : "problem", `${c.detail}${c.remedy === null ? "" : ` ${c.remedy}`}`]),
      ),
    );
}

/** What `look` says is found; what it throws is the problem, with its hint as the remedy. */
async function check(name: string, look: () => string | Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await look(), remedy: null };
  } catch (error) {
    return problem(name, error);
  }
}

function problem(name: string, error: unknown): Check {
  const failure = TradingError.from(error, "failed");
  if (failure.kind === "interrupted") throw error;
  return { name, ok: false, detail: failure.message, remedy: failure.hint ?? null };
}

function nodeCheck(): Check {
  const ok = Number(process.versions.node.split(".")[0]) >= 24;
  return { name: "node", ok, detail: `Node ${process.versions.node}`, remedy: ok ? null : "Install Node 24, or run npm ci, which brings one." };
}

async function diskCheck(home: string): Promise<string> {
  let folder = home;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < LEAST_DISK)
    throw new TradingError("disk-full", `Only ${gigabytes(free)} are free at ${folder}.`, {
      hint: "Free some: an order that cannot be written down is not sent.",
    });
  return `${gigabytes(free)} free`;
}

async function settingsCheck(home: string): Promise<string> {
  const { sources } = await loadConfig({ workspace: process.cwd(), home, env: process.env, overrides: [] });
  const set = Object.entries(sources).filter(([, source]) => source !== "default");
  return set.length === 0 ? "all at their defaults" : set.map(([key, source]) => `${key} (${source})`).join(", ");
}

/** Names which keys there are, never more of them than their first letters. */
function keysCheck(env: NodeJS.ProcessEnv): string {
  for (const [key, secret] of [
    ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"],
    ["ALPACA_API_KEY", "ALPACA_SECRET_KEY"],
  ] as const) {
    const [hasKey, hasSecret] = [(env[key] ?? "").trim() !== "", (env[secret] ?? "").trim() !== ""];
    if (hasKey !== hasSecret)
      throw new TradingError("half-a-key", `${hasKey ? secret : key} is not set, but the other half of the key is.`, { hint: "Set both, or neither." });
    if (!hasKey) continue;
    const kind = (env[key] ?? "").trim().slice(0, 2).toUpperCase();
    return `${key} is set: ${kind === "AK" ? "LIVE, used with --live only" : kind === "PK" ? "Alpaca paper" : "neither Alpaca's paper nor live keys, by their letters"}`;
  }
  return "none: the built-in simulated exchange is used";
}

async function sessionChecks(context: Context, flags: CommonFlags): Promise<readonly Check[]> {
  const checks: Check[] = [];
  try {
    await withSession(context, flags, async (session) => {
      checks.push({
        name: "store",
        ok: true,
        detail: (await session.store.runs({ limit: 1 }, context.signal)).length === 0 ? "opened; no runs yet" : "opened; it holds runs",
        remedy: null,
      });
      checks.push(await featuresCheck(context, session));
      const connected = await check("connection", () => connectionCheck(context, session));
      checks.push(connected);
      if (!connected.ok) return;
      checks.push(await check("market data", () => dataCheck(context, session)), await stopCheck(context, session), await alarmCheck(context, session));
    });
  } catch (error) {
    checks.push(problem("session", error));
  }
  return checks;
}

async function featuresCheck({ signal }: Context, session: Session): Promise<Check> {
  try {
    const { tryFeatures } = await import("./doctorFeatures.ts");
    return { name: "features", ok: true, ...(await tryFeatures(session, signal)) };
  } catch (error) {
    return problem("features", error);
  }
}

async function connectionCheck({ signal }: Context, session: Session): Promise<string> {
  const started = performance.now();
  const account = await withDeadline("Connecting", CONNECT_WITHIN_MS, signal, (inner) => session.connect(inner));
  return `${accountKind(account)} account ${account.accountNumber}, ${account.status}, in ${Math.round(performance.now() - started)} ms`;
}

async function dataCheck({ signal }: Context, session: Session): Promise<string> {
  const [quote, clock] = await Promise.all([session.broker.getCurrentPrice(QUOTED, signal), session.broker.getClock(signal)]);
  return `${QUOTED} ${quote.bid} × ${quote.ask}; the market is ${clock.isOpen ? "open" : `closed until ${new Date(clock.nextOpen).toISOString()}`}`;
}

async function stopCheck({ signal }: Context, session: Session): Promise<Check> {
  const account = session.status().account?.accountNumber ?? "";
  const isStopped = await session.store.killSwitch(account, null, signal);
  return {
    name: "kill switch",
    ok: true,
    detail: isStopped ? `on: no order of ${account} is sent.` : "off",
    remedy: isStopped ? "`quantdesk kill-switch off` allows trading again." : null,
  };
}

async function alarmCheck({ signal }: Context, session: Session): Promise<Check> {
  try {
    const alarms = await session.broker.getAlarms(signal);
    const ok = alarms.length === 0;
    return {
      name: "alarms",
      ok,
      detail: ok ? "none" : alarms.map((alarm) => alarm.message).join(" "),
      remedy: ok ? null : "Look at the account; `quantdesk alarms --acknowledge` ends them.",
    };
  } catch (error) {
    return problem("alarms", error);
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
