/** Risk limits of two sources at once: those of the settings and the account's own; the tighter of each holds. */
import type { RiskCeilings } from "./orders.ts";

/** Both hold; `own` keeps whatever else it has. Two lists of symbols that share none allow nothing. */
export function tighterLimits<T extends RiskCeilings>(own: T, other: RiskCeilings | null): T {
  if (other === null) return own;
  const least = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));
  const symbols =
    own.symbols.length === 0
      ? other.symbols
      : other.symbols.length === 0
        ? own.symbols
        : own.symbols.filter((symbol) => other.symbols.some((one) => one.toUpperCase() === symbol.toUpperCase()));
  return {
    ...own,
    maxOrderValue: least(own.maxOrderValue, other.maxOrderValue),
    maxPositionValue: least(own.maxPositionValue, other.maxPositionValue),
    maxOrdersPerMinute: least(own.maxOrdersPerMinute, other.maxOrdersPerMinute),
    maxDailyLoss: least(own.maxDailyLoss, other.maxDailyLoss),
    symbols: own.symbols.length > 0 && other.symbols.length > 0 && symbols.length === 0 ? ["(none: settings and limits share no symbol)"] : symbols,
  };
}

/** The limits of one account, by source. */
export interface AccountLimits {
  readonly account: string;
  /** Set for this account, for every process on the state folder; null when none are. */
  readonly own: RiskCeilings | null;
  /** Of the settings `risk.*`. */
  readonly settings: RiskCeilings;
  /** What the guards hold to. */
  readonly holds: RiskCeilings;
}

/** A change of the account's own limits: what is absent stays, null (or no symbols) takes a limit away. */
export type LimitChange = Partial<RiskCeilings>;
