/**
 * A run that sees all its bars but trades only from one of them on: indicators are warm when it begins, and what it does
 * before counts for nothing. The signal of the bar before is the first that counts, since it fills at the open of the first.
 */
import type { BacktestRequest } from "../domain/backtest.ts";
import type { SignalArray, StrategyDefinition } from "../domain/strategy.ts";
import { badInput } from "../base/errors.ts";

/** Number of the first bar that may hold a position; 0 without `tradeFrom`. */
export function firstTradedBar(clock: Float64Array, { tradeFrom }: Pick<BacktestRequest, "tradeFrom">): number {
  if (tradeFrom === undefined) return 0;
  const first = clock.findIndex((time) => time >= tradeFrom);
  if (first < 0) throw badInput("no-bars", "There are no bars to trade on.", "The run has to begin before the last bar.");
  return first;
}

/** The same strategy, deaf to its own signals and orders before bar `first` can be traded. */
export function tradingFrom(definition: StrategyDefinition, first: number, fill: BacktestRequest["fill"]): StrategyDefinition {
  const firstSignal = fill === "close" ? first : first - 1;
  if (firstSignal <= 0) return definition;
  const { signals, onBar } = definition;
  return {
    ...definition,
    ...(signals === undefined
      ? {}
      : {
          signals: (bars, params) => {
            const answer = signals.call(definition, bars, params);
            const short = answer?.shortEntries === undefined ? {} : { shortEntries: quiet(answer.shortEntries, firstSignal) };
            return { ...answer, ...short, entries: quiet(answer?.entries, firstSignal), exits: quiet(answer?.exits, firstSignal) };
          },
        }),
    ...(onBar === undefined
      ? {}
      : {
          onBar: (bar, params) => {
            const answer: unknown = onBar.call(definition, bar, params);
            if (bar.index < firstSignal) for (const symbol of bar.symbols) bar.of(symbol).cancelAll();
            return answer as void;
          },
        }),
  };
}

/** A copy, since a strategy may keep what it answers. What is no array is left for the engine to refuse. */
function quiet(values: SignalArray | undefined, before: number): SignalArray {
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
  return isList ? ((values as Int8Array).slice(0) as Int8Array).fill(0, 0, before) : (values as unknown as SignalArray);
}
