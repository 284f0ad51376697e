/** The limits that a person set for themselves (settings risk.*). */
import type { OrderIntent } from "../../domain/orders.ts";
import { heldQty, openingUnits, orderValue, refuse, unitsOf, usd, worstPrice, type Picture, type Refusal } from "./verdicts.ts";
import { Big } from "../../base/decimal.ts";

export interface RiskLimits {
  /** US dollars; null means no limit. */
  readonly maxOrderValue: number | null;
  readonly maxPositionValue: number | null;
  /** Counted by the journal, over every process on the state folder. */
  readonly maxOrdersPerMinute: number | null;
  /** US dollars lost since the last close, from which nothing more is opened. */
  readonly maxDailyLoss: number | null;
  /** Symbols that may be traded; empty means all. */
  readonly symbols: readonly string[];
  /** An equal order within this time is a duplicate. */
  readonly duplicateWindowSeconds: number;
}

export function symbolGuard(intent: OrderIntent, limits: RiskLimits): Refusal | null {
  if (limits.symbols.length === 0 || limits.symbols.some((symbol) => symbol.toUpperCase() === intent.symbol)) return null;
  return refuse(
    "over-limit",
    `${intent.symbol} is not among the symbols that may be traded (${limits.symbols.join(", ")}).`,
    "Allow it in the setting risk.symbols and in `quantdesk limits`.",
  );
}

export function limitGuard(intent: OrderIntent, picture: Picture, limits: RiskLimits): Refusal | null {
  const { account, position, quote } = picture;
  const price = worstPrice(intent, quote);
  const value = orderValue(intent, price);
  const units = unitsOf(intent, price);
  if (price === null || value === null || units === null) {
    return limits.maxOrderValue === null && limits.maxPositionValue === null
      ? null
      : refuse("stale-quote", `There is no price for ${intent.symbol} to compare with the limits.`, "Give a limit price.");
  }
  if (limits.maxOrderValue !== null && value.gt(limits.maxOrderValue)) {
    return refuse(
      "over-limit",
      `The order is worth ${usd(value)}; the limit is ${usd(new Big(limits.maxOrderValue))}.`,
      `${largest(new Big(limits.maxOrderValue).div(price))} Or raise the limit: the setting risk.maxOrderValue and \`quantdesk limits\`.`,
    );
  }
  const held = heldQty(position);
  if (openingUnits(intent, units, held).lte(0)) return null; // whatever closes a position lowers the risk
  const own = intent.side === "buy" ? held.plus(units) : held.minus(units);
  const working = picture.working[intent.side];
  const after = own.abs().plus(working).times(price);
  if (limits.maxPositionValue !== null && after.gt(limits.maxPositionValue)) {
    return refuse(
      "over-limit",
      `The position in ${intent.symbol} would be worth ${usd(after)}${working.gt(0) ? `, open orders included` : ""}; the limit is ${usd(new Big(limits.maxPositionValue))}.`,
      `${largest(
        new Big(limits.maxPositionValue)
          .div(price)
          .minus(working)
          .minus(intent.side === "buy" ? held : held.neg()),
      )} Or raise the limit: the setting risk.maxPositionValue and \`quantdesk limits\`.`,
    );
  }
  const lost = account.lastEquity.minus(account.equity);
  if (limits.maxDailyLoss !== null && lost.gte(limits.maxDailyLoss) && lost.gt(0)) {
    return refuse(
      "over-limit",
      `The account has lost ${usd(lost)} since the last close; the limit is ${usd(new Big(limits.maxDailyLoss))}.`,
      "Close positions only, or raise the limit: the setting risk.maxDailyLoss and `quantdesk limits`.",
    );
  }
  return null;
}

/** Units that other orders may open beside this one, which fits; null where no limit holds. */
export function roomBeside(intent: OrderIntent, picture: Picture, limits: RiskLimits): { readonly units: Big; readonly price: Big } | null {
  const price = worstPrice(intent, picture.quote);
  const units = unitsOf(intent, price);
  const held = heldQty(picture.position);
  if (limits.maxPositionValue === null || price === null || units === null || openingUnits(intent, units, held).lte(0)) return null;
  const own = intent.side === "buy" ? held.plus(units) : held.minus(units);
  return { units: new Big(limits.maxPositionValue).div(price).minus(own.abs()).minus(picture.working[intent.side]), price };
}

/** "Largest size that fits: 53 shares." */
function largest(units: Big): string {
  const whole = units.round(0, Big.roundDown);
  return whole.gt(0) ? `Largest size that fits: ${whole.toFixed()} ${whole.eq(1) ? "share" : "shares"}.` : "Order less.";
}
