/** Exact decimals for money and quantities, at every order and account boundary. */
import { Big } from "big.js";
import { badInput } from "./errors.ts";

export { Big };

const PLAIN = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Reads a plain decimal ("12", "0.5"); anything else (exponent, leading zeros, "$5") is refused, naming `what`. */
export function parseDecimal(text: string, what: string): Big {
  if (!PLAIN.test(text)) {
    throw badInput("bad-number", `${what} is "${text}", which is not a plain decimal number.`, "Write it like 12 or 12.5.");
  }
  return new Big(text);
}

/** No price, quantity or sum of money has more digits, or is so large or small: "1e1000000" would fill the memory when it is written out. */
const MOST_DIGITS = 64;
const MOST_EXPONENT = 32;

/** A decimal out of JSON, where Alpaca sends strings and accepts numbers. */
export function decimalFrom(value: unknown, what: string): Big {
  if ((typeof value === "number" && Number.isFinite(value)) || (typeof value === "string" && value !== "" && value.length <= MOST_DIGITS)) {
    try {
      const read = new Big(value);
      if (Math.abs(read.e) <= MOST_EXPONENT) return read;
    } catch {
      // falls through to the one sentence below
    }
  }
  throw badInput("bad-number", `${what} is not a decimal number.`);
}

/** Plain text without exponent, as Alpaca writes it. */
export function decimalText(value: Big): string {
  return value.toFixed();
}

/** "$1,234.50", "−$5.00": US dollars for people. */
export function usd(value: Big): string {
  return `${value.lt(0) && !value.round(2).eq(0) ? "−" : ""}$${value
    .abs()
    .toFixed(2)
    .replace(/\B(?=(\d{3})+(?!\d))/g, ",")}`;
}
