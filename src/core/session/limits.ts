/** The limits of the account that a session is connected to: shown with their source, changed for every process on the state folder. */
import { badInput, TradingError } from "../base/errors.ts";
import { tighterLimits, type AccountLimits, type LimitChange } from "../domain/limits.ts";
import type { Reason, RiskCeilings } from "../domain/orders.ts";
import type { Broker, Store } from "../domain/ports.ts";

export interface LimitsParts {
  readonly broker: Broker;
  readonly store: Store;
  readonly settings: RiskCeilings;
}

export interface Limits {
  limits(signal: AbortSignal): Promise<AccountLimits>;
  setLimits(change: LimitChange | null, reason: Reason, signal: AbortSignal): Promise<AccountLimits>;
}

const NONE: RiskCeilings = { maxOrderValue: null, maxPositionValue: null, maxOrdersPerMinute: null, maxDailyLoss: null, symbols: [] };
const SYMBOL = /^[A-Z][A-Z0-9]*([./-][A-Z0-9]+)*$/;
const MOST_SYMBOLS = 1000;

export function createLimits({ broker, store, settings }: LimitsParts): Limits {
  const read = async (account: string, signal: AbortSignal): Promise<AccountLimits> => {
    const stored = await store.journal.limits(account, signal);
    const own = stored === null || isNone(stored) ? null : ceilings(stored);
    return { account, own, settings, holds: tighterLimits(settings, own) };
  };
  return {
    limits: async (signal) => await read((await broker.getAccount(signal)).accountNumber, signal),
    setLimits: async (change, reason, signal) => {
      const { accountNumber } = await broker.getAccount(signal);
      if (change === null) {
        await store.setLimits(accountNumber, null, reason, signal);
        return await read(accountNumber, signal);
      }
      checkChange(change);
      const { own } = await read(accountNumber, signal);
      const wanted = { ...NONE, ...own, ...change };
      await store.setLimits(accountNumber, isNone(wanted) ? null : wanted, reason, signal);
      return await read(accountNumber, signal);
    },
  };
}

function checkChange(change: LimitChange): void {
  for (const [name, value] of Object.entries(change)) {
    if (!(name in NONE)) throw badInput("bad-limit", `There is no limit called ${name}.`, `Known: ${Object.keys(NONE).join(", ")}.`);
    if (name === "symbols") checkSymbols(value);
    else if (value !== null && !(typeof value === "number" && Number.isFinite(value) && value >= 0))
      throw badInput("bad-limit", `${name} is ${String(value)}, but must be a number of at least 0, or null for none.`);
  }
  if (change.maxOrdersPerMinute !== undefined && change.maxOrdersPerMinute !== null && !Number.isInteger(change.maxOrdersPerMinute))
    throw badInput("bad-limit", `maxOrdersPerMinute is ${change.maxOrdersPerMinute}, but must be a whole number.`);
}

function checkSymbols(symbols: unknown): void {
  if (!Array.isArray(symbols) || symbols.length > MOST_SYMBOLS)
    throw new TradingError("bad-limit", "symbols must be a list of at most 1,000.", { kind: "usage" });
  const wrong = symbols.find((symbol) => typeof symbol !== "string" || !SYMBOL.test(symbol));
  if (wrong !== undefined) throw badInput("bad-limit", `"${String(wrong)}" is not a symbol.`, "Write it like AAPL.");
}

function ceilings({ maxOrderValue, maxPositionValue, maxOrdersPerMinute, maxDailyLoss, symbols }: RiskCeilings): RiskCeilings {
  return { maxOrderValue, maxPositionValue, maxOrdersPerMinute, maxDailyLoss, symbols };
}

function isNone(limits: RiskCeilings): boolean {
  return Object.entries(ceilings(limits)).every(([name, value]) => (name === "symbols" ? (value as readonly string[]).length === 0 : value === null));
}
