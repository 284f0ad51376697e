/** What every command gets: where to write, when to stop, and the session it may open. */
import { createInterface } from "node:readline/promises";
import { badInput, TradingError } from "../core/base/errors.ts";
import { logTo, type Log } from "../core/base/log.ts";
import type { Account } from "../core/domain/orders.ts";
import { accountKind } from "../core/domain/orderWords.ts";
import type { ConfigOverride } from "../core/config/load.ts";
import type { LiveQuestion, Session, SessionOptions } from "../core/session.ts";
import { money } from "./format.ts";
import type { Io } from "./io.ts";

/** Flags that every command has. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly home?: string;
  readonly verbose?: boolean;
  readonly live?: boolean;
  readonly yesLive?: string;
}

export interface Context {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** The command sets another exit code than 0 for a run that reached its end. */
  exitCode: number;
  /** Reads the person's answer where a command reads standard input already (chat); undefined at its end. */
  ask?: (question: string) => Promise<string | undefined>;
}

/** Warnings and errors for people; everything with --verbose. */
export function logFor(io: Io, flags: CommonFlags): Log {
  return logTo((level, line) => {
    if (flags.verbose === true || level === "warn" || level === "error") io.say(line);
  });
}

/** Opens the session of one command, runs `work`, and closes it whatever happens. */
export async function withSession<T>(
  context: Context,
  flags: CommonFlags,
  work: (session: Session) => Promise<T>,
  extra: {
    readonly overrides?: readonly ConfigOverride[];
    readonly front?: SessionOptions["front"];
    readonly seed?: number;
    readonly ownExchange?: boolean;
  } = {},
): Promise<T> {
  const { openSession } = await import("../core/session.ts");
  const { io } = context;
  if (flags.yesLive !== undefined && flags.live !== true)
    throw badInput("bad-usage", "--yes-live confirms --live, which is not given.", "Give both for live trading, neither for paper.");
  const log = logFor(io, flags);
  const session = await openSession({
    front: extra.front ?? "cli",
    workspace: process.cwd(),
    log,
    ...(flags.home === undefined ? {} : { home: flags.home }),
    ...(extra.overrides === undefined ? {} : { overrides: extra.overrides }),
    ...(extra.seed === undefined ? {} : { seed: extra.seed }),
    ...(extra.ownExchange === undefined ? {} : { ownExchange: extra.ownExchange }),
    ...(flags.live === true ? { live: { confirm: (question: LiveQuestion, signal: AbortSignal) => confirmLive(context, flags, question, signal) } } : {}),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Connects and says, once and on standard error, where: SIMULATED, PAPER or LIVE. */
export async function connect(context: Context, session: Session): Promise<Account> {
  const account = await session.connect(context.signal);
  const { io } = context;
  io.say(`${io.style(account.mode === "live" ? "red" : "bold", accountKind(account))} account ${account.accountNumber}, equity ${money(account.equity)}`);
  for (const alarm of await session.broker.getAlarms(context.signal)) io.say(`${io.style("red", "ALARM")} ${alarm.message} (${alarm.code})`);
  return account;
}

function confirmLive(context: Context, flags: CommonFlags, { account, words, value }: LiveQuestion, signal: AbortSignal): Promise<boolean> {
  const worth = value === null ? "" : `, about ${money(value)}`;
  const question = `${words}${worth}, in account ${account.accountNumber}, with real money. Type the account number to go on: `;
  return typedAccountNumber(context, flags, account, question, signal);
}

/** What moves real money needs the account number: by --yes-live, or typed on a terminal. */
async function typedAccountNumber(context: Context, flags: CommonFlags, account: Account, question: string, signal: AbortSignal): Promise<boolean> {
  if (flags.yesLive !== undefined) {
    if (flags.yesLive === account.accountNumber) return true;
    throw new TradingError("live-not-confirmed", `--yes-live names ${flags.yesLive}, but the account is ${account.accountNumber}.`, { kind: "refused" });
  }
  const { io } = context;
  if (!io.isTerminal || process.stdin.isTTY !== true) return false;
  if (context.ask !== undefined) return (await context.ask(`${io.style("red", "LIVE")}: ${question}`))?.trim() === account.accountNumber;
  const ask = createInterface({ input: process.stdin, output: process.stderr, terminal: io.canMoveCursor });
  try {
    const answer = await ask.question(`${io.style("red", "LIVE")}: ${question}`, { signal });
    return answer.trim() === account.accountNumber;
  } finally {
    ask.close();
  }
}
