/**
 * What it costs to be short or in debt overnight, where the exchange was told to charge for it: taken at each close for the
 * days until the next session, a 360th of the yearly rate a day, to the cent.
 */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { addDays, tradingDayFrom, type TradingDay } from "../domain/nyse.ts";
import type { PaymentRecord } from "./records.ts";
import type { ExchangeState } from "./state.ts";

/** Percent a year. */
export interface Rates {
  /** On the market value of what is sold short. */
  readonly borrowPct: number;
  /** On cash below zero. */
  readonly marginPct: number;
}

export const NO_CHARGES: Rates = { borrowPct: 0, marginPct: 0 };

export function chargeOvernight(state: ExchangeState, day: TradingDay): void {
  const { borrowPct, marginPct } = state.rates;
  if (borrowPct === 0 && marginPct === 0) return;
  const days = Math.round((tradingDayFrom(addDays(day.date, 1)).midnight - day.midnight) / 86_400_000);
  const share = (pct: number) => new Big(pct).times(days).div(36_000);
  for (const { record, positions } of state.accounts.values()) {
    const debt = record.cash.lt(0) ? record.cash.times(-1) : new Big(0); // before any charge of the day
    const charge = (kind: "fee" | "interest", basis: Big, pct: number, one: Pick<PaymentRecord, "symbol" | "qty">) => {
      const rate = share(pct);
      const amount = basis.times(rate).round(2, Big.roundHalfUp);
      if (amount.eq(0)) return;
      record.cash = record.cash.minus(amount);
      const { accountNumber } = record;
      state.addPayment({ ...one, kind, id: randomUUID(), sequence: state.nextSequence(), accountNumber, rate, amount: amount.times(-1), at: day.close });
      state.touchAccount(record);
    };
    for (const [symbol, { qty }] of positions)
      if (qty.lt(0)) charge("fee", qty.times(-1).times(state.market.last(symbol, day.close)), borrowPct, { symbol, qty });
    charge("interest", debt, marginPct, { symbol: "", qty: new Big(0) });
  }
}
