/** Answers of public sources at the door: what an error status means, and values that vendors write in many ways. */
import * as v from "valibot";
import { TradingError } from "../base/errors.ts";
import type { HttpAnswer } from "../domain/ports.ts";

/** How a vendor is called and where a key is to be had. */
export interface VendorName {
  readonly title: string;
  /** Environment variable of the key. */
  readonly keyName: string;
  readonly keyPage: string;
}

/** Items looked at in one answer; the rest is left. */
const MAX_ITEMS = 10_000;

/** The body of a success; else throws what the status means. */
export function bodyOf(answer: HttpAnswer, { title, keyName, keyPage }: VendorName): unknown {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer.body;
  const data = { status };
  if (status === 401)
    throw new TradingError("bad-key", `${title} does not accept the key (HTTP 401)`, { hint: `Check ${keyName}; a new one is at ${keyPage}.`, data });
  if (status === 402 || status === 403)
    throw new TradingError("not-in-plan", `${title} does not give this to the key (HTTP ${status})`, {
      hint: `Its free plan may not hold it; see ${keyPage}.`,
      data,
    });
  throw new TradingError(status === 404 ? "not-found" : status === 429 ? "rate-limited" : "source-error", `${title}: HTTP ${status} error`, { data });
}

/** The items of a list that are as they should be. Throws when there is no list, or items and none is sound. */
export function soundItems<const S extends v.GenericSchema>(schema: S, list: unknown, what: string): ReadonlyArray<v.InferOutput<S>> {
  if (!Array.isArray(list)) throw badAnswer(`did not send ${what}`);
  const sound: Array<v.InferOutput<S>> = [];
  const looked = Math.min(list.length, MAX_ITEMS);
  for (let i = 0; i < looked; i++) {
    const parsed = v.safeParse(schema, list[i]);
    if (parsed.success) sound.push(parsed.output);
  }
  if (looked > 0 && sound.length === 0) throw badAnswer(`sent ${what} of which none can be read`);
  return sound;
}

/** A field of an object, whatever arrived. */
export function fieldOf(body: unknown, name: string): unknown {
  return body !== null && typeof body === "object" ? (body as Readonly<Record<string, unknown>>)[name] : undefined;
}

export function badAnswer(what: string): TradingError {
  return new TradingError("bad-answer", `The source ${what}.`);
}

/** A number, or a text that is one; "None", "-", "", "NaN" and what is absent are null. */
export const looseNumber = v.pipe(
  v.optional(v.unknown(), null),
  v.transform((value): number | null => {
    const number = typeof value === "string" && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : null;
  }),
);

/** A text of at most `length` characters; anything else is empty. */
export const looseText = (length: number) =>
  v.pipe(
    v.optional(v.unknown(), null),
    v.transform((value) => (typeof value === "string" ? value.slice(0, length) : "")),
  );

/** AAPL, BRK.B; vendors' BRK-B is BRK.B. */
export const tickerText = v.pipe(
  v.string(),
  v.transform((text) => text.trim().toUpperCase().replace("-", ".")),
  v.regex(/^[A-Z0-9]{1,10}(?:\.[A-Z0-9]{1,4})?$/),
);

/** A calendar date that exists. */
export const dateText = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}$/),
  v.check((text) => !Number.isNaN(Date.parse(`${text}T00:00:00Z`))),
);
