/** The rules for quantities and prices that people type: shares are plain decimals, money is never meant by accident. */
import { Big, parseDecimal } from "../core/base/decimal.ts";
import { badInput, TradingError } from "../core/base/errors.ts";

/** A share count. A "$", leading zeros, signs, exponents and thousands commas are refused, each with what to write instead. */
export function parseQuantity(text: string): Big {
  const trimmed = text.trim();
  if (trimmed.startsWith("$")) throw badInput("bad-quantity", `"${trimmed}" is an amount of money; the quantity is a number of shares.`, "Write it like 10.");
  if (/^0\d/.test(trimmed)) throw badInput("bad-quantity", `The quantity "${trimmed}" has leading zeros.`, "Write it like 10.");
  if (trimmed.includes(",")) throw badInput("bad-quantity", `The quantity "${trimmed}" has a comma.`, "Write it without, like 1000.");
  const quantity = parseDecimal(trimmed, "The quantity");
  if (quantity.lte(0)) throw badInput("bad-quantity", "The quantity must be above zero.", "Write it like 10.");
  return quantity;
}

export function parsePrice(text: string, what: string): Big {
  const price = parseDecimal(text.trim(), what);
  if (price.lte(0)) throw badInput("bad-price", `${what} must be above zero.`);
  return price;
}

/** For an input box: the sentence to show under it, undefined when `text` is fine. */
export function complaint(parse: (text: string) => Big, text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    const failure = TradingError.from(error, "bad-input");
    return failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`;
  }
}
