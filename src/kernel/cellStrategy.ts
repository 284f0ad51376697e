/**
 * Strategies of a cell: what defineStrategy() answers becomes the text of a strategy file, since strategies run in a
 * process of their own. What its functions capture from around them is refused by name.
 */
import { badInput, TradingError } from "../core/base/errors.ts";
import { sourceText, type Blocking } from "./deskLocal.ts";
import type { CellStrategy } from "./deskTypes.d.ts";

/** As it goes to the owner. */
export interface StrategyText {
  readonly name: string;
  /** A module whose default export is the strategy. */
  readonly code: string;
}

/** `spec`, or each of several, with a strategy of the cell as text; everything else as it was asked for. */
export async function withStrategyAsText(spec: unknown, openBlocking: () => Promise<Blocking>): Promise<unknown> {
  if (Array.isArray(spec)) return await Promise.all(spec.map((one) => withStrategyAsText(one, openBlocking)));
  if (spec === null || typeof spec !== "object" || !("strategy" in spec)) return spec;
  const { strategy } = spec;
  return isDefinition(strategy) ? { ...spec, strategy: strategyText(strategy, await openBlocking()) } : spec;
}

function isDefinition(value: unknown): value is CellStrategy {
  return value !== null && typeof value === "object" && typeof (value as { name?: unknown }).name === "string";
}

function strategyText(strategy: CellStrategy, away: Blocking): StrategyText {
  const { name, params } = strategy;
  const functions = (["signals", "onBar"] as const).flatMap((key) => {
    const work = strategy[key];
    return work === undefined ? [] : [`  ${key}: ${functionText(name, work, away)},\n`];
  });
  const symbols = strategy.symbols === undefined ? "" : `  symbols: ${JSON.stringify(strategy.symbols)},\n`;
  return { name, code: `export default {\n  name: ${JSON.stringify(name)},\n  params: ${JSON.stringify(params ?? {})},\n${symbols}${functions.join("")}};\n` };
}

function functionText(name: string, work: unknown, away: Blocking): string {
  if (typeof work !== "function") throw badInput("bad-argument", `The strategy ${name} is none.`, "Give what defineStrategy() answers.");
  try {
    return sourceText(work as (...args: never[]) => unknown, away);
  } catch (error) {
    if (!(error instanceof TradingError)) throw error;
    throw badInput(error.code, `The strategy ${name}: ${error.message}`, "Declare it inside the function, or make it one of params.");
  }
}
