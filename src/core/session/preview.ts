/** The order preview out of guards, positions, past bars and the journal; writes and sends nothing. */
import { TradingError } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { OrderIntent, RefusalCode, TradingMode } from "../domain/orders.ts";
import type { Broker, JournalledOrder, MarketData, Store } from "../domain/ports.ts";
import { bookLines, expectedCost, exitsOf, holdings, limitLines, proposalOf, type BookPreview, type Proposal } from "../domain/preview.ts";
import { worstDays, type BookLine, type WorstDays } from "../domain/worstDays.ts";

export type Previewed =
  | { readonly allowed: true; readonly preview: BookPreview }
  | { readonly allowed: false; readonly code: RefusalCode; readonly message: string; readonly hint: string };

interface PreviewParts {
  readonly broker: Broker;
  readonly data: MarketData;
  readonly store: Store;
  readonly mode: TradingMode;
  /** An equal order within this time would be refused. */
  readonly duplicateWindowMs: number;
}

/** Two years of trading days, and the close before them. */
const DAYS = 505;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Counting goes no further than any sensible limit. */
const MOST_COUNTED = 1000;
const OLD_QUOTE_MS = 5000;
const MUCH_OF_EQUITY_PCT = 25;

/** What sending `intent` now would do and cost, or the refusal that it would meet. Throws on an intent that makes no sense. */
export async function previewOrder(raw: OrderIntent, { broker, data, store, mode, duplicateWindowMs }: PreviewParts, signal: AbortSignal): Promise<Previewed> {
  const intent: OrderIntent = { ...raw, symbol: raw.symbol.trim().toUpperCase() };
  const guards = await broker.preview(intent, signal);
  if (!guards.allowed) return guards;
  const { accountNumber } = guards.account;
  const [positions, journalled, isStopped, alarms] = await Promise.all([
    broker.getPositions(signal),
    store.journalledOrders(accountNumber, MOST_COUNTED, signal),
    store.killSwitch(accountNumber, null, signal),
    broker.getAlarms(signal),
  ]);
  const since = Date.now() - MINUTE_MS;
  const sent = journalled.filter((order) => order.at > since && isSent(order)).length;
  const warnings = [...guards.warnings];
  if (isStopped) warnings.push("The kill switch is on: sent now, the order would be refused.");
  const isEqual = journalled.some((order) => order.at > Date.now() - duplicateWindowMs && isSent(order) && isSame(order, intent));
  if (isEqual && intent.again !== true) warnings.push("An equal order was just sent: sent now, this one would be refused, unless it is asked for again.");
  for (const alarm of alarms) {
    if (alarm.blocksEntries) warnings.push(`${alarm.message} Orders that open or add to a position are refused until that is acknowledged.`);
    else if (alarm.symbol === intent.symbol) warnings.push(alarm.message);
  }
  const position = holdings(intent, guards);
  const { quote, clock, units, limits } = guards;
  if (limits.maxOrdersPerMinute !== null && sent >= limits.maxOrdersPerMinute)
    warnings.push(`${sent} orders were sent in the last minute, which is the limit: sent now, the order would be refused.`);
  if (quote !== null && clock.isOpen && clock.at - quote.at > OLD_QUOTE_MS) warnings.push(`The quote is ${Math.round((clock.at - quote.at) / 1000)} s old.`);
  const size = quote === null ? 0 : intent.side === "buy" ? quote.askSize : quote.bidSize;
  if (units !== null && size > 0 && intent.limitPrice === undefined && units.gt(size))
    warnings.push(`${size} are offered at the quote: the rest of the order trades at worse prices.`);
  const share = position.after?.ofEquityPct ?? 0;
  if (share > MUCH_OF_EQUITY_PCT && share > (position.before.ofEquityPct ?? 0)) warnings.push(`${intent.symbol} would be ${share.toFixed(1)} % of equity.`);
  const lines = bookLines(intent, positions, guards);
  const [past, proposal] = await Promise.all([
    replay(lines, { equity: guards.account.equity.toNumber(), before: Math.floor(clock.at / DAY_MS) * DAY_MS }, data, signal),
    proposedBy(intent, store, signal),
  ]);
  if (proposal.kind === "run" && proposal.run === undefined) warnings.push(`The trial ledger has no run ${proposal.id}.`);
  return {
    allowed: true,
    preview: {
      intent,
      guards,
      mode,
      cost: expectedCost(intent, guards, mode),
      limits: limitLines(intent, guards, sent),
      exits: exitsOf(intent, guards),
      position,
      worstDays: past.worst,
      proposedBy: proposal,
      warnings: [...warnings, ...past.warnings],
    },
  };
}

function isSent({ state }: JournalledOrder): boolean {
  return state !== "rejected" && state !== "not-sent";
}

/** As the duplicate guard sees it: symbol, side, size, type and prices. */
function isSame({ body }: JournalledOrder, intent: OrderIntent): boolean {
  const sent = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const equal = (field: string, wanted: string | undefined) => (sent[field] ?? undefined) === wanted;
  return (
    equal("symbol", intent.symbol) &&
    equal("side", intent.side) &&
    equal("type", intent.type) &&
    equal("qty", intent.qty?.toFixed()) &&
    equal("notional", intent.notional?.toFixed()) &&
    equal("limit_price", intent.limitPrice?.toFixed()) &&
    equal("stop_price", intent.stopPrice?.toFixed())
  );
}

/** A run is looked up in the trial ledger by the beginning of its hash. */
async function proposedBy(intent: OrderIntent, store: Store, signal: AbortSignal): Promise<Proposal> {
  const proposal = proposalOf(intent);
  const { id } = proposal;
  if (proposal.kind !== "run" || id === undefined) return proposal;
  const [run] = await store.runsByHash(id, signal);
  if (run === undefined) return proposal;
  const { runHash, strategy, params, dataset, sharpe } = run;
  return { ...proposal, run: { runHash, strategy, params, dataset, sharpe } };
}

/** Without past prices the rest of the preview still stands. */
async function replay(
  lines: readonly BookLine[],
  { equity, before }: { readonly equity: number; readonly before: number },
  data: MarketData,
  signal: AbortSignal,
): Promise<{ readonly worst: WorstDays | null; readonly warnings: readonly string[] }> {
  let bars: ReadonlyMap<string, BarSeries>;
  try {
    const symbols = lines.map((line) => line.symbol);
    bars = await data.bars(symbols, { timeframe: "1Day", limit: DAYS, to: before - 1 }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return { worst: null, warnings: [`Past days could not be read, so worst days are not shown: ${TradingError.from(error, "failed").message}`] };
  }
  const worst = worstDays(
    lines.map((line) => {
      const series = bars.get(line.symbol);
      return series === undefined ? line : { ...line, bars: series };
    }),
    equity,
  );
  if (worst === null) return { worst, warnings: ["There are no past days to replay the book on."] };
  return { worst, warnings: worst.missing.length === 0 ? [] : [`Worst days leave out ${worst.missing.join(", ")}: there are no past prices.`] };
}
