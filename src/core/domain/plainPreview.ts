/** The order preview for programs: `quantdesk.order-preview/1`. Money and quantities are decimal texts, analytics numbers, times ISO 8601 UTC. */
import type { Big } from "../base/decimal.ts";
import { plainQuote } from "./plain.ts";
import type { BookPreview, Holding, LimitLine } from "./preview.ts";

export type PlainPreview = ReturnType<typeof plainPreview>;

const CENTS = 2;

/** Without its schema. `estimated…` and whatever follows from a price is an estimate until the order is filled. */
export function plainPreview({ intent, guards, mode, cost, limits, exits, position, worstDays, proposedBy, warnings }: BookPreview) {
  const { account, quote, clock } = guards;
  return {
    sent: false,
    account: account.accountNumber,
    symbol: intent.symbol,
    side: intent.side,
    type: intent.type,
    orderClass: intent.orderClass ?? "simple",
    timeInForce: intent.timeInForce,
    qty: text(intent.qty),
    notional: text(intent.notional),
    limitPrice: text(intent.limitPrice),
    stopPrice: text(intent.stopPrice),
    trailPercent: text(intent.trailPercent),
    trailPrice: text(intent.trailPrice),
    takeProfit: text(intent.takeProfit?.limitPrice),
    stopLoss: text(intent.stopLoss?.stopPrice),
    stopLossLimit: text(intent.stopLoss?.limitPrice),
    extendedHours: intent.extendedHours === true,
    estimatedPrice: priceText(guards.price),
    estimatedQty: guards.units?.round(9).toFixed() ?? null,
    estimatedValue: usd(guards.value),
    quote: quote === null ? null : { ...plainQuote(quote), ageMs: Math.max(0, clock.at - quote.at) },
    market: { isOpen: clock.isOpen, nextOpen: new Date(clock.nextOpen).toISOString(), nextClose: new Date(clock.nextClose).toISOString() },
    buyingPower: guards.buyingPower.toFixed(),
    buyingPowerAfter: usd(guards.buyingPowerAfter),
    cost:
      cost === null
        ? null
        : { halfSpread: usd(cost.halfSpread), slippage: usd(cost.slippage), fees: usd(cost.fees), total: usd(cost.total), totalBps: rounded(cost.totalBps, 2) },
    limits: limits.map(plainLimit),
    symbolsAllowed: guards.limits.symbols.length === 0 ? null : guards.limits.symbols,
    exits: { ifStopped: usd(exits.ifStopped), ifTarget: usd(exits.ifTarget) },
    position: { before: plainHolding(position.before), after: position.after === null ? null : plainHolding(position.after) },
    worstDays:
      worstDays === null
        ? null
        : {
            ...worstDays,
            worst: worstDays.worst.map((day) => ({
              date: day.date,
              before: rounded(day.before, 2),
              after: rounded(day.after, 2),
              beforePct: rounded(day.beforePct, 4),
              afterPct: rounded(day.afterPct, 4),
            })),
            worst1Pct: { ...worstDays.worst1Pct, beforePct: rounded(worstDays.worst1Pct.beforePct, 4), afterPct: rounded(worstDays.worst1Pct.afterPct, 4) },
            addsAtMostPct: rounded(worstDays.addsAtMostPct, 4),
          },
    proposedBy,
    warnings,
    mode,
    simulated: account.simulated,
  };
}

function plainLimit({ limit, unit, now, after, ceiling, left }: LimitLine) {
  const write = (value: Big | null) => (value === null ? null : unit === "usd" ? value.toFixed(CENTS) : value.toFixed());
  return { limit, unit, now: write(now), after: write(after), ceiling: write(ceiling), left: write(left) };
}

function plainHolding({ qty, value, ofEquityPct }: Holding) {
  return { qty: qty.round(9).toFixed(), value: usd(value), ofEquityPct: ofEquityPct === null ? null : rounded(ofEquityPct, 4) };
}

function text(value: Big | undefined): string | null {
  return value?.toFixed() ?? null;
}

function usd(value: Big | null): string | null {
  return value?.toFixed(CENTS) ?? null;
}

/** Prices under a dollar have four decimals. */
function priceText(price: Big | null): string | null {
  return price === null ? null : price.toFixed(price.gte(1) ? CENTS : 4);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits)) + 0; // no minus zero
}
