/**
 * The owner's side of `desk`: calls of cells become calls of the session, and nothing else of the session is reachable.
 * Costs are pessimistic unless said otherwise: 10 bps fee and 5 bps slippage.
 */
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { badInput, TradingError } from "../core/base/errors.ts";
import { knownNames } from "../core/base/nearest.ts";
import type { BarSeries } from "../core/domain/bars.ts";
import { newYorkDate } from "../core/domain/nyse.ts";
import { plainAccount, plainAlarm, plainAuditEntry, plainOrder, plainPosition, plainQuote } from "../core/domain/plain.ts";
import { plainPreview } from "../core/domain/plainPreview.ts";
import type { ScanOptions } from "../core/domain/ports.ts";
import type { BacktestSpec, Session } from "../core/session.ts";
import { parseArguments, type BacktestArguments, type DeskArguments } from "./deskArguments.ts";
import { closeAllOfCell, killSwitchOfCell, limitsOfCell, reasonOf } from "./deskGuards.ts";
import { closeCellPosition, placeCellOrder, previewCellOrder, replaceCellOrder, type CellOrder, type OrderCaller } from "./deskOrders.ts";
import type * as desk from "./deskTypes.d.ts";
import { createSweepMethods } from "./deskSweeps.ts";
import { DESK_METHODS, RUNNING_METHODS, type DeskAnswer, type DeskCaller, type DeskHandlers, type DeskMethod, type DrawKind } from "./deskProtocol.ts";
import { barColumns } from "./barColumns.ts";
import type { BarColumns } from "./barFrame.ts";
import { namingStrategies, strategyFileOf } from "./strategyTexts.ts";

export interface DeskHandlersOptions {
  /** Path or name of the notebook: orders carry it as their origin. */
  readonly notebook?: string;
  /** Where relative paths of data and strategy files start. */
  readonly folder?: string;
}

const FEE_RATE = 0.001;
const SLIPPAGE_BPS = 5;
const SYMBOL = /^[A-Za-z][A-Za-z0-9]{0,9}([./-][A-Za-z0-9]{1,9})*$/;
/** Bars that features are computed from when only a symbol is named. */
const FEATURE_BARS = 400;

type Methods = { readonly [M in DeskMethod]: (args: DeskArguments[M], caller: DeskCaller, signal: AbortSignal) => Promise<DeskAnswer> };

export function createDeskHandlers(session: Session, options: DeskHandlersOptions = {}): DeskHandlers {
  const methods = deskMethods(session, options);
  return {
    call: async (name, args, caller, signal) => {
      if (!isMethod(name)) throw badInput("unknown-method", `desk has no ${name}.`, knownNames(name, DESK_METHODS));
      return await namingStrategies(session.home, () => callMethod(methods, name, args, caller, signal));
    },
  };
}

function callMethod<M extends DeskMethod>(methods: Methods, name: M, args: readonly unknown[], caller: DeskCaller, signal: AbortSignal): Promise<DeskAnswer> {
  return methods[name](parseArguments(name, args), caller, signal);
}

function isMethod(name: string): name is DeskMethod {
  return [...DESK_METHODS, ...RUNNING_METHODS].includes(name as DeskMethod);
}

function answer(kind: DrawKind, value: unknown): DeskAnswer {
  return { kind, value };
}

function deskMethods(session: Session, options: DeskHandlersOptions): Methods {
  const { broker } = session;
  const notebook = options.notebook ?? "notebook";
  const file = (reference: string): string => {
    // Several, unless a file is called so.
    if (reference.includes(",") && !existsSync(resolve(options.folder ?? ".", reference)))
      return reference
        .split(",")
        .map((part) => file(part.trim()))
        .join(",");
    const looksLikeFile = /\.((csv|tsv|parquet)(\.gz)?|[cm]?ts|[cm]?js)$/i.test(reference) || /[/\\]/.test(reference);
    if (options.folder === undefined || isAbsolute(reference) || !looksLikeFile || reference.startsWith("sample:")) return reference;
    // BRK/B is a symbol and looks like a path; a file that is there is meant.
    const path = resolve(options.folder, reference);
    return SYMBOL.test(reference) && !existsSync(path) ? reference : path;
  };
  const spec = async (args: BacktestArguments, withEquity: boolean, caller: DeskCaller | undefined): Promise<BacktestSpec> => ({
    ...specOf(
      {
        ...args,
        data: file(args.data),
        ...(args.benchmark === undefined ? {} : { benchmark: file(args.benchmark) }),
        strategy: typeof args.strategy === "string" ? file(args.strategy) : await strategyFileOf(session.home, args.strategy),
      },
      withEquity,
    ),
    origin: caller === undefined ? `cell:${notebook}` : `cell:${notebook}#${caller.cellId}`,
  });
  const who = (caller: DeskCaller): OrderCaller => ({ notebook, cellId: caller.cellId });
  const placed = ({ order: one, warnings, repeated }: CellOrder): DeskAnswer =>
    answer("placed", { ...plainOrder(one), warnings, repeated, simulated: session.status().simulated } satisfies desk.PlacedOrder);
  const order = async (side: "buy" | "sell", [symbol, args]: DeskArguments["buy"], caller: DeskCaller, signal: AbortSignal): Promise<DeskAnswer> => {
    return placed(await placeCellOrder(session, side, symbol, args, who(caller), signal));
  };
  const bars = async (
    [reference, args]: DeskArguments["bars"],
    signal: AbortSignal,
  ): Promise<{ readonly series: BarSeries; readonly from: Pick<BarColumns, "source" | "adjustment" | "asOf"> }> => {
    const isSymbol = SYMBOL.test(reference) && !existsSync(file(reference));
    if (isSymbol && args.limit !== undefined && args.from === undefined && args.to === undefined) {
      const symbol = reference.toUpperCase();
      const series = (await session.data.bars([symbol], { timeframe: args.timeframe ?? "1Day", limit: args.limit }, signal)).get(symbol);
      if (series === undefined || series.time.length === 0)
        throw badInput("unknown-symbol", `There are no bars for ${symbol}.`, "Check the symbol, or name a CSV file or sample:simulated.");
      const last = series.time.at(-1) as number;
      const from = series.simulated
        ? { source: "SIMULATED exchange", asOf: new Date(last).toISOString() }
        : { source: `Alpaca ${session.config["data.feed"]}`, asOf: newYorkDate(Date.now()) };
      return { series, from: { ...from, adjustment: session.config["data.adjustment"] } };
    }
    const { limit: _limit, ...range } = args;
    const dataset = await session.dataset(isSymbol ? reference.toUpperCase() : file(reference), defined(range), signal);
    return { series: dataset.series, from: dataset.info };
  };
  const symbolBars = async (symbol: string, signal: AbortSignal): Promise<BarSeries> => (await bars([symbol, { limit: FEATURE_BARS }], signal)).series;

  const scanOptions = async ({ workers, timeoutSeconds, files, asOf, data, ...rest }: DeskArguments["scan"][0], signal: AbortSignal): Promise<ScanOptions> => {
    if ((asOf === undefined) !== (data === undefined))
      throw badInput("bad-argument", "desk.scan of the past takes both asOf and data.", 'For example {asOf: "2019-05-01", data: "./prices"}.');
    return {
      ...defined(rest),
      ...(workers === undefined ? {} : { maxWorkers: workers }),
      ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }),
      ...(files === undefined ? {} : { files: files.map(file) }),
      ...(asOf === undefined || data === undefined ? {} : { past: await session.pricesAsOf(resolve(options.folder ?? ".", data), asOf, signal) }),
    };
  };

  return {
    connect: async (_args, _caller, signal) => answer("account", plainAccount(await session.connect(signal)) satisfies desk.Account),
    disconnect: async () => {
      await session.disconnect();
      return answer("plain", undefined);
    },
    account: async (_args, _caller, signal) => answer("account", plainAccount(await broker.getAccount(signal)) satisfies desk.Account),
    positions: async (_args, _caller, signal) => answer("positions", (await broker.getPositions(signal)).map(plainPosition) satisfies readonly desk.Position[]),
    portfolio: async (_args, _caller, signal) => {
      const [account, positions] = await Promise.all([broker.getAccount(signal), broker.getPositions(signal)]);
      return answer("portfolio", { account: plainAccount(account), positions: positions.map(plainPosition) });
    },
    setProvider: async ([name]) => {
      if (name !== undefined) await session.setProvider(name);
      return answer("plain", { provider: session.provider });
    },
    orders: async ([filter], _caller, signal) =>
      answer(
        "orders",
        (await broker.getOrders({ status: filter.status ?? "all", limit: filter.limit ?? 100 }, signal)).map(plainOrder) satisfies readonly desk.Order[],
      ),
    order: async ([id], _caller, signal) => answer("order", plainOrder(await broker.getOrder(id, signal)) satisfies desk.Order),
    price: async ([symbol], _caller, signal) => answer("quote", plainQuote(await broker.getCurrentPrice(symbol, signal)) satisfies desk.Quote),
    buy: (args, caller, signal) => order("buy", args, caller, signal),
    sell: (args, caller, signal) => order("sell", args, caller, signal),
    cancel: async ([id], _caller, signal) => answer("order", plainOrder(await broker.cancelOrder(id, signal))),
    cancelAll: async (_args, _caller, signal) => answer("plain", await broker.cancelAll(signal)),
    preview: async ([side, symbol, args], caller, signal) =>
      answer("preview", plainPreview(await previewCellOrder(session, side, symbol, args, who(caller), signal)) satisfies desk.OrderPreview),
    replace: async ([id, args], caller, signal) => placed(await replaceCellOrder(session, id, args, who(caller), signal)),
    closePosition: async ([symbol, args], caller, signal) => placed(await closeCellPosition(session, symbol, args, who(caller), signal)),
    closeAll: async ([args], caller, signal) => answer("plain", await closeAllOfCell(session, reasonOf(args, who(caller)), signal)),
    killSwitch: async ([change, args], caller, signal) =>
      answer("killSwitch", {
        ...(await killSwitchOfCell(session, change, args, reasonOf(args, who(caller)), signal)),
        simulated: session.status().simulated,
      } satisfies desk.KillSwitch),
    alarms: async (_args, _caller, signal) => answer("alarms", (await broker.getAlarms(signal)).map(plainAlarm) satisfies readonly desk.Alarm[]),
    audit: async ([{ limit }], _caller, signal) => {
      const { accountNumber } = await broker.getAccount(signal);
      const rows = await session.store.audit(accountNumber, { limit: limit ?? 100 }, signal);
      return answer("audit", rows.map(plainAuditEntry) satisfies readonly desk.AuditEntry[]);
    },
    limits: async ([args], caller, signal) =>
      answer("limits", {
        ...(await limitsOfCell(session, args, reasonOf(args, who(caller)), signal)),
        simulated: session.status().simulated,
      } satisfies desk.AccountLimits),
    bars: async (args, _caller, signal) => {
      const { series, from } = await bars(args, signal);
      return answer("bars", barColumns(series, from, args[1].limit));
    },
    scan: async ([args], _caller, signal) => answer("scan", await session.scan(await scanOptions(args, signal), signal)),
    analyze: async ([symbol, args], _caller, signal) => answer("analysis", await session.analyze(symbol, defined(args), signal)),
    backtest: async ([args], caller, signal) => answer("backtest", await session.backtest(await spec(args, true, caller), signal)),
    backtests: async ([specs, args], caller, signal) => {
      const { timeoutSeconds, workers } = args;
      const batch = await session.backtests(
        await Promise.all(specs.map((one) => spec(one, false, caller))),
        { ...(workers === undefined ? {} : { workers }), ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }) },
        signal,
      );
      return answer("batch", batch);
    },
    ...createSweepMethods(session, (args) => spec(args, false, undefined)),
    computeFeatures: async ([symbol, args], _caller, signal) =>
      answer("features", await session.features.computeFeatures(await symbolBars(symbol, signal), signal, defined(args))),
    getTickerFeatures: async ([symbol, args], _caller, signal) => {
      const features = await session.features.computeFeatures(await symbolBars(symbol, signal), signal, defined(args));
      return answer("features", { symbol: features.symbol, bars: features.bars, simulated: features.simulated, ...features.latest });
    },
    generateTickerSignal: async ([symbol], _caller, signal) =>
      answer("features", await session.features.generateTickerSignal(await symbolBars(symbol, signal), signal)),
    generateSignalsForWatchlist: async ([symbols], _caller, signal) => {
      const series = await session.data.bars(symbols, { timeframe: "1Day", limit: FEATURE_BARS }, signal);
      const found = symbols.flatMap((symbol) => series.get(symbol) ?? []);
      const outcomes = await session.features.generateSignalsForWatchlist(found, signal);
      const bySymbol = new Map(found.map((one, i) => [one.symbol, outcomes[i]]));
      return answer(
        "features",
        symbols.map((symbol) => {
          const outcome = bySymbol.get(symbol);
          if (outcome === undefined) return { symbol, error: "no bars" };
          return outcome.ok ? outcome.value : { symbol, error: outcome.error.message };
        }),
      );
    },
    performance: async () => {
      const { lag, connection } = session.status();
      return answer("performance", { lagMs: lag, connection });
    },
  };
}

function specOf(args: BacktestArguments & { readonly strategy: string }, withEquity: boolean): BacktestSpec {
  const { sizing, ...rest } = args;
  return {
    feeRate: FEE_RATE,
    slippageBps: SLIPPAGE_BPS,
    ...defined(rest),
    equity: withEquity,
    ...(sizing === undefined ? {} : { sizing: sizingOf(sizing) }),
  };
}

function sizingOf(sizing: NonNullable<BacktestArguments["sizing"]>): NonNullable<BacktestSpec["sizing"]> {
  if (typeof sizing === "string") return { kind: sizing };
  return "fixed" in sizing ? { kind: "fixed", units: sizing.fixed } : { kind: "percent", percent: sizing.percent };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without keys whose value is undefined: a left-out option and one set to undefined mean the same. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<T>;
}

/** What stops a call that this owner cannot answer at all. */
export function noDesk(reason: string): DeskHandlers {
  return {
    call: () => Promise.reject(new TradingError("no-session", reason)),
  };
}
