/** What `import … from "quantdesk"` gives in a strategy or scanner file that runs in a worker: the library without the session. */
import { TradingError } from "./core/base/errors.ts";

export { defineStrategy } from "./core/domain/strategy.ts";
export type { BarContext, EntryOptions, ExitOptions, ParamSpec, Signals, StrategyDefinition, VectorContext } from "./core/domain/strategy.ts";
export { expectBacktest } from "./core/domain/assertions.ts";
export { defineScanner } from "./core/domain/scanner.ts";
export type { ScannerDefinition, ScanState, ScanTools } from "./core/domain/scanner.ts";
export { computeIndicator, INDICATORS, openIndicator } from "./core/domain/indicators/catalog.ts";
export type { IndicatorColumns, IndicatorDefinition, IndicatorBar } from "./core/domain/indicators/definition.ts";
export type { IndicatorStream } from "./core/domain/indicators/catalog.ts";
export { atr, bollinger, crossOver, crossUnder, ema, highest, lag, lowest, macd, rsi, sma, stdev } from "./core/domain/indicators.ts";
export { TradingError };

export function openSession(): never {
  throw new TradingError("not-here", "openSession() is not there inside a strategy or scanner file: it runs in a worker that holds no session.");
}
