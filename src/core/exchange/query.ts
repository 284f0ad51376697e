/** Query parameters: everything arrives as text and is refused by name. */
import { badRequest } from "./apiError.ts";

export type Query = Readonly<Record<string, string | undefined>>;

/** A repeated parameter counts as a list. */
export function readQuery(raw: unknown): Query {
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries((raw ?? {}) as Record<string, unknown>)) {
    if (typeof value === "string") query[name] = value;
    else if (Array.isArray(value)) query[name] = value.join(",");
  }
  return query;
}

export function wholeNumber(query: Query, name: string, fallback: number, range: { readonly min: number; readonly max: number }): number {
  const text = query[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < range.min || value > range.max) throw badRequest(`${name} must be a whole number from ${range.min} to ${range.max}`);
  return value;
}

export function choice<T extends string>(query: Query, name: string, fallback: T, choices: readonly T[]): T {
  const text = query[name];
  if (text === undefined || text === "") return fallback;
  if (!(choices as readonly string[]).includes(text)) throw badRequest(`invalid ${name}: ${text}`);
  return text as T;
}

/** Yes or no as programs write it: Python says "True". */
export function flag(query: Query, name: string): boolean {
  const text = (query[name] ?? "").toLowerCase();
  if (["true", "t", "1"].includes(text)) return true;
  if (["", "false", "f", "0"].includes(text)) return false;
  throw badRequest(`invalid ${name}: ${query[name]}`);
}

/** A date (New York, taken as UTC), an RFC 3339 time (UTC where it names no zone) or Unix seconds; undefined when absent. */
export function time(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined || text === "") return undefined;
  const at = /^\d{9,10}$/.test(text) ? Number(text) * 1000 : parseTime(text);
  if (Number.isNaN(at)) throw badRequest(`invalid format for parameter ${name}: "${text}" is not a date or RFC 3339 time`);
  return at;
}

function parseTime(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  const date = match?.[1] ?? "";
  const midnight = Date.parse(date);
  // 31 February is no date, though it can be counted on from the first.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return Number.NaN;
  return match?.[2] === undefined ? midnight : Date.parse(`${date}T${match[2]}${match[3] ?? "Z"}`);
}

/** What a time has beyond its milliseconds, in nanoseconds. */
export function nanos(query: Query, name: string): number {
  const fraction = /:\d{2}\.(\d+)/.exec(query[name] ?? "")?.[1] ?? "";
  return Number(fraction.padEnd(9, "0").slice(3, 9));
}

export function symbolList(query: Query): readonly string[] {
  const symbols = (query["symbols"] ?? "")
    .split(",")
    .map((symbol) => symbol.trim().toUpperCase())
    .filter((symbol) => symbol !== "");
  if (symbols.length > 1000) throw badRequest("at most 1000 symbols");
  return [...new Set(symbols)];
}
