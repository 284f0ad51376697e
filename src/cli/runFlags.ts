/** The flags that shape a run of a strategy: the same words and bounds for one backtest and for a sweep. */
import type { Command } from "commander";
import type { ConfigOverride } from "../core/config/load.ts";
import { badInput } from "../core/base/errors.ts";
import { EXTRA_COST_NAMES, EXTRA_COSTS, extraCosts } from "../core/domain/backtest.ts";
import { ADJUSTMENTS, TIMEFRAMES } from "../core/domain/bars.ts";
import type { BacktestSpec } from "../core/domain/desk.ts";
import { finiteNumber, oneOf, sizing } from "./parse.ts";

type Shape = Omit<BacktestSpec, "data" | "strategy" | "equity" | "checkLookAhead">;

/** All as they came from the command line; what was not given is absent. */
export interface RunFlags extends Shape {
  readonly data?: string;
  readonly strategy?: string;
  readonly tz?: string;
  readonly adjustment?: string;
}

export interface PoolFlags {
  readonly workers?: number;
  /** Seconds. */
  readonly timeout?: number;
}

export function addRunFlags(command: Command): Command {
  for (const name of EXTRA_COST_NAMES) {
    const { min, max, words } = EXTRA_COSTS[name];
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    command.option(`${flag} <n>`, words, finiteNumber(flag, min, max));
  }
  return command
    .option("--engine <name>", "auto, event, vector or simple", oneOf("--engine", ["auto", "event", "vector", "simple"]))
    .option("--cash <usd>", "starting cash", finiteNumber("--cash", 0.01))
    .option("--fee-rate <share>", "fee as a share of the traded value, each side", finiteNumber("--fee-rate", 0, 0.5))
    .option("--slippage-bps <bps>", "slippage in basis points, each side", finiteNumber("--slippage-bps", 0, 5000))
    .option("--sizing <how>", "all-in, whole-shares, fixed:N or percent:N", sizing)
    .option("--fill <when>", "next-open or close", oneOf("--fill", ["next-open", "close"]))
    .option("--from <date>", "first day")
    .option("--to <date>", "last day")
    .option("--tz <zone>", "time zone of a file's times that say none, like America/New_York; UTC otherwise")
    .option("--timeframe <t>", `of a symbol's bars: ${TIMEFRAMES.join(", ")}`, oneOf("--timeframe", TIMEFRAMES))
    .option("--adjustment <how>", `of a symbol's prices: ${ADJUSTMENTS.join(", ")}`, oneOf("--adjustment", ADJUSTMENTS))
    .option("--benchmark <ref>", "what alpha and beta are against, a reference like --data; its own first symbol otherwise")
    .option("--periods-per-year <n>", "to annualise with; inferred otherwise", finiteNumber("--periods-per-year", 0.01, 1e7))
    .option("--risk-free <share>", "risk-free rate a year", finiteNumber("--risk-free", -0.5, 1));
}

/** What of a specification these flags say. */
export function runShape(flags: RunFlags): Shape {
  if (flags.adjustment !== undefined && /^sample:|\.(?:csv|tsv|parquet)(?:\.gz)?$/i.test(flags.data ?? ""))
    throw badInput("bad-usage", `--adjustment is for symbols: the prices of ${flags.data} are as they are.`, "Leave it out.");
  const { params, engine, cash, feeRate, slippageBps, sizing: size, fill, from, to, benchmark, periodsPerYear, riskFree, tz: timeZone, timeframe } = flags;
  const shape = {
    params,
    engine,
    cash,
    feeRate,
    slippageBps,
    sizing: size,
    fill,
    from,
    to,
    benchmark,
    periodsPerYear,
    riskFree,
    timeZone,
    timeframe,
    ...extraCosts(flags),
  };
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Shape;
}

export function poolOverrides({ workers, timeout, adjustment }: PoolFlags & Pick<RunFlags, "adjustment">): readonly ConfigOverride[] {
  return [
    ...(adjustment === undefined ? [] : [{ key: "data.adjustment", value: adjustment, source: "flag" } as const]),
    ...(workers === undefined ? [] : [{ key: "backtest.workers", value: workers, source: "flag" } as const]),
    ...(timeout === undefined ? [] : [{ key: "backtest.timeoutSeconds", value: timeout, source: "flag" } as const]),
  ];
}
