/** Flags and arguments to typed values; what does not fit is one sentence and exit code 2. */
import { accessSync, constants, statSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDecimal, type Big } from "../core/base/decimal.ts";
import { badInput } from "../core/base/errors.ts";
import type { Sizing } from "../core/domain/backtest.ts";

/** A ticker symbol in capitals. */
export function symbol(text: string): string {
  // Looked at before it is put in capitals: a letter of another script may become two of ours.
  if (!/^[A-Za-z][A-Za-z0-9]{0,9}([./-][A-Za-z0-9]{1,5})?$/.test(text)) throw badInput("bad-symbol", `"${text}" is not a symbol.`, "Write it like AAPL.");
  return text.toUpperCase();
}

/** Symbols of which there must be at least one: an empty list is a script's unset variable, and would mean "all" or "as always". */
export function someSymbols(what: string, remedy: string): (text: string) => readonly string[] {
  return (text) => {
    const symbols = [...new Set(list(text).map(symbol))];
    if (symbols.length === 0) throw badInput("bad-usage", `${what} names none.`, remedy);
    return symbols;
  };
}

export function list(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const MOST = 1e12;

/** A positive plain decimal; a flag that is given twice is refused, since one of both would be lost. */
export function positiveDecimal(what: string): (text: string, previous?: Big) => Big {
  return (text, previous) => {
    if (previous !== undefined) throw badInput("bad-usage", `${what} is given twice.`, "Give it once.");
    const value = parseDecimal(text, what);
    if (value.lte(0)) throw badInput("bad-number", `${what} is ${text}, but must be above zero.`);
    if (value.gte(MOST)) throw badInput("bad-number", `${what} is ${text}, which is too large to be meant.`, "Write less than 1000000000000.");
    return value;
  };
}

export function wholeNumber(what: string, min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw badInput("bad-number", `${what} is "${text}", but must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

export function finiteNumber(what: string, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max && Number.isFinite(value))) {
      const range = min > Number.NEGATIVE_INFINITY ? ` of at least ${min}${max < Number.POSITIVE_INFINITY ? ` and at most ${max}` : ""}` : "";
      throw badInput("bad-number", `${what} is "${text}", but must be a number${range}.`);
    }
    return value;
  };
}

/** "fast=5,slow=20" */
export function params(text: string): Readonly<Record<string, number>> {
  const out = new Map<string, number>(); // not an object: a parameter may be called toString
  for (const part of list(text)) {
    const at = part.indexOf("=");
    if (at <= 0) throw badInput("bad-params", `--params has "${part}", which is not name=value.`, "Write it like fast=5,slow=20.");
    const name = part.slice(0, at).trim();
    if (!/^[A-Za-z_$][\w$]*$/.test(name) || name === "__proto__") throw badInput("bad-params", `--params has "${name}", which is no name of a parameter.`);
    if (out.has(name)) throw badInput("bad-params", `--params gives ${name} twice.`);
    out.set(name, finiteNumber(`--params ${name}`)(part.slice(at + 1).trim()));
  }
  return Object.fromEntries(out);
}

/** all-in, whole-shares, fixed:N or percent:N */
export function sizing(text: string): Sizing {
  if (text === "all-in" || text === "whole-shares") return { kind: text };
  const [kind, amount, ...more] = text.split(":");
  if (more.length === 0 && amount !== undefined) {
    if (kind === "fixed") return { kind, units: aboveZero("--sizing fixed", amount) };
    if (kind === "percent") return { kind, percent: aboveZero("--sizing percent", amount, 100) };
  }
  throw badInput("bad-sizing", `--sizing is "${text}".`, "Write all-in, whole-shares, fixed:N or percent:N.");
}

function aboveZero(what: string, text: string, max = Number.POSITIVE_INFINITY): number {
  const value = finiteNumber(what)(text);
  if (!(value > 0 && value <= max))
    throw badInput("bad-number", `${what} is "${text}", but must be above zero${max < Number.POSITIVE_INFINITY ? ` and at most ${max}` : ""}.`);
  return value;
}

/** A folder's path; an empty one is a script's unset variable, and would mean the current folder. */
export function folder(what: string): (text: string) => string {
  return (text) => {
    if (text.trim() === "") throw badInput("bad-folder", `${what} is empty.`, "Name a folder, or leave the flag out.");
    return text;
  };
}

/** Where a result is to be written: checked before the work whose result would be lost. */
export function outputFile(what: string): (text: string) => string {
  return (text) => {
    if (text.trim() === "") throw badInput("bad-file", `${what} is empty.`, "Name a file, or leave the flag out.");
    const about = whatIs(what, text);
    if (about !== undefined && !about.isFile())
      throw badInput("bad-file", `${what} is ${text}, which is ${about.isDirectory() ? "a folder" : "a device"}, not a file.`, "Name a file.");
    checkPlace(what, text, dirname(resolve(text)));
    return text;
  };
}

/** A folder that results are to be written to, made when it is not there. */
export function outputFolder(what: string): (text: string) => string {
  return (text) => {
    checkPlace(what, folder(what)(text), resolve(text));
    return text;
  };
}

function whatIs(what: string, path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw badInput("bad-file", `${what} cannot be written to: ${(error as Error).message}.`, "Name another place."); // a loop of links, too long a name
  }
}

/** The folder, or the nearest one above it that is there, takes files. */
function checkPlace(what: string, text: string, wanted: string): void {
  const about = whatIs(what, wanted);
  if (about === undefined && dirname(wanted) !== wanted) return checkPlace(what, text, dirname(wanted));
  const refuse = (why: string) => badInput("bad-file", `${what} is ${text}, but ${wanted} ${why}.`, "Name another place.");
  if (about?.isDirectory() !== true) throw refuse("is no folder");
  try {
    accessSync(wanted, constants.W_OK);
  } catch (error) {
    throw refuse(`cannot be written to (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The exchange's id of an order, or the one that it was sent with. */
export function orderId(text: string): string {
  if (text.trim() === "" || text.length > 128 || /\p{Cc}/u.test(text))
    throw badInput("bad-order-id", `"${text.slice(0, 40)}" is not the id of an order.`, "`quantdesk orders` lists them.");
  return text;
}

/** A few words for the audit log. */
export function shortText(what: string, most = 500): (text: string) => string {
  return (text) => {
    const words = text.trim();
    if (words === "" || words.length > most || /\p{Cc}/u.test(words)) throw badInput("bad-text", `${what} must be one line of 1 to ${most} characters.`);
    return words;
  };
}

/** One of a few words. */
export function oneOf<const T extends string>(what: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw badInput("bad-usage", `${what} is "${text}", but must be one of ${choices.join(", ")}.`);
    return found;
  };
}
