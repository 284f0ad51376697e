/** What sentences are answered with: a few lines for people, the same for programs. Pure. */
import { usd, type Big } from "../base/decimal.ts";
import type { AccountLimits } from "../domain/limits.ts";
import type { Account, Alarm, Order, Position } from "../domain/orders.ts";
import { accountKind, orderWords } from "../domain/orderWords.ts";
import { plainAccount, plainAlarm, plainPosition } from "../domain/plain.ts";
import type { BookPreview } from "../domain/preview.ts";
import type { Analysis, ScanResult } from "../domain/research.ts";

export interface Reply {
  /** For people: one or a few lines. */
  readonly text: string;
  /** The same for programs; null where there is nothing more to say. */
  readonly data: object | null;
  /** There is a question: `act` does it, once the person has said yes. */
  readonly ask?: Ask;
}

export interface Ask {
  /** What yes means, as "Buy 10 AAPL". */
  readonly words: string;
  readonly act: (signal: AbortSignal) => Promise<Reply>;
}

const MOST_ROWS = 20;

/** The preview in a few sentences. */
export function previewWords({ intent, guards, cost, limits, worstDays, warnings }: BookPreview): string {
  const least = limits.find((line) => line.limit === "maxOrderValue")?.left;
  const worst = worstDays?.worst[0];
  return [
    `${accountKind(guards.account)}: ${orderWords(intent)} in account ${guards.account.accountNumber}.`,
    `About ${amount(guards.price)} a share, ${amount(guards.value)} in all; spread, slippage and fees likely ${amount(cost?.total ?? null)}.`,
    `Buying power after: ${amount(guards.buyingPowerAfter)}.${least === null || least === undefined ? "" : ` Left of the limit for one order: ${usd(least)}.`}`,
    ...(worst === undefined
      ? []
      : [
          `On its worst past day (${worst.date}) the whole book would have lost ${(-worst.afterPct).toFixed(2)} % of equity, ${(-worst.beforePct).toFixed(2)} % without this order.`,
        ]),
    ...warnings.map((warning) => `Note: ${warning}`),
  ].join("\n");
}

export function accountReply(account: Account, isNew: boolean): Reply {
  return {
    text: `${isNew ? "Connected: " : ""}${accountKind(account)} account ${account.accountNumber}, equity ${usd(account.equity)}, cash ${usd(account.cash)}, buying power ${usd(account.buyingPower)}.`,
    data: { account: plainAccount(account) },
  };
}

export function portfolioReply(positions: readonly Position[]): Reply {
  return { text: positions.length === 0 ? "No positions." : rows(positions.map(positionLine)), data: { positions: positions.map(plainPosition) } };
}

export function alarmsReply(alarms: readonly Alarm[]) {
  return { text: alarms.length === 0 ? "No alarms." : rows(alarms.map((alarm) => alarm.message)), data: { alarms: alarms.map(plainAlarm) } };
}

export function limitsReply(limits: AccountLimits): Reply {
  const { holds } = limits;
  const dollars = (value: number | null) => (value === null ? "none" : `$${value.toLocaleString("en-US")}`);
  return {
    text: `One order ${dollars(holds.maxOrderValue)}, one position ${dollars(holds.maxPositionValue)}, ${holds.maxOrdersPerMinute ?? "any number of"} orders a minute, daily loss ${dollars(holds.maxDailyLoss)}, symbols ${holds.symbols.length === 0 ? "all" : holds.symbols.join(", ")}.`,
    data: limits,
  };
}

export function scanReply(scan: ScanResult): Reply {
  const found = scan.candidates.slice(0, MOST_ROWS).map((one) => `${one.symbol}  ${one.score.toFixed(2)}  ${one.reasons[0]?.text ?? ""}`);
  return { text: found.length === 0 ? "Nothing found." : rows(found), data: { candidates: scan.candidates } };
}

export function analysisReply(analysis: Analysis): Reply {
  return {
    text: [
      `${analysis.simulated ? "SIMULATED " : ""}${analysis.symbol}: ${analysis.action}, confidence ${Math.round(analysis.confidence * 100)} %.`,
      ...analysis.reasons.map((text) => `- ${text}`),
    ].join("\n"),
    data: { analysis },
  };
}

export function orderLine(order: Order): string {
  const size = order.qty?.toFixed() ?? (order.notional === null ? "" : `${usd(order.notional)} of`);
  const at =
    order.filledAvgPrice === null
      ? order.limitPrice === null
        ? ""
        : `, limit ${order.limitPrice.toFixed()}`
      : `, ${order.filledQty.toFixed()} filled at ${order.filledAvgPrice.toFixed()}`;
  return `${order.side} ${size} ${order.symbol}: ${order.status}${at}. Order ${order.id}`;
}

export function positionLine(position: Position): string {
  const gain = position.unrealizedPl === null ? "" : `, profit ${usd(position.unrealizedPl)}`;
  return `${position.symbol}: ${position.qty.abs().toFixed()}${position.side === "short" ? " short" : ""}, worth ${amount(position.marketValue)}${gain}`;
}

function amount(value: Big | null): string {
  return value === null ? "–" : usd(value);
}

export function rows(lines: readonly string[]): string {
  return [...lines.slice(0, MOST_ROWS), ...(lines.length > MOST_ROWS ? [`… and ${lines.length - MOST_ROWS} more`] : [])].join("\n");
}
