/** A symbol that cannot be one (ABC123) has Alpaca refuse the whole list, where one that nobody has is left out of the answer. */
import { TradingError } from "../base/errors.ts";

/** So many refusals are taken of one list; each names at least one of its symbols. */
const MOST_REFUSALS = 10;

/** Reads the list without the symbols that are refused by name; undefined when none is left. */
export async function withoutInvalid<T>(symbols: readonly string[], read: (symbols: readonly string[]) => Promise<T>): Promise<T | undefined> {
  let left = symbols;
  for (let refusals = 0; left.length > 0; refusals++) {
    try {
      return await read(left);
    } catch (error) {
      const named = refusals < MOST_REFUSALS ? namedIn(error) : undefined;
      const rest = named === undefined ? left : left.filter((symbol) => !named.has(symbol));
      if (rest.length === left.length) throw error;
      left = rest;
    }
  }
  return undefined;
}

/** Every word that follows "invalid symbol" in a refusal. */
function namedIn(error: unknown): ReadonlySet<string> | undefined {
  if (!(error instanceof TradingError) || error.data["status"] !== 400) return undefined;
  const [, names] = error.message.split(/invalid symbol/i);
  return names === undefined ? undefined : new Set(names.split(/[^A-Za-z0-9./-]+/).map((word) => word.replace(/\.$/, "").toUpperCase()));
}
