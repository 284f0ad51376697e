/**
 * The composition root: with link.ts the only file that knows all the rooms. Two sessions in one process share nothing.
 */
import { join, resolve as resolvePath } from "node:path";
import type { Config, ConfigSource, SettingKey, SettingValue } from "./config/schema.ts";
import { loadConfig } from "./config/load.ts";
import { ceilingsOf, thresholdsOf, workersOf } from "./config/ceilings.ts";
import { keysFromEnvironment } from "./config/keys.ts";
import { checkProvider } from "./config/provider.ts";
import { chooseVenue, type Keys } from "./config/venue.ts";
import type {
  AnalystRunner,
  Backtester,
  Broker,
  KillSwitchResult,
  MarketData,
  PricesOfThePast,
  PublicData,
  ScanOptions,
  ScanRunner,
  Store,
} from "./domain/ports.ts";
import type { Account, ClosedPosition, OrderChange, OrderIntent, Reason } from "./domain/orders.ts";
import type { AssertionReport } from "./domain/assertionReport.ts";
import type { Analysis, ScanResult } from "./domain/research.ts";
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult, EngineName } from "./domain/backtest.ts";
import type { BacktestSpec, LiveQuestion, Placed, SessionStatus } from "./domain/desk.ts";
import type { Sweep, SweepOptions, SweepSpec } from "./domain/sweep.ts";
import type { WalkForward, WalkForwardSpec } from "./domain/walkForward.ts";
import type { Dataset } from "./domain/bars.ts";
import type { Sentence } from "./domain/sentence.ts";
import { systemClock } from "./base/clock.ts";
import { defaultHome, fileLog, makeHome } from "./base/home.ts";
import { silentLog, teeLog, withoutSecrets, type Log } from "./base/log.ts";
import { Scope } from "./base/scope.ts";
import { loadDataset, type DatasetRange } from "./data/dataset.ts";
import { parseInstant } from "./data/instants.ts";
import { createBacktester } from "./backtest/backtester.ts";
import { clockedSeries } from "./backtest/clock.ts";
import type { ReportExtras } from "./backtest/report.ts";
import { findStrategy } from "./backtest/strategies/builtin.ts";
import { engineIdentity, strategyCode } from "./backtest/strategyCode.ts";
import { TypeCheck } from "./backtest/typeCheck.ts";
import { createScanRunner } from "./scanner/scanRunner.ts";
import { createAnalystThread } from "./analysts/analystThread.ts";
import { runLatencyBenchApart } from "./features/benchApart.ts";
import { createFeatureComputer, type AsyncFeatureComputer } from "./features/featureComputer.ts";
import { backtestFamilies, brokerFamilies, queueFamilies, scannerFamilies, sourceFamilies } from "./metrics/families.ts";
import type { Metrics } from "./metrics/operations.ts";
import { openPerformance, type Performance } from "./metrics/performance.ts";
import { previewOrder, type Previewed } from "./session/preview.ts";
import { converse } from "./session/converse.ts";
import type { Reply } from "./session/replies.ts";
import { createLimits, type Limits } from "./session/limits.ts";
import { runAssertions, type AssertionOptions } from "./session/assertions.ts";
import type { GapReport } from "./session/gap.ts";
import type { GapQuery } from "./session/gapGroups.ts";
import { keepingPublic, keepingSources } from "./session/readSources.ts";
import { recorded } from "./session/recorded.ts";
import { createResearch } from "./session/research.ts";
import { RunLedger } from "./session/runLedger.ts";
import { createTrading, type ClosedPart } from "./session/trading.ts";
import { readSensitivity, type SensitivityQuery, type SensitivityReport } from "./session/sensitivity.ts";
import { createStatus } from "./session/status.ts";
import { openStore } from "./store/store.ts";
import { createLink, type LinkParts } from "./link.ts";

/** For fronts: the built-in strategies with their parameters, the latency benchmark, the end and reset of a home's exchange, stored tables. */
export { servePerformance, type PerformanceServer } from "./metrics/servePerformance.ts";
export { BUILTIN_STRATEGIES } from "./backtest/strategies/builtin.ts";
export { assertNoLookAhead } from "./backtest/lookAhead.ts";
export { checkGrid } from "./backtest/sweep/grid.ts";
export { runLatencyBenchApart } from "./features/benchApart.ts";
export { featureAdvice } from "./metrics/advice.ts";
export { watchScans } from "./scanner/watch.ts";
export { stopExchange } from "./exchange/embedded.ts";
export { resetExchange } from "./exchange/reset.ts";
export { exportCsv, exportRows, exportTable, type ExportName } from "./session/exportTable.ts";

export type { SweepSpec } from "./domain/sweep.ts";
export type { GapReport } from "./session/gap.ts";
export type { BacktestSpec, LiveQuestion, Placed, SessionStatus } from "./domain/desk.ts";
export type { Ask, Reply } from "./session/replies.ts";
export type { Previewed } from "./session/preview.ts";

export interface SessionOptions {
  /** State folder; the platform's data directory when absent. */
  readonly home?: string;
  /** Folder whose quantdesk.json is read; none when absent. */
  readonly workspace?: string;
  /** Values with their source, on top of defaults, quantdesk.json and environment. */
  readonly overrides?: ReadonlyArray<{ readonly key: SettingKey; readonly value: SettingValue; readonly source: Extract<ConfigSource, "vscode" | "flag"> }>;
  /** Keys from SecretStorage, with the origin that they were entered for: they go to no other. The environment's when absent. */
  readonly keys?: Keys;
  /** Keys of public data sources from SecretStorage, by the names of their environment variables, before the environment's. */
  readonly sourceKeys?: Readonly<Record<string, string>>;
  /** Which front opened it: shown in the trial ledger and the audit log. */
  readonly front: "cli" | "extension" | "kernel" | "demo" | "test";
  readonly log?: Log;
  /** Seed of the embedded exchange when this session starts one. */
  readonly seed?: number;
  /** Ends the embedded exchange with the session (demo). */
  readonly ownExchange?: boolean;
  /** Asked for live trading outright: `confirm` shows account, order and value to the person before each order and answers whether they said yes. */
  readonly live?: { readonly confirm: (question: LiveQuestion, signal: AbortSignal) => Promise<boolean> };
}

/** Everything that Quantdesk can do, for one person in one window or command. */
export interface Session {
  /** The state folder, absolute. */
  readonly home: string;
  readonly config: Config;
  readonly sources: Readonly<Record<SettingKey, ConfigSource>>;
  readonly broker: Broker;
  readonly data: MarketData;
  /** What public sources tell beside prices: insiders, earnings, companies, posts. */
  readonly publicData: PublicData;
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
  /** What `placeOrder` would do and cost now, or the refusal that it would meet; writes and sends nothing. */
  previewOrder(intent: OrderIntent, signal: AbortSignal): Promise<Previewed>;
  /** Guards, journal, submit: the one way to an order for every front. Live asks the person first. */
  placeOrder(intent: OrderIntent, signal: AbortSignal): Promise<Placed>;
  /** As the broker's; live asks the person first. */
  replaceOrder(id: string, change: OrderChange, reason: Reason, signal: AbortSignal): Promise<Placed>;
  /** As the broker's; live asks the person first when a cell or an agent wants it. */
  closePosition(symbol: string, part: ClosedPart, reason: Reason, signal: AbortSignal): Promise<Placed>;
  /** As the broker's; live asks the person first when a cell or an agent wants it. */
  closeAll(reason: Reason, signal: AbortSignal): Promise<readonly ClosedPosition[]>;
  /** As the broker's; allowing live trading again asks the person first and throws `live-not-confirmed` on a no. */
  setKillSwitch(change: "on" | "off", options: Reason & { readonly flatten?: boolean }, signal: AbortSignal): Promise<KillSwitchResult>;
  /** Risk limits of the connected account, by source. */
  readonly limits: Limits["limits"];
  /** Changes the account's own limits for every process on the state folder; null takes them all away. Never loosens what the settings say. */
  readonly setLimits: Limits["setLimits"];
  /** What a sentence does; whatever changes something comes back as a question, with the act behind it. `origin` goes into the audit log. */
  converse(sentence: Sentence, origin: string, signal: AbortSignal): Promise<Reply>;
  /** Who the analysts are; a change rebuilds their graph and nothing else. Throws on a provider that is not there. */
  setProvider(provider: string): Promise<void>;
  readonly provider: string;
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  /** Prices of a folder (or a file) as they were known on a date, with that day, or at a time; for `scan`. What cannot be used is told to the log. */
  pricesAsOf(path: string, asOf: string, signal: AbortSignal): Promise<PricesOfThePast>;
  analyze(symbol: string, options: { readonly analysts?: readonly string[]; readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
  /** A file, a sample or a symbol's bars. */
  dataset(reference: string, options: DatasetRange, signal: AbortSignal): Promise<Dataset>;
  /** Runs it and writes it into the trial ledger. */
  backtest(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestResult>;
  backtests(
    specs: readonly BacktestSpec[],
    options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void },
    signal: AbortSignal,
  ): Promise<BatchResult>;
  /** Many combinations of a strategy's parameters; one row of the trial ledger that counts for all of them. An abort keeps what is done. */
  sweep(spec: SweepSpec, options: SweepOptions, signal: AbortSignal): Promise<Sweep>;
  /** Parameters chosen on past bars and tried on those after, window after window; one row of the trial ledger. An abort keeps the windows that are done. */
  walkForward(spec: WalkForwardSpec, options: SweepOptions, signal: AbortSignal): Promise<WalkForward>;
  /** A sweep, or a walk-forward analysis, as one HTML page that needs no network. */
  heatmap(sweep: Sweep): Promise<string>;
  /** Why days of trading earned something else than the backtest of the same days. */
  gap(query: GapQuery, signal: AbortSignal): Promise<GapReport>;
  /** What past sweeps say about a strategy's parameters. */
  sensitivity(query: SensitivityQuery, signal: AbortSignal): Promise<SensitivityReport>;
  /** Runs files of strategy assertions; a file that is not there is bad input. */
  test(files: readonly string[], options: AssertionOptions, signal: AbortSignal): Promise<AssertionReport>;
  walkForwardReport(walk: WalkForward): Promise<string>;
  /** The result as one HTML file that needs no network; `data` is the reference that it was run on. */
  report(data: string, result: BacktestResult, extras: ReportExtras, signal: AbortSignal): Promise<string>;
  /** The request that `spec` means, its data set registered. */
  resolve(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestRequest>;
  /** For what a front opens on the session: it is closed with it, before what it uses. Answers a function that forgets it. */
  onClose(closer: () => void | Promise<void>): () => void;
  close(): Promise<void>;
}

/** Opens a session: reads the configuration, makes the state folder and the store. Everything else starts on first use. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const home = resolvePath(options.home ?? defaultHome());
  const { config, sources } = await loadConfig({
    env: process.env,
    overrides: options.overrides ?? [],
    home,
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
  });
  const keys = options.keys ?? keysFromEnvironment(process.env);
  const venue = chooseVenue(config, sources, keys, options.live !== undefined);
  makeHome(home);
  const secrets = [keys?.secretKey, keys?.keyId, ...SECRET_VARIABLES.map((name) => process.env[name]), ...Object.values(options.sourceKeys ?? {})].filter(
    (secret) => secret !== undefined,
  );
  const file = fileLog(home);
  const log = withoutSecrets(teeLog(file.log, options.log ?? silentLog), () => secrets);
  const scope = new Scope({ name: "The session" });
  scope.onClose(() => file.flush());
  try {
    const store = await openStore(join(home, "quantdesk.sqlite"), scope.signal, (sentence) => log.warn(sentence));
    scope.onClose(() => store.close());
    if (store.readOnly !== null) {
      const why = store.readOnly.code === "store-too-new" ? `${home} was changed by a newer Quantdesk` : store.readOnly.message.replace(/\.$/, "");
      log.warn(`${why}: this one shows what is there, keeps no results and sends no orders; cancels go.`);
    }
    return assemble({ options, config, sources, venue, keys, home, log, scope, store, secrets });
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** Of the environment: never in a line of a log. */
const SECRET_VARIABLES = ["FINNHUB_API_KEY", "ALPHAVANTAGE_API_KEY", "REDDIT_CLIENT_SECRET", "OPENAI_API_KEY", "LANGSMITH_API_KEY", "QUANTDESK_TOKEN"] as const;

/** Measured like the offloaded ones, but no matter of `health`: a strategy that fails says nothing of the workers. */
const OWN_OPERATIONS = ["scan", "analysis", "backtest", "batch", "sweep", "walk-forward"] as const;

interface Parts extends LinkParts {
  readonly options: SessionOptions;
}

function assemble(parts: Parts): Session {
  const { options, config, sources, venue, home, log, scope, store } = parts;
  const simulated = venue.mode === "embedded";
  const given = (key: SettingKey) => sources[key] !== "default";

  const link = createLink(parts);
  const { broker, data, publicData } = link;

  const backtester = createBacktester({
    workers: workersOf({ config, sources }, "backtest.workers"),
    timeoutMs: config["backtest.timeoutSeconds"] * 1000,
    log,
    smallRunsHere: options.front === "cli",
  });
  scope.onClose(() => backtester.close());

  const scanner = createScanRunner({
    data: keepingSources(data, "scanner", store, log),
    publicData: keepingPublic(publicData, "scanner", store, log),
    settings: {
      concurrent: config["scanners.concurrent"],
      maxWorkers: config["scanners.maxWorkers"],
      timeoutMs: config["scanners.timeoutSeconds"] * 1000,
      enabled: (name) => (config as Readonly<Record<string, unknown>>)[`scanners.${name}.enabled`] !== false,
      thresholds: (name) => thresholdsOf(config, name),
    },
    lastScanSymbols: (signal) => store.lastScanSymbols(signal),
    saveScan: (at, candidates, signal) => store.addScan(at, candidates, signal),
    keys: new Set(
      ["FINNHUB_API_KEY", "ALPHAVANTAGE_API_KEY", "REDDIT_CLIENT_ID"].filter((name) => (options.sourceKeys?.[name] ?? process.env[name] ?? "") !== ""),
    ),
    circuitsFile: join(home, "circuits.json"),
    sourceCircuits: link.circuits,
    log,
    clock: systemClock,
  });

  let provider = config["analysts.provider"]; // one that is not there stops its analyses, not orders and cancels
  let analysts = createAnalystThread({ data: keepingSources(data, "analyst", store, log), selected: config["analysts.selected"], log });
  scope.onClose(() => analysts.close());

  const featureWorkers = workersOf({ config, sources }, "features.workers");
  let features: AsyncFeatureComputer | undefined;
  const performance = openPerformance({
    queue: () => ({ depth: features?.queue.depth ?? 0, capacity: config["features.queueSize"] }),
    workers: () => features?.activeWorkers ?? 0,
    families: () => [
      ...queueFamilies(features?.queue ?? { running: 0, refused: 0 }),
      ...backtestFamilies(backtester.load()),
      ...scannerFamilies(scanner.circuits()),
      ...sourceFamilies(publicData.sources()),
      ...brokerFamilies(broker.metrics()),
    ],
    isJudged: (operation) => !(OWN_OPERATIONS as readonly string[]).includes(operation),
    runBenchmark: (benchmark, operations, signal) =>
      runLatencyBenchApart(
        { benchmark, operations, workers: featureWorkers, useProcessPool: config["features.useProcessPool"] },
        signal,
        log,
        performance.metrics,
      ),
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
  const dataset: Session["dataset"] = (reference, range, signal) => loadDataset(reference, link.symbols, range, signal);
  const typeCheck = new TypeCheck(log);
  const research = createResearch({
    front: options.front,
    folder: options.workspace ?? process.cwd(),
    engine: config["backtest.engine"] as EngineName | "auto",
    load: ({ data: reference, ...range }, signal) => dataset(reference, range, signal),
    instant: parseInstant,
    checkName: findStrategy,
    checkTypes: (path, signal) => typeCheck.check(path, signal),
    backtester,
    ledger: new RunLedger({ front: options.front, store, code: strategyCode, engineIdentity, log }),
    log,
  });

  const timed = <A extends readonly unknown[], R>(operation: (typeof OWN_OPERATIONS)[number], work: (...args: A) => Promise<R>) =>
    recorded(performance.metrics, operation, work);
  const session: Session = {
    home,
    config,
    sources,
    broker,
    data,
    publicData,
    scanner,
    get analysts() {
      return analysts;
    },
    get provider() {
      return provider;
    },
    setProvider: async (wanted) => {
      checkProvider(wanted);
      const before = analysts;
      provider = wanted;
      analysts = createAnalystThread({ data: keepingSources(data, "analyst", store, log), selected: config["analysts.selected"], log });
      await before.close();
    },
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
    previewOrder: (intent, signal) =>
      previewOrder(intent, { broker, data, store, mode: venue.mode, duplicateWindowMs: config["risk.duplicateWindowSeconds"] * 1000 }, signal),
    ...createTrading(broker, venue.mode, options.live?.confirm),
    ...createLimits({ broker, store, settings: ceilingsOf(config) }),
    scan: timed("scan", (scanOptions, signal) => scanner.scan(scanOptions, signal)),
    pricesAsOf: async (path, asOf, signal) => {
      const at = parseInstant(asOf, "The day (as of)", { end: true });
      const { readPricesAsOf } = await import("./data/priceFolder.ts");
      return readPricesAsOf(path, at, (sentence) => log.warn(sentence), signal);
    },
    analyze: timed("analysis", async (symbol, analyzeOptions, signal) => {
      checkProvider(provider);
      const analysis = await analysts.analyze(symbol, analyzeOptions, signal);
      // At an address of one's own, the first answer tells that the market is simulated: the analysts' thread has not seen it.
      return { ...analysis, simulated: analysis.simulated || data.simulated };
    }),
    dataset,
    ...research,
    backtest: timed("backtest", research.backtest),
    backtests: timed("batch", research.backtests),
    sweep: timed("sweep", research.sweep),
    walkForward: timed("walk-forward", research.walkForward),
    report: async (reference, result, extras, signal) => {
      const { renderReport } = await import("./backtest/report.ts");
      const { timeZone, timeframe } = extras.spec ?? {};
      const range = { ...(timeZone === undefined ? {} : { timeZone }), ...(timeframe === undefined ? {} : { timeframe }) };
      return renderReport(result, clockedSeries(await dataset(reference, range, signal)), extras);
    },
    sensitivity: (query, signal) => readSensitivity(query, store, signal),
    gap: async (query, signal) => {
      const { gapReport } = await import("./session/gap.ts");
      const loaded = ({ data: reference, timeZone, timeframe }: BacktestSpec, caller: AbortSignal) =>
        dataset(reference, { ...(timeZone === undefined ? {} : { timeZone }), ...(timeframe === undefined ? {} : { timeframe }) }, caller);
      const codeHash = async (spec: BacktestSpec) => (await strategyCode((await research.resolve(spec, signal)).strategy)).hash;
      const { accountActivities } = await import("./session/gapCharges.ts");
      return gapReport(query, { store, data, activities: accountActivities(broker), dataset: loaded, backtest: research.backtest, codeHash }, signal);
    },
    test: async (files, assertionOptions, signal) => {
      const { checkAssertionFile, runAssertionFile } = await import("./backtest/assertions/runAssertionFile.ts");
      return runAssertions(files, assertionOptions, { backtest: research.backtest, checkFile: checkAssertionFile, runFile: runAssertionFile, log }, signal);
    },
    heatmap: async (sweep) => (await import("./backtest/sweep/heatmap.ts")).heatmapPage(sweep),
    walkForwardReport: async (walk) => (await import("./backtest/sweep/walkForwardPage.ts")).walkForwardPage(walk),
    onClose: (closer) => scope.onClose(closer),
    converse: (sentence, origin, signal) => converse(session, sentence, origin, signal),
    close: () => scope.close(),
  };
  return session;
}
