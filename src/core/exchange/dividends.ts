/** Who pays how much and when: made up, a pure function of seed and stock. Announced 30 days ahead; quarterly; the simulated prices take no notice. */
import { createHash } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { hash32 } from "../base/random.ts";
import { addDays, tradingDayFrom } from "../domain/nyse.ts";
import type { Market } from "./market.ts";

export interface Dividend {
  readonly id: string;
  readonly symbol: string;
  /** Dates in New York. Who holds at the close before is paid. */
  readonly exDate: string;
  readonly payableDate: string;
  readonly declaredDate: string;
  /** USD a share. */
  readonly rate: Big;
}

/** Dividends whose ex-date lies between two dates, both included, oldest first. */
export function dividendsOf(market: Market, symbol: string, from: string, to: string): readonly Dividend[] {
  const found: Dividend[] = [];
  for (let month = `${from.slice(0, 7)}-01`; month <= to; month = nextMonth(month)) {
    const dividend = dividendIn(market, symbol, month);
    if (dividend !== undefined && dividend.exDate >= from && dividend.exDate <= to) found.push(dividend);
  }
  return found;
}

function dividendIn(market: Market, symbol: string, month: string): Dividend | undefined {
  if (market.source.kind === "replay") return undefined; // nothing is made up about recorded prices
  const draw = hash32(`${market.seed}/dividends/${symbol}`) >>> 0;
  const pays = market.stock(symbol).sector === "Index fund" || draw % 10 < 6;
  const [year, number] = [Number(month.slice(0, 4)), Number(month.slice(5, 7))];
  if (!pays || number % 3 !== (draw >>> 4) % 3) return undefined;
  const exDate = tradingDayFrom(`${month.slice(0, 8)}${String(5 + ((draw >>> 8) % 15)).padStart(2, "0")}`).date;
  const yearly = 0.005 + ((draw >>> 12) % 36) / 1000; // 0.5 to 4 % of the price of January 2026, three per cent more each year
  const rate = (market.stock(symbol).startPrice * yearly * 1.03 ** (year - 2026)) / 4;
  return {
    id: idOf(`${market.seed} ${symbol} ${exDate}`),
    symbol,
    exDate,
    payableDate: tradingDayFrom(addDays(exDate, 21)).date,
    declaredDate: addDays(exDate, -30),
    rate: new Big(Math.max(0.01, rate).toFixed(2)),
  };
}

function nextMonth(month: string): string {
  return `${addDays(month, 31).slice(0, 7)}-01`;
}

function idOf(text: string): string {
  const hex = createHash("sha256").update(`quantdesk dividend ${text}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A row of /v1/corporate-actions. */
export function dividendJson({ id, symbol, exDate, payableDate, rate }: Dividend) {
  return {
    id,
    symbol,
    cusip: "",
    rate: rate.toNumber(),
    special: false,
    foreign: false,
    process_date: payableDate,
    ex_date: exDate,
    record_date: exDate,
    payable_date: payableDate,
  };
}

/** A row of /v2/corporate_actions/announcements. */
export function announcementJson({ id, symbol, exDate, payableDate, declaredDate, rate }: Dividend) {
  return {
    id,
    corporate_action_id: `SIM_${symbol}_${exDate}`,
    ca_type: "dividend",
    ca_sub_type: "cash",
    initiating_symbol: symbol,
    initiating_original_cusip: "",
    target_symbol: symbol,
    target_original_cusip: "",
    declaration_date: declaredDate,
    ex_date: exDate,
    record_date: exDate,
    payable_date: payableDate,
    cash: rate.toFixed(),
    old_rate: "1",
    new_rate: "1",
  };
}
