/** quantdesk backtest, and `strategies`. */
import type { Command } from "commander";
import { pricesText } from "../../core/domain/bars.ts";
import { badInput } from "../../core/base/errors.ts";
import { writeWhole } from "../../core/base/files.ts";
import { EXTRA_COST_NAMES, type BacktestResult, type BatchResult } from "../../core/domain/backtest.ts";
import { tradesCsv } from "../../core/domain/tradesCsv.ts";
import type { ConfigOverride } from "../../core/config/load.ts";
import type { BacktestSpec } from "../../core/session.ts";
import { readBatch } from "../batchFile.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { duration, fixed, money, paramsText, percent, share } from "../format.ts";
import { table } from "../io.ts";
import { finiteNumber, outputFile, params, wholeNumber } from "../parse.ts";
import { common, reading } from "../flags.ts";
import { progressBar } from "../progress.ts";
import { addRunFlags, poolOverrides, runShape, type PoolFlags, type RunFlags } from "../runFlags.ts";

interface BacktestFlags extends CommonFlags, RunFlags, PoolFlags {
  readonly checkLookahead?: boolean;
  readonly equity?: boolean;
  readonly report?: string;
  readonly trades?: string;
  readonly batch?: string;
  /** False with --no-cache. */
  readonly cache?: boolean;
  readonly strict?: boolean;
}

export function addBacktestCommand(program: Command, context: Context): void {
  addRunFlags(
    reading(program.command("backtest").description("Run a strategy over past prices."))
      .option("--data <ref>", "FILE.csv, FILE.parquet, sample:sp500, sample:simulated or a symbol")
      .option("--strategy <name>", "a built-in name (quantdesk strategies) or FILE.ts")
      .option("--params <k=v,…>", "parameters", params),
  )
    .option("--check-lookahead", "prove that the strategy does not look ahead")
    .option("--equity", "with the equity curve")
    .option("--report <file>", "write an HTML report", outputFile("--report"))
    .option("--trades <file>", "write the trades as CSV", outputFile("--trades"))
    .option("--no-cache", "run it although the store has its result")
    .option("--batch <file>", "a JSON list of requests instead of one")
    .option("--workers <n>", "for --batch: backtests at once", wholeNumber("--workers", 1, 64))
    .option("--timeout <s>", "seconds for each backtest", finiteNumber("--timeout", 0.01, 86_400))
    .option("--strict", "for --batch: exit code 1 when any fails")
    .action((flags: BacktestFlags) => {
      const overrides = poolOverrides(flags);
      return flags.batch === undefined ? one(context, flags, overrides) : batch(context, flags, flags.batch, overrides);
    });

  common(program.command("strategies").description("List the built-in strategies.")).action(async (flags: CommonFlags) => {
    const { BUILTIN_STRATEGIES } = await import("../../core/session.ts");
    const rows = BUILTIN_STRATEGIES.map(({ name, rule = "", params: specs }) => ({
      name,
      rule,
      params: Object.fromEntries(Object.entries(specs).map(([param, spec]) => [param, spec.default])),
      paramSpecs: specs,
    }));
    if (flags.json === true) context.io.json({ schema: "quantdesk.strategies/1", strategies: rows });
    else
      for (const { name, rule, params: defaults } of rows)
        context.io.data(
          `${name}(${Object.entries(defaults)
            .map(([param, value]) => `${param}=${value}`)
            .join(",")})\n  ${rule}`,
        );
  });
}

async function one(context: Context, flags: BacktestFlags, overrides: readonly ConfigOverride[]): Promise<void> {
  const { data, strategy } = flags;
  if (data === undefined) throw badInput("bad-usage", "backtest needs --data.", "For example --data sample:simulated.");
  if (strategy === undefined) throw badInput("bad-usage", "backtest needs --strategy.", "quantdesk strategies lists them.");
  await withSession(
    context,
    flags,
    async (session) => {
      const spec: BacktestSpec = {
        ...runShape(flags),
        data,
        strategy,
        equity: flags.equity === true || flags.report !== undefined,
        ...(flags.checkLookahead === true ? { checkLookAhead: true } : {}),
        ...(flags.cache === false ? { fresh: true } : {}),
      };
      const result = await session.backtest(spec, context.signal);
      if (flags.report !== undefined) {
        await writeWhole(flags.report, await session.report(data, result, { spec }, context.signal));
        context.io.say(`Report: ${flags.report}`);
      }
      if (flags.trades !== undefined) {
        await writeWhole(flags.trades, tradesCsv(result));
        context.io.say(`Trades: ${flags.trades}`);
      }
      const { equity, ...withoutEquity } = result;
      if (flags.json === true) context.io.json(flags.equity === true && equity !== undefined ? result : withoutEquity);
      else printResult(context, result);
    },
    { overrides },
  );
}

function printResult({ io }: Context, result: BacktestResult): void {
  const { stats, costs, dataset } = result;
  const slippage = costs.slippageBps === 0 ? io.style("yellow", "slippage: none") : `slippage ${costs.slippageBps} bps`;
  io.say(
    `${result.simulated ? "SIMULATED " : ""}${result.strategy} (${paramsText(result.params)}) on ${dataset.name}, ${dataset.bars} ${dataset.bars === 1 ? "bar" : "bars"} ${dataset.from?.slice(0, 10)} to ${dataset.to?.slice(0, 10)} (${pricesText(dataset)}); fee ${costs.feeRate * 100} %, ${slippage}${extrasText(costs)}, fill ${costs.fill}; ${result.engine} engine: ${result.engineReason}`,
  );
  if (result.lookAhead !== undefined)
    io.say(`No look-ahead: cut off at ${result.lookAhead.exhaustive ? "every bar" : `${result.lookAhead.cuts} bars`}, it decides the same up to the cut.`);
  for (const warning of result.warnings) io.say(`${io.style("yellow", "Note:")} ${warning}`);
  io.data(
    table(
      ["Statistic", "Value"],
      [
        ["Final equity", money(stats.finalEquity)],
        ["Total return", percent(stats.totalReturnPct)],
        ["Per year (CAGR)", percent(stats.cagrPct)],
        ["Volatility", share(stats.volatilityPct)],
        ["Sharpe", fixed(stats.sharpe)],
        ["Sortino", fixed(stats.sortino)],
        ...(result.benchmark === undefined
          ? []
          : [
              [`Alpha a year, against ${result.benchmark.name}`, percent(stats.alphaPct)],
              ["Beta", fixed(stats.beta)],
            ]),
        ["Worst fall", percent(stats.maxDrawdownPct === 0 ? 0 : -stats.maxDrawdownPct)],
        ["Invested", share(stats.exposurePct)],
        ["Trades", String(stats.trades)],
        ["Won", share(stats.winRatePct)],
        ["Profit factor", fixed(stats.profitFactor)],
        ["Took", duration(result.durationMs)],
      ],
    ),
  );
}

function extrasText(costs: BacktestResult["costs"]): string {
  return EXTRA_COST_NAMES.flatMap((name) =>
    costs[name] === undefined ? [] : [`, ${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${costs[name]}`],
  ).join("");
}

/** Flags that a batch would ignore without a word. */
const OF_ONE_RUN = [
  "checkLookahead",
  ...EXTRA_COST_NAMES,
  "data",
  "benchmark",
  "strategy",
  "params",
  "engine",
  "cash",
  "feeRate",
  "slippageBps",
  "sizing",
  "fill",
  "from",
  "to",
  "tz",
  "timeframe",
  "periodsPerYear",
  "riskFree",
  "equity",
  "report",
  "trades",
] as const satisfies ReadonlyArray<keyof BacktestFlags>;

async function batch(context: Context, flags: BacktestFlags, file: string, overrides: readonly ConfigOverride[]): Promise<void> {
  const ignored = OF_ONE_RUN.find((name) => flags[name] !== undefined);
  if (ignored !== undefined)
    throw badInput(
      "bad-usage",
      `--${ignored.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --batch, whose file says it for each request.`,
      "Put it into the requests.",
    );
  const requests = await readBatch(file);
  const specs = flags.cache === false ? requests.map((spec) => ({ ...spec, fresh: true })) : requests;
  await withSession(
    context,
    flags,
    async (session) => {
      const bar = progressBar(context.io, "Backtests", specs.length);
      let result: BatchResult;
      try {
        result = await session.backtests(specs, { onItem: () => bar.step() }, context.signal);
      } finally {
        bar.stop();
      }
      if (result.succeeded === 0 || result.cancelled > 0 || (flags.strict === true && result.succeeded < result.run)) context.exitCode = EXIT.failed;
      if (flags.json === true) {
        context.io.json(result);
        return;
      }
      context.io.data(
        table(
          ["#", "Status", "Strategy", "Sharpe", "Return"],
          result.results.map((item) => [
            String(item.index),
            item.status,
            item.result?.strategy ?? item.error?.message ?? "",
            fixed(item.result?.stats.sharpe ?? null),
            percent(item.result?.stats.totalReturnPct ?? null),
          ]),
        ),
      );
      context.io.say(
        `${result.succeeded} of ${result.run} succeeded, ${result.failed} failed, ${result.timedOut} timed out${result.cancelled === 0 ? "" : `, ${result.cancelled} cancelled`}, with ${result.workers} workers in ${duration(result.durationMs)}.`,
      );
    },
    { overrides },
  );
}
