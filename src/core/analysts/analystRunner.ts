/** The analysts of a session: which judge, their shared tool cache, and the analysis as one result with its spans. */
import type { Clock } from "../base/clock.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { FlightCache } from "../base/flightCache.ts";
import type { Log } from "../base/log.ts";
import { knownNames, nearest } from "../base/nearest.ts";
import { Scope } from "../base/scope.ts";
import type { AnalystRunner, MarketData } from "../domain/ports.ts";
import type { Analysis, Opinion } from "../domain/research.ts";
import type { Analyst } from "./analyst.ts";
import { createGraph, type AnalysisRun, type AnalystGraph } from "./graph.ts";
import { COMING_ANALYSTS, RULE_ANALYSTS } from "./rules/table.ts";
import { createAnalystTools, type ToolAccount } from "./tools.ts";

export interface AnalystsOptions {
  readonly data: MarketData;
  readonly provider: "rules";
  readonly selected: readonly string[];
  readonly log: Log;
  readonly clock: Clock;
}

/** Tool answers kept, and for how long. */
const CACHE_ENTRIES = 1000;
const CACHE_MS = 60_000;
const TOOL_MS = 10_000;
const ANALYSIS_MS = 120_000;

/** AAPL, BRK.B, BTC/USD. */
const SYMBOL = /^[A-Z0-9]{1,10}(?:[./-][A-Z0-9]{1,10})?$/;

export function createAnalysts(options: AnalystsOptions): AnalystRunner {
  if (options.provider !== "rules") throw badInput("not-yet", `The analysts' provider ${String(options.provider)} is not there yet.`, "Use rules.");
  const cache = new FlightCache({ capacity: CACHE_ENTRIES, ttlMs: CACHE_MS, deadlineMs: TOOL_MS, now: () => options.clock.now() });
  let graph: Promise<AnalystGraph> | undefined;
  const loadGraph = () => {
    graph ??= createGraph().catch((error: unknown) => {
      graph = undefined; // the next analysis may try again
      throw new TradingError("graph-not-loaded", `The analysts' graph cannot be loaded: ${(error as Error).message}`, { cause: error });
    });
    return graph;
  };
  return { analyze: (symbol, asked, signal) => analyze({ ...options, cache, loadGraph }, symbol, asked, signal) };
}

interface Parts extends AnalystsOptions {
  readonly cache: FlightCache;
  readonly loadGraph: () => Promise<AnalystGraph>;
}

async function analyze(parts: Parts, written: string, asked: Parameters<AnalystRunner["analyze"]>[1], signal: AbortSignal): Promise<Analysis> {
  signal.throwIfAborted();
  const symbol = written.trim().toUpperCase();
  if (!SYMBOL.test(symbol)) throw badInput("bad-symbol", `"${written}" is not a symbol.`, "Write it like AAPL or BRK.B.");
  const chosen = chooseAnalysts(asked.analysts ?? parts.selected);
  const { clock, data, cache, log } = parts;
  const startedAt = clock.now();
  const started = performance.now();
  const elapsed = () => Math.round((performance.now() - started) * 1000) / 1000;
  const say = (line: string) => {
    asked.onLine?.(line);
    log.debug(line);
  };
  const account: ToolAccount = { hits: 0, misses: 0, missing: new Set() };
  const scope = new Scope({ name: `The analysis of ${symbol}`, signal, deadlineMs: ANALYSIS_MS });
  const toolsFor = (calls: Array<Opinion["tools"][number]>, own: AbortSignal) =>
    createAnalystTools({ data, cache, symbol, account, elapsed, log: (call) => calls.push(call) }, own);
  try {
    // The graph loads while the source is asked whether it knows the symbol; the analysts find these bars in the cache.
    const first = toolsFor([], scope.signal);
    // A simulated market has a clock of its own, which its latest quote tells.
    const [graph, bars, quote] = await Promise.all([parts.loadGraph(), first.bars(), data.simulated ? first.quote() : undefined]);
    if (bars === null) throw await unknownSymbol(data, symbol, scope.signal);
    const now = quote?.at ?? startedAt;
    const run: AnalysisRun = {
      selected: chosen.map(({ name }) => name),
      opinionOf: async (name, own) => {
        const analyst = chosen.find((one) => one.name === name) as Analyst;
        const calls: Array<Opinion["tools"][number]> = [];
        const startMs = elapsed();
        say(`⏱️ ${name} START: ${new Date(startedAt + startMs).toISOString()}`);
        const judged = await analyst.judge(symbol, toolsFor(calls, own), now);
        const endMs = elapsed();
        say(`⏱️ ${name} END: ${new Date(startedAt + endMs).toISOString()} (duration: ${seconds(endMs - startMs)})`);
        return { analyst: name, ...judged, startMs, endMs, tools: calls };
      },
      riskBars: (own) => toolsFor([], own).bars(),
    };
    const { opinions, decision } = await graph.run(run, scope.signal);
    const durationMs = elapsed();
    say(`Total execution time: ${seconds(durationMs)}`);
    return {
      symbol,
      ...decision,
      opinions: run.selected.flatMap((name) => opinions.filter(({ analyst }) => analyst === name)),
      cache: { hits: account.hits, misses: account.misses },
      missing: [...account.missing].sort(),
      durationMs,
      simulated: data.simulated,
    };
  } catch (error) {
    scope.signal.throwIfAborted(); // LangGraph answers an abort with an error of its own
    throw error;
  } finally {
    await scope.close();
  }
}

function chooseAnalysts(wanted: readonly string[]): readonly Analyst[] {
  const names = RULE_ANALYSTS.map(({ name }) => name);
  for (const name of wanted) {
    if (COMING_ANALYSTS.includes(name)) throw badInput("not-yet", `The ${name} analyst is not there yet.`, `Known: ${names.join(", ")}.`);
    if (!names.includes(name)) throw badInput("unknown-analyst", `There is no analyst "${name}".`, knownNames(name, names));
  }
  if (wanted.length === 0) throw badInput("no-analysts", "No analyst is chosen.", `Choose from ${names.join(", ")}.`);
  return RULE_ANALYSTS.filter(({ name }) => wanted.includes(name));
}

async function unknownSymbol(data: MarketData, symbol: string, signal: AbortSignal): Promise<TradingError> {
  const near = await data.assets(signal).then(
    (assets) =>
      nearest(
        symbol,
        assets.map((asset) => asset.symbol),
      ),
    () => undefined,
  );
  return badInput("unknown-symbol", `There are no prices for ${symbol}.`, near === undefined ? "Check the symbol." : `Did you mean ${near}?`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`;
}
