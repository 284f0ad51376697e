/** What cells hand to `desk`, parsed at the door: untyped code and spreads get past the type checker. */
import * as v from "valibot";
import { Big, parseDecimal } from "../core/base/decimal.ts";
import { badInput } from "../core/base/errors.ts";
import { knownNames } from "../core/base/nearest.ts";
import { EXTRA_COSTS, type ExtraCosts } from "../core/domain/backtest.ts";
import { TIMEFRAMES } from "../core/domain/bars.ts";

const featureRequest = v.optional(v.strictObject({ indicators: v.optional(v.array(v.string())) }), {});
const symbol = v.pipe(v.string(), v.trim(), v.regex(/^[A-Za-z][A-Za-z0-9./-]{0,19}$/, "is no symbol"), v.toUpperCase());
const amount = v.union([v.number(), v.string()]);
const positive = v.pipe(v.number(), v.minValue(0));

const ORDER_FIELDS = {
  qty: v.optional(amount),
  notional: v.optional(amount),
  limit: v.optional(amount),
  stop: v.optional(amount),
  takeProfit: v.optional(amount),
  stopLoss: v.optional(amount),
  stopLossLimit: v.optional(amount),
  trailPercent: v.optional(amount),
  trailPrice: v.optional(amount),
  tif: v.optional(v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"])),
  extendedHours: v.optional(v.boolean()),
  key: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  again: v.optional(v.boolean()),
  wait: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(3600))),
  short: v.optional(v.boolean()),
  why: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(500))),
};
const why = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(500)));
const ceiling = v.optional(v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))));
const CHANGE_FIELDS = {
  qty: v.optional(amount),
  limit: v.optional(amount),
  stop: v.optional(amount),
  trail: v.optional(amount),
  tif: v.optional(v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"])),
  why,
};
const CLOSE_FIELDS = { qty: v.optional(amount), percent: v.optional(amount), key: ORDER_FIELDS.key, again: v.optional(v.boolean()), why };
const LIMIT_FIELDS = {
  maxOrderValue: ceiling,
  maxPositionValue: ceiling,
  maxOrdersPerMinute: ceiling,
  maxDailyLoss: ceiling,
  symbols: v.optional(v.array(symbol)),
  why,
};
const extraCost = (name: keyof ExtraCosts) => v.optional(v.pipe(v.number(), v.minValue(EXTRA_COSTS[name].min), v.maxValue(EXTRA_COSTS[name].max)));
/** As cellStrategy.ts makes it of a strategy in the cell. */
const StrategyText = v.strictObject({ name: v.string(), code: v.pipe(v.string(), v.maxLength(256 * 1024)) });
const Backtest = v.strictObject({
  data: v.pipe(v.string(), v.minLength(1)),
  strategy: v.union([v.pipe(v.string(), v.minLength(1)), StrategyText]),
  params: v.optional(v.record(v.string(), v.number())),
  engine: v.optional(v.picklist(["auto", "event", "vector", "simple"])),
  cash: v.optional(positive),
  feeRate: v.optional(positive),
  slippageBps: v.optional(positive),
  feePerShare: extraCost("feePerShare"),
  feeMin: extraCost("feeMin"),
  spreadBps: extraCost("spreadBps"),
  impact: extraCost("impact"),
  volumeLimit: extraCost("volumeLimit"),
  borrowRate: extraCost("borrowRate"),
  cashRate: extraCost("cashRate"),
  marginRate: extraCost("marginRate"),
  leverage: extraCost("leverage"),
  checkLookAhead: v.optional(v.boolean()),
  sizing: v.optional(v.union([v.picklist(["all-in", "whole-shares"]), v.strictObject({ fixed: v.number() }), v.strictObject({ percent: v.number() })])),
  fill: v.optional(v.picklist(["next-open", "close"])),
  from: v.optional(v.string()),
  to: v.optional(v.string()),
  timeZone: v.optional(v.string()),
  timeframe: v.optional(v.picklist(TIMEFRAMES)),
  benchmark: v.optional(v.string()),
  periodsPerYear: v.optional(v.number()),
  riskFree: v.optional(v.number()),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const workers = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)));
const timeoutSeconds = v.optional(v.pipe(v.number(), v.minValue(0.01)));
const SWEEP_FIELDS = {
  ...Backtest.entries,
  grid: v.pipe(v.string(), v.minLength(1)),
  where: v.optional(v.string()),
  method: v.optional(v.picklist(["grid", "random", "tpe"])),
  trials: v.optional(count),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  patience: v.optional(count),
  budgetSeconds: v.optional(v.pipe(v.number(), v.gtValue(0))),
  /** Cross-validation; `purge` and `embargo` in bars. */
  folds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(50))),
  purge: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  embargo: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  top: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000))),
  workers,
  timeoutSeconds,
};
const Sweep = v.strictObject(SWEEP_FIELDS);
const WalkForward = v.strictObject({ ...SWEEP_FIELDS, train: v.string(), test: v.string(), anchored: v.optional(v.boolean()) });
const ticket = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** As deskLocal.ts makes it of a scanner in the cell. */
const ScannerText = v.strictObject({
  name: v.string(),
  pipeline: v.string(),
  needs: v.array(v.string()),
  thresholds: v.optional(v.record(v.string(), v.number()), {}),
  scan: v.string(),
});

/** The arguments of each method, in their order; what may be left out is optional. */
export const ARGUMENTS = {
  connect: v.strictTuple([]),
  disconnect: v.strictTuple([]),
  account: v.strictTuple([]),
  positions: v.strictTuple([]),
  portfolio: v.strictTuple([]),
  setProvider: v.strictTuple([v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(50)))]),
  orders: v.strictTuple([
    v.optional(
      v.strictObject({
        status: v.optional(v.picklist(["open", "closed", "all"])),
        limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
      }),
      {},
    ),
  ]),
  order: v.strictTuple([v.pipe(v.string(), v.minLength(1))]),
  price: v.strictTuple([symbol]),
  buy: v.strictTuple([symbol, v.strictObject(ORDER_FIELDS)]),
  sell: v.strictTuple([symbol, v.strictObject(ORDER_FIELDS)]),
  cancel: v.strictTuple([v.pipe(v.string(), v.minLength(1))]),
  cancelAll: v.strictTuple([]),
  preview: v.strictTuple([v.picklist(["buy", "sell"]), symbol, v.strictObject(ORDER_FIELDS)]),
  replace: v.strictTuple([v.pipe(v.string(), v.minLength(1)), v.strictObject(CHANGE_FIELDS)]),
  closePosition: v.strictTuple([symbol, v.optional(v.strictObject(CLOSE_FIELDS), {})]),
  closeAll: v.strictTuple([v.optional(v.strictObject({ why }), {})]),
  killSwitch: v.strictTuple([v.picklist(["on", "off", "status"]), v.optional(v.strictObject({ flatten: v.optional(v.boolean()), why }), {})]),
  alarms: v.strictTuple([]),
  audit: v.strictTuple([v.optional(v.strictObject({ limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))) }), {})]),
  limits: v.strictTuple([v.optional(v.strictObject(LIMIT_FIELDS), {})]),
  bars: v.strictTuple([
    v.pipe(v.string(), v.minLength(1)),
    v.optional(
      v.strictObject({
        timeframe: v.optional(v.picklist(TIMEFRAMES)),
        from: v.optional(v.string()),
        to: v.optional(v.string()),
        timeZone: v.optional(v.string()),
        limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      }),
      {},
    ),
  ]),
  scan: v.strictTuple([
    v.optional(
      v.strictObject({
        scanners: v.optional(v.array(v.string())),
        pipeline: v.optional(v.string()),
        sequential: v.optional(v.boolean()),
        workers,
        timeoutSeconds,
        files: v.optional(v.array(v.string())),
        sources: v.optional(v.array(ScannerText)),
        asOf: v.optional(v.string()),
        data: v.optional(v.string()),
      }),
      {},
    ),
  ]),
  analyze: v.strictTuple([symbol, v.optional(v.strictObject({ analysts: v.optional(v.array(v.string())) }), {})]),
  backtest: v.strictTuple([Backtest]),
  backtests: v.strictTuple([v.pipe(v.array(Backtest), v.minLength(1), v.maxLength(10_000)), v.optional(v.strictObject({ workers, timeoutSeconds }), {})]),
  sweep: v.strictTuple([Sweep, ticket]),
  walkForward: v.strictTuple([WalkForward, ticket]),
  progress: v.strictTuple([ticket, v.number()]),
  stop: v.strictTuple([ticket]),
  computeFeatures: v.strictTuple([symbol, featureRequest]),
  getTickerFeatures: v.strictTuple([symbol, featureRequest]),
  generateTickerSignal: v.strictTuple([symbol]),
  generateSignalsForWatchlist: v.strictTuple([v.pipe(v.array(symbol), v.minLength(1), v.maxLength(500))]),
  performance: v.strictTuple([]),
} as const;

export type DeskArguments = { readonly [M in keyof typeof ARGUMENTS]: v.InferOutput<(typeof ARGUMENTS)[M]> };
export type OrderArguments = DeskArguments["buy"][1];
export type BacktestArguments = DeskArguments["backtest"][0];

/** The arguments of `desk.METHOD(…)`, typed; a sentence that names the field where they do not fit. */
export function parseArguments<M extends keyof typeof ARGUMENTS>(method: M, args: readonly unknown[]): DeskArguments[M] {
  const schema: v.GenericSchema<unknown, unknown> = ARGUMENTS[method];
  // Options left out at the end are undefined, so that their defaults apply.
  const length = (ARGUMENTS[method].items as readonly unknown[]).length;
  const parsed = v.safeParse(schema, args.length >= length ? args : [...args, ...new Array<undefined>(length - args.length).fill(undefined)]);
  if (parsed.success) return parsed.output as DeskArguments[M];
  const [issue] = parsed.issues;
  const path = (issue.path ?? []).map((item) => item.key);
  const field = path.filter((key): key is string => typeof key === "string").join(".");
  if (issue.type === "strict_object" && issue.expected === "never") {
    const parent = issue.path?.at(-1)?.input;
    const known = Object.keys(knownFields(method)).filter((name) => parent === null || typeof parent !== "object" || !(name in parent));
    throw badInput("bad-argument", `desk.${method} knows no option "${field}".`, known.length === 0 ? undefined : knownNames(String(path.at(-1)), known));
  }
  const what = field === "" ? `argument ${Number(path[0] ?? 0) + 1}` : field;
  throw badInput("bad-argument", `desk.${method}: ${what} ${sayIssue(issue)}.`, "Hover over the method to see what it takes.");
}

function knownFields(method: keyof typeof ARGUMENTS): Readonly<Record<string, unknown>> {
  if (method === "buy" || method === "sell" || method === "preview") return ORDER_FIELDS;
  if (method === "replace") return CHANGE_FIELDS;
  if (method === "backtest" || method === "backtests") return Backtest.entries;
  if (method === "sweep") return Sweep.entries;
  if (method === "walkForward") return WalkForward.entries;
  const last = (ARGUMENTS[method].items as readonly unknown[]).at(-1) as { wrapped?: { entries?: Readonly<Record<string, unknown>> } } | undefined;
  return last?.wrapped?.entries ?? {};
}

function sayIssue(issue: v.BaseIssue<unknown>): string {
  if (issue.message === "is no symbol") return `is no symbol: ${issue.received}`;
  return issue.received === "undefined" ? "is missing" : `is ${issue.received}, not ${issue.expected ?? "what it should be"}`;
}

/** A positive decimal of an order: text stays exact, a number is read as it prints. */
export function decimalArgument(value: number | string, what: string): Big {
  if (typeof value === "number" && !Number.isFinite(value)) throw badInput("bad-number", `${what} is ${value}.`, "Give a positive number.");
  const decimal = typeof value === "number" ? new Big(value) : parseDecimal(value, what);
  if (decimal.lte(0)) throw badInput("bad-number", `${what} is ${decimal.toFixed()}.`, "Give a number above 0.");
  return decimal;
}
