/**
 * The composition root: the only file that knows all the rooms. Two sessions in one process share nothing.
 */
import { join, resolve as resolvePath } from "node:path";
import { availableParallelism } from "node:os";
import type { Config, ConfigSource, SettingKey, SettingValue } from "./config/schema.ts";
import { loadConfig } from "./config/load.ts";
import { chooseVenue, type Keys } from "./config/venue.ts";
import type { AnalystRunner, Backtester, Broker, ConnectionState, Endpoint, LagStats, MarketData, RunRow, ScanOptions, ScanRunner, Store } from "./domain/ports.ts";
import type { Account, Order, OrderIntent, RefusalCode, TradingMode } from "./domain/orders.ts";
import type { Analysis, ScanResult } from "./domain/research.ts";
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult, EngineName, Params, Sizing } from "./domain/backtest.ts";
import type { Dataset, Timeframe } from "./domain/bars.ts";
import { systemClock } from "./base/clock.ts";
import { Emitter } from "./base/emitter.ts";
import { badInput, TradingError, type Outcome } from "./base/errors.ts";
import { defaultHome, fileLog, makeHome } from "./base/home.ts";
import { canonicalJson } from "./base/canonical.ts";
import { silentLog, teeLog, type Log } from "./base/log.ts";
import { Scope } from "./base/scope.ts";
import { createBroker } from "./broker/broker.ts";
import { createLazyBroker } from "./broker/lazyBroker.ts";
import { createAlpacaData } from "./data/alpacaData.ts";
import { createLazyData } from "./data/lazyData.ts";
import { loadDataset } from "./data/dataset.ts";
import { createHttpClient } from "./net/httpClient.ts";
import { findOrStartExchange } from "./exchange/embedded.ts";
import { createBacktester } from "./backtest/backtester.ts";
import type { ReportExtras } from "./backtest/report.ts";
import { findStrategy } from "./backtest/strategies/builtin.ts";
import { createScanRunner } from "./scanner/scanRunner.ts";
import { createAnalysts } from "./analysts/analystRunner.ts";
import { runLatencyBenchApart } from "./features/benchApart.ts";
import { createFeatureComputer, type AsyncFeatureComputer } from "./features/featureComputer.ts";
import type { Metrics } from "./metrics/operations.ts";
import { openPerformance, type Performance } from "./metrics/performance.ts";
import { startPerformanceApi } from "./metrics/performanceApi.ts";
import { readOrMakeToken } from "./metrics/token.ts";
import { openStore } from "./store/store.ts";

/** For fronts: the built-in strategies with their parameters, the latency benchmark, the end of a home's exchange. */
export { BUILTIN_STRATEGIES } from "./backtest/strategies/builtin.ts";
export { runLatencyBench } from "./features/latencyBench.ts";
export { stopExchange } from "./exchange/embedded.ts";

export interface SessionOptions {
  /** State folder; the platform's data directory when absent. */
  readonly home?: string;
  /** Folder whose quantdesk.json is read; none when absent. */
  readonly workspace?: string;
  /** Values with their source, on top of defaults, quantdesk.json and environment. */
  readonly overrides?: ReadonlyArray<{ readonly key: SettingKey; readonly value: SettingValue; readonly source: Extract<ConfigSource, "vscode" | "flag"> }>;
  /** Keys from SecretStorage; the environment's when absent. */
  readonly keys?: { readonly keyId: string; readonly secretKey: string };
  /** Which front opened it: shown in the trial ledger and the audit log. */
  readonly front: "cli" | "extension" | "kernel" | "demo" | "test";
  readonly log?: Log;
  /** Seed of the embedded exchange when this session starts one. */
  readonly seed?: number;
  /** Ends the embedded exchange with the session (demo). */
  readonly ownExchange?: boolean;
  /** Asked for live trading outright: `confirm` shows the account to the person before each order and answers whether they said yes. */
  readonly live?: { readonly confirm: (account: Account, intent: OrderIntent, signal: AbortSignal) => Promise<boolean> };
}

export interface SessionStatus {
  readonly connection: ConnectionState;
  readonly mode: TradingMode;
  readonly simulated: boolean;
  readonly account: Account | null;
  /** Of the process that the session lives in. */
  readonly lag: LagStats;
  readonly at: number;
}

/** A backtest as people ask for it: names and references that the session resolves. */
export interface BacktestSpec {
  /** Path of a CSV file, "sample:sp500", "sample:simulated", or a symbol. */
  readonly data: string;
  /** Built-in name or path of a .ts file. */
  readonly strategy: string;
  readonly params?: Params;
  readonly engine?: EngineName | "auto";
  readonly cash?: number;
  readonly feeRate?: number;
  readonly slippageBps?: number;
  readonly sizing?: Sizing;
  readonly fill?: "next-open" | "close";
  readonly from?: string;
  readonly to?: string;
  readonly periodsPerYear?: number;
  readonly riskFree?: number;
  readonly equity?: boolean;
}

export type Placed =
  | { readonly placed: true; readonly order: Order; readonly warnings: readonly string[] }
  | { readonly placed: false; readonly code: RefusalCode; readonly message: string; readonly hint: string };

/** Everything that Quantdesk can do, for one person in one window or command. */
export interface Session {
  /** The state folder, absolute. */
  readonly home: string;
  readonly config: Config;
  readonly sources: Readonly<Record<SettingKey, ConfigSource>>;
  readonly broker: Broker;
  readonly data: MarketData;
  readonly scanner: ScanRunner;
  readonly analysts: AnalystRunner;
  readonly backtester: Backtester;
  readonly features: AsyncFeatureComputer;
  readonly performance: Performance;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly log: Log;
  /** Never waits. */
  status(): SessionStatus;
  /** At each change and about once a second while connected. */
  onStatus(listener: (status: SessionStatus) => void): () => void;
  connect(signal: AbortSignal): Promise<Account>;
  disconnect(): Promise<void>;
  /** Guards, journal, submit: the one way to an order for every front. */
  placeOrder(intent: OrderIntent, signal: AbortSignal): Promise<Placed>;
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  analyze(symbol: string, options: { readonly analysts?: readonly string[]; readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
  /** A file, a sample or a symbol's bars. */
  dataset(reference: string, options: { readonly timeframe?: Timeframe; readonly from?: string; readonly to?: string }, signal: AbortSignal): Promise<Dataset>;
  /** Runs it and writes it into the trial ledger. */
  backtest(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestResult>;
  backtests(specs: readonly BacktestSpec[], options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void }, signal: AbortSignal): Promise<BatchResult>;
  /** The result as one HTML file that needs no network; `data` is the reference that it was run on. */
  report(data: string, result: BacktestResult, extras: ReportExtras, signal: AbortSignal): Promise<string>;
  /** The request that `spec` means, its data set registered. */
  resolve(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestRequest>;
  close(): Promise<void>;
}

/** Opens a session: reads the configuration, makes the state folder and the store. Everything else starts on first use. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const home = resolvePath(options.home ?? defaultHome());
  const { config, sources } = await loadConfig({
    env: process.env,
    overrides: options.overrides ?? [],
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
  });
  const keys = options.keys ?? keysFromEnvironment(process.env);
  const venue = chooseVenue(config, sources, keys, options.live !== undefined);
  makeHome(home);
  const secrets = [keys?.secretKey, keys?.keyId].filter((secret) => secret !== undefined);
  const file = fileLog(home, () => secrets);
  const log = teeLog(file.log, options.log ?? silentLog);
  const scope = new Scope({ name: "The session" });
  scope.onClose(() => file.flush());
  try {
    const store = await openStore(join(home, "quantdesk.sqlite"), scope.signal);
    scope.onClose(() => store.close());
    return assemble({ options, config, sources, venue, keys, home, log, scope, store, secrets });
  } catch (error) {
    await scope.close();
    throw error;
  }
}

interface Parts {
  readonly options: SessionOptions;
  readonly config: Config;
  readonly sources: Readonly<Record<SettingKey, ConfigSource>>;
  readonly venue: ReturnType<typeof chooseVenue>;
  readonly keys: Keys | undefined;
  readonly home: string;
  readonly log: Log;
  readonly scope: Scope;
  readonly store: Store;
  readonly secrets: string[];
}

function assemble({ options, config, sources, venue, keys, home, log, scope, store, secrets }: Parts): Session {
  const simulated = venue.mode === "embedded";
  const given = (key: SettingKey) => sources[key] !== "default";
  const workersFor = (key: "backtest.workers" | "features.workers") => (given(key) ? config[key] : Math.min(config[key], availableParallelism()));

  const link = createLink({ options, venue, keys, home, config, log, scope, store, simulated, secrets });
  const { broker, data } = link;

  const backtester = createBacktester({ workers: workersFor("backtest.workers"), timeoutMs: config["backtest.timeoutSeconds"] * 1000, log });
  scope.onClose(() => backtester.close());

  const scanner = createScanRunner({
    data,
    settings: {
      concurrent: config["scanners.concurrent"],
      maxWorkers: config["scanners.maxWorkers"],
      timeoutMs: config["scanners.timeoutSeconds"] * 1000,
      enabled: (name) => (config as Readonly<Record<string, unknown>>)[`scanners.${name}.enabled`] !== false,
    },
    lastScanSymbols: (signal) => store.lastScanSymbols(signal),
    saveScan: (at, candidates, signal) => store.addScan(at, candidates, signal),
    keys: new Set(["FINNHUB_API_KEY", "ALPHAVANTAGE_API_KEY", "REDDIT_CLIENT_ID"].filter((name) => (process.env[name] ?? "") !== "")),
    log,
    clock: systemClock,
  });

  if (config["analysts.provider"] !== "rules") {
    throw badInput("not-yet", `analysts.provider ${config["analysts.provider"]} is not there yet.`, "Use rules.");
  }
  const analysts = createAnalysts({ data, provider: "rules", selected: config["analysts.selected"], log, clock: systemClock });

  const featureWorkers = workersFor("features.workers");
  let features: AsyncFeatureComputer | undefined;
  const performance = openPerformance({
    queue: () => ({ depth: features?.queue.depth ?? 0, capacity: config["features.queueSize"] }),
    workers: () => featureWorkers,
    runBenchmark: (benchmark, operations, signal) => runLatencyBenchApart({ benchmark, operations, workers: featureWorkers }, signal, log),
  });
  scope.onClose(() => performance.close());
  features = createFeatureComputer({
    workers: featureWorkers,
    workersGiven: given("features.workers"),
    queueSize: config["features.queueSize"],
    useProcessPool: config["features.useProcessPool"],
    metrics: performance.metrics,
    log,
  });
  const computer = features;
  scope.onClose(() => computer.close());

  const status = createStatus({ broker, simulated, mode: venue.mode, lag: () => performance.lag.snapshot(), scope, store, log });
  const research = createResearch({ options, config, data, backtester, store, log });

  return {
    home,
    config,
    sources,
    broker,
    data,
    scanner,
    analysts,
    backtester,
    features: computer,
    performance,
    metrics: performance.metrics,
    store,
    log,
    status: status.current,
    onStatus: status.on,
    connect: async (signal) => {
      const account = await broker.connect(signal);
      status.account(account);
      return account;
    },
    disconnect: () => link.disconnect(),
    placeOrder: (intent, signal) => placeOrder(broker, venue.mode, options.live, intent, signal),
    scan: (scanOptions, signal) => scanner.scan(scanOptions, signal),
    analyze: (symbol, analyzeOptions, signal) => analysts.analyze(symbol, analyzeOptions, signal),
    ...research,
    close: () => scope.close(),
  };
}

export interface PerformanceServer {
  readonly url: string;
  readonly tokenFile: string;
  close(): Promise<void>;
}

/** Serves the session's measurements on loopback until it is closed; the token is in a file for this user only. */
export async function servePerformance(session: Session, options: { readonly port: number; readonly tokenFile?: string }, signal: AbortSignal): Promise<PerformanceServer> {
  const tokenFile = resolvePath(options.tokenFile ?? join(session.home, "performance.token"));
  const { token } = await readOrMakeToken({ file: tokenFile, env: process.env });
  const api = await startPerformanceApi({ port: options.port, host: "127.0.0.1", token, source: session.performance.source }, signal);
  return { url: api.url, tokenFile, close: () => api.close() };
}

interface LinkParts {
  readonly options: SessionOptions;
  readonly venue: ReturnType<typeof chooseVenue>;
  readonly keys: Keys | undefined;
  readonly home: string;
  readonly config: Config;
  readonly log: Log;
  readonly scope: Scope;
  readonly store: Store;
  readonly simulated: boolean;
  readonly secrets: string[];
}

/** Broker and market data at one exchange, found (or started) by whoever needs it first. */
function createLink(parts: LinkParts) {
  const { config, log, scope, store, venue } = parts;
  interface Live {
    readonly endpoint: Endpoint;
    readonly broker: Broker;
    readonly data: MarketData;
    readonly lifetime: Scope;
  }
  let live: Promise<Live> | undefined;
  const open = async (): Promise<Live> => {
    const lifetime = scope.child({ name: "The exchange link" });
    try {
      const endpoint = await findEndpoint(parts, lifetime);
      const client = (origin: string, connections: number) => {
        const http = createHttpClient({
          origin,
          headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
          connections,
          timeoutMs: config["broker.timeoutSeconds"] * 1000,
          retries: config["broker.retries"],
          backoffMs: config["broker.backoffSeconds"] * 1000,
          requestsPerMinute: config["broker.requestsPerMinute"],
          log,
        });
        lifetime.onClose(() => http.close());
        return http;
      };
      const trading = client(endpoint.tradingUrl, 10);
      const dataHttp = client(endpoint.dataUrl, 10);
      const limits = {
        maxOrderValue: config["risk.maxOrderValue"],
        maxPositionValue: config["risk.maxPositionValue"],
        maxOrdersPerMinute: config["risk.maxOrdersPerMinute"],
        maxDailyLoss: config["risk.maxDailyLoss"],
        symbols: config["risk.symbols"],
        duplicateWindowSeconds: config["risk.duplicateWindowSeconds"],
      };
      return {
        endpoint,
        lifetime,
        data: createAlpacaData({ http: dataHttp, trading, feed: config["data.feed"], adjustment: config["data.adjustment"], simulated: parts.simulated, log }),
        broker: createBroker({ endpoint, trading, data: dataHttp, journal: store.journal, limits, log, clock: systemClock, scope: lifetime, simulated: parts.simulated }),
      };
    } catch (error) {
      await lifetime.close();
      throw error;
    }
  };
  const get = (): Promise<Live> => {
    live ??= open().catch((error: unknown) => {
      live = undefined; // the next caller may try again
      throw error;
    });
    return live;
  };
  const broker = createLazyBroker(venue.mode, async () => (await get()).broker);
  const data = createLazyData(parts.simulated, async () => (await get()).data);
  scope.onClose(() => broker.disconnect());
  return {
    broker,
    data,
    disconnect: async () => {
      const current = await live?.catch(() => undefined);
      live = undefined;
      await broker.forget();
      await current?.lifetime.close();
    },
  };
}

async function findEndpoint(parts: LinkParts, lifetime: Scope): Promise<Endpoint> {
  const { venue, keys } = parts;
  if (venue.addresses !== undefined) return { mode: venue.mode, ...venue.addresses, ...(keys as Keys) };
  const exchange = await findOrStartExchange(
    { home: parts.home, own: parts.options.ownExchange === true, ...(parts.options.seed === undefined ? {} : { seed: parts.options.seed }) },
    lifetime.signal,
  );
  lifetime.onClose(() => exchange.release());
  parts.secrets.push(exchange.endpoint.secretKey);
  return exchange.endpoint;
}

async function placeOrder(broker: Broker, mode: TradingMode, live: SessionOptions["live"], intent: OrderIntent, signal: AbortSignal): Promise<Placed> {
  if (mode === "live" && !(await live?.confirm(await broker.getAccount(signal), intent, signal))) {
    return { placed: false, code: "live-not-confirmed", message: "Not sent: this is live trading and it was not confirmed.", hint: "Confirm with the account number." };
  }
  const verdict = await broker.check(intent, signal);
  if (!verdict.allowed) return { placed: false, code: verdict.code, message: verdict.message, hint: verdict.hint };
  return { placed: true, order: await broker.submitOrder(verdict.order, signal), warnings: verdict.warnings };
}

interface StatusParts {
  readonly broker: Broker;
  readonly simulated: boolean;
  readonly mode: TradingMode;
  readonly lag: () => LagStats;
  readonly scope: Scope;
  readonly store: Store;
  readonly log: Log;
}

const ACCOUNT_EVERY_MS = 5000;
const STATUS_EVERY_MS = 1000;

/** What the session view shows; asks for the account every few seconds while connected, and after each fill. */
function createStatus({ broker, simulated, mode, lag, scope, store, log }: StatusParts) {
  const changes = new Emitter<SessionStatus>();
  let account: Account | null = null;
  let askedAt = 0;
  let asking = false;
  const current = (): SessionStatus => ({ connection: broker.state, mode, simulated, account, lag: lag(), at: Date.now() });
  const take = (fresh: Account) => {
    account = fresh;
    askedAt = Date.now();
    store.addEquity(fresh.accountNumber, askedAt, fresh.equity.toNumber(), scope.signal).catch((error: unknown) => {
      if (!scope.signal.aborted) log.warn(`The equity was not stored: ${TradingError.from(error, "store-failed").message}`);
    });
    changes.emit(current());
  };
  const refresh = async () => {
    if (asking || broker.state !== "connected") return;
    asking = true;
    try {
      take(await broker.getAccount(scope.signal));
    } catch (error) {
      if (!scope.signal.aborted) log.debug(`The account was not refreshed: ${TradingError.from(error, "failed").message}`);
      askedAt = Date.now();
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => {
    if (broker.state !== "connected") return;
    if (changes.size > 0 && Date.now() - askedAt >= ACCOUNT_EVERY_MS) void refresh();
    changes.emit(current());
  }, STATUS_EVERY_MS);
  timer.unref();
  scope.onClose(() => clearInterval(timer));
  scope.onClose(broker.onTradeUpdate((update) => {
    if (update.event === "fill" || update.event === "partial_fill") void refresh();
  }));
  scope.onClose(broker.onState(() => changes.emit(current())));
  return { current, account: take, on: (listener: (status: SessionStatus) => void) => changes.on(listener) };
}

interface ResearchParts {
  readonly options: SessionOptions;
  readonly config: Config;
  readonly data: MarketData;
  readonly backtester: Backtester;
  readonly store: Store;
  readonly log: Log;
}

/** Backtests by name and reference, written into the trial ledger. */
function createResearch({ options, config, data, backtester, store, log }: ResearchParts): Pick<Session, "dataset" | "backtest" | "backtests" | "report" | "resolve"> {
  // The command line uses exactly the costs given; everything else is honest by default (CONTRACTS.md).
  const costs = options.front === "cli" ? { feeRate: 0, slippageBps: 0 } : { feeRate: 0.001, slippageBps: 5 };
  const dataset: Session["dataset"] = (reference, range, signal) => loadDataset(reference, data, range, signal);

  const toRequest = async (spec: BacktestSpec, load: (reference: string) => Promise<Dataset>): Promise<BacktestRequest> => {
    const isFile = /\.[cm]?[jt]s$/.test(spec.strategy);
    if (!isFile) findStrategy(spec.strategy);
    const loaded = await load(spec.data);
    const key = `${loaded.info.name}:${loaded.info.sha256}`;
    backtester.register(key, loaded);
    return {
      strategy: isFile ? { kind: "file", path: resolvePath(options.workspace ?? process.cwd(), spec.strategy) } : { kind: "builtin", name: spec.strategy },
      params: spec.params ?? {},
      data: key,
      engine: spec.engine ?? (config["backtest.engine"] as EngineName | "auto"),
      cash: spec.cash ?? 10_000,
      costs: { feeRate: spec.feeRate ?? costs.feeRate, slippageBps: spec.slippageBps ?? costs.slippageBps },
      sizing: spec.sizing ?? { kind: "all-in" },
      fill: spec.fill ?? "next-open",
      riskFree: spec.riskFree ?? 0,
      withEquity: spec.equity ?? false,
      ...(spec.from === undefined ? {} : { from: instant(spec.from, "from") }),
      ...(spec.to === undefined ? {} : { to: instant(spec.to, "to") }),
      ...(spec.periodsPerYear === undefined ? {} : { periodsPerYear: spec.periodsPerYear }),
    };
  };
  const loader = (signal: AbortSignal) => {
    const loaded = new Map<string, Promise<Dataset>>();
    return (reference: string) => {
      const known = loaded.get(reference) ?? dataset(reference, {}, signal);
      loaded.set(reference, known);
      return known;
    };
  };
  const remember = async (results: readonly BacktestResult[]) => {
    if (results.length === 0) return;
    try {
      await store.addRuns(results.map((result) => ledgerRow(result, options.front)), AbortSignal.timeout(10_000));
    } catch (error) {
      log.warn(`${results.length} runs are not in the trial ledger: ${TradingError.from(error, "store-failed").message}`);
    }
  };
  return {
    dataset,
    report: async (reference, result, extras, signal) => {
      const { renderReport } = await import("./backtest/report.ts");
      return renderReport(result, (await dataset(reference, {}, signal)).series, extras);
    },
    resolve: (spec, signal) => toRequest(spec, loader(signal)),
    backtest: async (spec, signal) => {
      const result = await backtester.run(await toRequest(spec, loader(signal)), signal);
      await remember([result]);
      return result;
    },
    backtests: async (specs, batchOptions, signal) => {
      const load = loader(signal);
      const requests: Array<Outcome<BacktestRequest>> = [];
      for (const spec of specs) requests.push(await attempt(() => toRequest(spec, load)));
      signal.throwIfAborted();
      const batch = await batchOf(backtester, requests, batchOptions, signal);
      await remember(batch.results.flatMap((item) => (item.result === undefined ? [] : [item.result])));
      return batch;
    },
  };
}

async function attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: TradingError.from(error, "failed") };
  }
}

type BatchOptions = Parameters<Backtester["batch"]>[1];

/** Runs the requests that are sound; one that is not becomes a failed item in its place. */
async function batchOf(backtester: Backtester, requests: ReadonlyArray<Outcome<BacktestRequest>>, options: BatchOptions, signal: AbortSignal): Promise<BatchResult> {
  const sound = requests.flatMap((outcome, index) => (outcome.ok ? [{ index, request: outcome.value }] : []));
  const placeOf = (item: BatchItem): BatchItem => ({ ...item, index: (sound[item.index] as { index: number }).index });
  const { onItem } = options;
  const batch = await backtester.batch(
    sound.map(({ request }) => request),
    { ...options, ...(onItem === undefined ? {} : { onItem: (item: BatchItem) => onItem(placeOf(item)) }) },
    signal,
  );
  if (sound.length === requests.length) return batch;
  const done = new Map(batch.results.map((item) => [placeOf(item).index, placeOf(item)]));
  const results = requests.map((outcome, index): BatchItem => {
    if (outcome.ok) return done.get(index) as BatchItem;
    return { index, status: "error", error: { code: outcome.error.code, message: outcome.error.message } };
  });
  const failed = batch.failed + requests.length - sound.length;
  return { ...batch, run: requests.length, failed, successRate: batch.succeeded / requests.length, results };
}

function ledgerRow(result: BacktestResult, front: SessionOptions["front"]): RunRow {
  return {
    runHash: result.runHash,
    at: Date.now(),
    front,
    strategy: result.strategy,
    params: canonicalJson(result.params),
    dataset: result.dataset.name,
    datasetHash: result.dataset.sha256,
    sharpe: result.stats.sharpe,
    totalReturnPct: result.stats.totalReturnPct,
    maxDrawdownPct: result.stats.maxDrawdownPct,
    trades: result.stats.trades,
    durationMs: result.durationMs,
    simulated: result.simulated,
  };
}

/** A date or ISO time as UTC milliseconds. */
function instant(text: string, what: string): number {
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(/T/.test(text) && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text) : Number.NaN;
  if (Number.isNaN(at)) throw badInput("bad-date", `${what} is "${text}", which is not a date.`, "Write it like 2019-05-01.");
  return at;
}

function keysFromEnvironment(env: Readonly<Record<string, string | undefined>>): Keys | undefined {
  const keyId = env["APCA_API_KEY_ID"] || env["ALPACA_API_KEY"];
  const secretKey = env["APCA_API_SECRET_KEY"] || env["ALPACA_SECRET_KEY"];
  if (!keyId && !secretKey) return undefined;
  if (!keyId || !secretKey) {
    throw badInput("half-a-key", `${keyId ? "APCA_API_SECRET_KEY" : "APCA_API_KEY_ID"} is not set, but the other half of the key is.`, "Set both, or neither for the built-in simulated exchange.");
  }
  return { keyId, secretKey };
}
