/** Whether the ordinary engine says of the best combinations what the tables said. */
import type { SweepFigures } from "../../domain/sweep.ts";
import type { LedgerTrade } from "../ledger.ts";
import { COLUMNS } from "./figures.ts";
import type { FullAnswer } from "./messages.ts";

/** Largest relative difference that is rounding. */
const TOLERANCE = 1e-9;
/** Of what a trade is worth: a result below it is rounding, and may have either sign. */
const EVEN = 1e-12;

/** How far rounding alone can take the two figures that hang on the sign and on the differences of results. */
export interface Rounding {
  /** Trades of which it cannot be said whether they won. */
  readonly evenTrades: number;
  /** Largest relative error of the profit factor; infinite where all that was lost, or won, is rounding. */
  readonly profitFactor: number;
}

export function roundingOf(trades: readonly LedgerTrade[]): Rounding {
  let [evenTrades, worth, gained, lost] = [0, 0, 0, 0];
  for (const { size, entryPrice, pnl } of trades) {
    const paid = size * entryPrice;
    worth += paid;
    if (Math.abs(pnl) <= EVEN * paid) evenTrades++;
    if (pnl > 0) gained += pnl;
    else lost -= pnl;
  }
  if (evenTrades === 0 && (gained === 0 || lost === 0)) return { evenTrades, profitFactor: 0 };
  return { evenTrades, profitFactor: EVEN * worth * (1 / gained + 1 / lost) };
}

/** `order`: places of the answers in the columns. */
export function agree(answers: readonly FullAnswer[], order: readonly number[], columns: SweepFigures): boolean {
  return answers.every(({ stats, rounding }, i) =>
    COLUMNS.every((name) => {
      const [full, quick] = [stats[name] ?? Number.NaN, columns[name][order[i]!]!];
      if (name === "winRatePct") return areEqual(full, quick, (100 * rounding.evenTrades) / Math.max(1, stats.trades));
      if (name === "profitFactor") return rounding.profitFactor === Number.POSITIVE_INFINITY || areEqual(full, quick, rounding.profitFactor * Math.abs(full));
      return areEqual(full, quick, 0);
    }),
  );
}

/** Up to rounding, and `more`. */
function areEqual(full: number, quick: number, more: number): boolean {
  if (Number.isNaN(full) || Number.isNaN(quick)) return Number.isNaN(full) && Number.isNaN(quick);
  return Math.abs(full - quick) <= TOLERANCE * Math.max(1, Math.abs(full)) + more;
}
