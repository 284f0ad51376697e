/** The file of --batch: a JSON list of requests. One that is not sound refuses the whole file, since nothing has been done yet. */
import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import { badInput, TradingError } from "../core/base/errors.ts";
import { knownNames } from "../core/base/nearest.ts";
import { TIMEFRAMES } from "../core/domain/bars.ts";
import { EXTRA_COSTS, isParams, type ExtraCosts, type Params } from "../core/domain/backtest.ts";
import type { BacktestSpec } from "../core/session.ts";
import { sizing } from "./parse.ts";

/** Every result is held until the document is printed. */
const MOST_REQUESTS = 100_000;
const MOST_BYTES = 256 * 2 ** 20;

const within = (min: number, max: number) =>
  v.pipe(v.number("must be a number"), v.minValue(min, `must be at least ${min}`), v.maxValue(max, `must be at most ${max}`));
const text = v.string("must be a text");
const oneOf = <const T extends readonly string[]>(choices: T) => v.picklist(choices, `must be one of ${choices.join(", ")}`);

const extra = (name: keyof ExtraCosts) => v.exactOptional(within(EXTRA_COSTS[name].min, EXTRA_COSTS[name].max));
const extras = {
  feePerShare: extra("feePerShare"),
  feeMin: extra("feeMin"),
  spreadBps: extra("spreadBps"),
  impact: extra("impact"),
  volumeLimit: extra("volumeLimit"),
  borrowRate: extra("borrowRate"),
  cashRate: extra("cashRate"),
  marginRate: extra("marginRate"),
  leverage: extra("leverage"),
};

/** With the bounds of the flags of the same names. */
const Request = v.object({
  data: text,
  benchmark: v.exactOptional(text),
  strategy: text,
  params: v.exactOptional(v.custom<Params>(isParams, 'must be an object of names with numbers, like {"fast": 5}')),
  engine: v.exactOptional(oneOf(["auto", "event", "vector", "simple"])),
  cash: v.exactOptional(within(0.01, Number.MAX_VALUE)),
  feeRate: v.exactOptional(within(0, 0.5)),
  slippageBps: v.exactOptional(within(0, 5000)),
  sizing: v.exactOptional(v.pipe(text, v.transform(sizing))),
  fill: v.exactOptional(oneOf(["next-open", "close"])),
  from: v.exactOptional(text),
  to: v.exactOptional(text),
  timeZone: v.exactOptional(text),
  timeframe: v.exactOptional(oneOf(TIMEFRAMES)),
  periodsPerYear: v.exactOptional(within(0.01, 1e7)),
  riskFree: v.exactOptional(within(-0.5, 1)),
  ...extras,
  checkLookAhead: v.exactOptional(v.boolean("must be true or false")),
  equity: v.exactOptional(v.boolean("must be true or false")),
});

export async function readBatch(file: string): Promise<readonly BacktestSpec[]> {
  const list = jsonIn(file, await textOf(file));
  if (!Array.isArray(list) || list.length === 0) {
    throw badInput("bad-batch", `${file} must hold a list of at least one request, such as [{"data": "sample:simulated", "strategy": "sma_cross"}].`);
  }
  if (list.length > MOST_REQUESTS)
    throw badInput(
      "bad-batch",
      `${file} holds ${list.length.toLocaleString("en-US")} requests, but a batch has at most ${MOST_REQUESTS.toLocaleString("en-US")}.`,
      "Cut it into several, or use quantdesk sweep for combinations of parameters.",
    );
  return list.map((entry: unknown, index) => parseEntry(entry, `${file}, request ${index}`));
}

async function textOf(file: string): Promise<string> {
  try {
    const about = await stat(file);
    if (!about.isFile()) throw new Error("it is a folder, a pipe or a device");
    if (about.size > MOST_BYTES) throw new Error(`it has ${Math.round(about.size / 2 ** 20)} MB, and at most ${MOST_BYTES / 2 ** 20} are read`);
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw badInput(
      "bad-batch",
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message}.`,
    );
  }
}

function jsonIn(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw badInput("bad-batch", `${file} is not JSON: ${(error as Error).message}.`);
  }
}

function parseEntry(entry: unknown, where: string): BacktestSpec {
  if (entry === null || typeof entry !== "object" || Array.isArray(entry)) throw badInput("bad-batch", `${where} is no object.`);
  const known = Object.keys(Request.entries);
  const stranger = Object.keys(entry).find((name) => !known.includes(name));
  if (stranger !== undefined) throw badInput("bad-batch", `${where}: "${stranger}" is no field of a request.`, knownNames(stranger, known));
  const parsed = safeParse(entry, where);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const name = v.getDotPath(issue) ?? "it";
  throw badInput("bad-batch", `${where}: ${Object.hasOwn(entry, name) ? `${name} ${issue.message}` : `${name} is missing`}.`);
}

function safeParse(entry: object, where: string) {
  try {
    return v.safeParse(Request, entry);
  } catch (error) {
    if (!(error instanceof TradingError)) throw error;
    throw badInput("bad-batch", `${where}: ${error.message.replace("--sizing", "sizing")}`, error.hint);
  }
}
