/** The library `quantdesk`: what strategies, scanners, notebooks and programs import. */
export { assertNoLookAhead, openSession } from "./core/session.ts";
export type { BacktestSpec, Placed, Session, SessionOptions, SessionStatus } from "./core/session.ts";
export { defineStrategy } from "./core/domain/strategy.ts";
export type { BarContext, EntryOptions, ExitOptions, ParamSpec, Signals, StrategyDefinition, VectorContext } from "./core/domain/strategy.ts";
export { expectBacktest } from "./core/domain/assertions.ts";
export type { BacktestExpectation, Period } from "./core/domain/assertions.ts";
export { defineScanner } from "./core/domain/scanner.ts";
export type { ScannerDefinition, ScanState, ScanTools } from "./core/domain/scanner.ts";
export { computeIndicator, INDICATORS, openIndicator } from "./core/domain/indicators/catalog.ts";
export type { IndicatorColumns, IndicatorDefinition, IndicatorBar } from "./core/domain/indicators/definition.ts";
export type { IndicatorStream } from "./core/domain/indicators/catalog.ts";
export { atr, bollinger, crossOver, crossUnder, ema, highest, lag, lowest, macd, rsi, sma, stdev } from "./core/domain/indicators.ts";
export { TradingError } from "./core/base/errors.ts";
export type { Outcome } from "./core/base/errors.ts";
