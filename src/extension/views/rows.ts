/** What the trees say, made of the session's plain answers. Pure. */
import { isFinalStatus, type Alarm, type Order, type Position } from "../../core/domain/orders.ts";
import type { RunRow } from "../../core/domain/ports.ts";
import type { MergedCandidate } from "../../core/domain/research.ts";
import type { SessionStatus } from "../../core/session.ts";
import { arrow, moment, number, plain, signed } from "../../webview/format.ts";
import { paramWords, type ParamOrder } from "../paramWords.ts";
import { dollars, modeWord, outcomeWords } from "../words.ts";
import type { Row } from "./tree.ts";

export function sessionRows(status: SessionStatus | undefined, positions: number | undefined): readonly Row[] {
  if (status === undefined || (status.connection === "disconnected" && status.account === null)) return [];
  const { account } = status;
  const icon = status.connection === "connected" ? "pass" : status.connection === "connecting" ? "loading~spin" : "warning";
  const rows: Row[] = [
    {
      id: "connection",
      label: capital(status.connection),
      description: modeWord(status.mode),
      icon,
      tooltip:
        status.mode === "embedded"
          ? "The built-in exchange: prices and money are simulated."
          : status.mode === "paper"
            ? "Alpaca paper: real prices, play money."
            : "LIVE: real money.",
    },
  ];
  if (account === null) return rows;
  const day = account.equity.minus(account.lastEquity).toNumber();
  rows.push(
    { id: "account", label: account.accountNumber, description: "account", icon: "account" },
    {
      id: "equity",
      label: dollars(account.equity),
      description: `equity  ${arrow(day)} ${signed(day)} today`,
      spoken: `Equity ${dollars(account.equity)}, ${signed(day)} today`,
      icon: "graph-line",
    },
    { id: "cash", label: dollars(account.cash), description: "cash", icon: "credit-card" },
  );
  if (positions !== undefined)
    rows.push({ id: "positions", label: String(positions), description: positions === 1 ? "position" : "positions", icon: "briefcase" });
  rows.push({ id: "power", label: dollars(account.buyingPower), description: "buying power", icon: "dashboard" });
  return rows;
}

/** What waits for a person, before everything else. */
export function alarmRows(alarms: readonly Alarm[]): readonly Row[] {
  return alarms.map((alarm) => ({
    id: `alarm:${alarm.id}`,
    label: alarm.message,
    description: alarm.blocksEntries ? "no new positions" : alarm.code.replaceAll("-", " "),
    spoken: `Alarm: ${alarm.message}`,
    tooltip: `${alarm.message} Select to acknowledge.`,
    icon: alarm.blocksEntries ? "error" : "warning",
    symbol: alarm.symbol,
    command: "quantdesk.acknowledgeAlarms",
    contextValue: "alarm",
  }));
}

export function positionRows(positions: readonly Position[]): readonly Row[] {
  return positions.map((position) => {
    const profit = position.unrealizedPl?.toNumber() ?? null;
    const size = `${position.qty.toFixed()}${position.side === "short" ? " short" : ""}`;
    return {
      id: position.symbol,
      symbol: position.symbol,
      label: position.symbol,
      description: `${size} · ${position.marketValue === null ? "–" : dollars(position.marketValue)} · ${arrow(profit)} ${signed(profit)}${position.external === true ? " · placed elsewhere" : ""}`,
      spoken: `${position.symbol}, ${size} shares, open profit ${signed(profit)} US dollars`,
      tooltip: `Paid ${position.avgEntryPrice.toFixed(2)}, last ${position.currentPrice?.toFixed(2) ?? "–"}`,
      contextValue: "position",
    };
  });
}

/** Orders that were placed elsewhere say so. */
export function orderRows(orders: readonly Order[]): readonly Row[] {
  return orders.map((order) => {
    const external = order.external === true ? " · placed elsewhere" : "";
    const isOpen = !isFinalStatus(order.status);
    const size = order.qty?.toFixed() ?? `$${order.notional?.toFixed() ?? "?"}`;
    const price =
      order.status === "filled"
        ? `at ${order.filledAvgPrice?.toFixed() ?? "–"}`
        : order.limitPrice !== null
          ? `limit ${order.limitPrice.toFixed()}`
          : order.stopPrice !== null
            ? `stop ${order.stopPrice.toFixed()}`
            : "market";
    return {
      id: order.id,
      orderId: order.id,
      symbol: order.symbol,
      label: `${order.side === "buy" ? "Buy" : "Sell"} ${size} ${order.symbol}`,
      description: `${price} · ${order.status.replaceAll("_", " ")}${external}`,
      spoken: `${order.side === "buy" ? "Buy" : "Sell"} ${size} ${order.symbol}, ${price}, ${order.status.replaceAll("_", " ")}${external === "" ? "" : ", placed elsewhere"}`,
      tooltip: `${outcomeWords(order)} Sent ${moment(order.submittedAt)}.`,
      icon: isOpen ? "clock" : order.status === "filled" ? "pass" : order.status === "rejected" ? "error" : "circle-slash",
      contextValue: isOpen ? "openOrder" : "order",
      ...(order.legs.length === 0 ? {} : { children: orderRows(order.legs) }),
    };
  });
}

export function candidateRows(candidates: readonly MergedCandidate[]): readonly Row[] {
  return candidates.map((candidate) => ({
    id: candidate.symbol,
    symbol: candidate.symbol,
    label: candidate.symbol,
    description: `${number(candidate.score)}${candidate.new ? " · new" : ""} · ${candidate.reasons[0]?.text ?? ""}`,
    tooltip: candidate.reasons.map((reason) => `${reason.scanner}: ${reason.text}`).join("\n"),
    contextValue: "candidate",
  }));
}

export function runRows(runs: readonly RunRow[], builtins: readonly ParamOrder[]): readonly Row[] {
  return runs.map((run, index) => ({
    id: `${run.at}:${run.runHash}:${index}`,
    label: `${run.strategy} ${paramWords(run.strategy, run.params, builtins)}`.trim(),
    description: `Sharpe ${plain(run.sharpe)} · ${signed(run.totalReturnPct, 1, "%")} · ${run.dataset}${run.simulated ? " SIMULATED" : ""}`,
    tooltip: `${moment(run.at)}, from ${run.front}. ${run.trades} trades, worst fall ${plain(-Math.abs(run.maxDrawdownPct), 1)} %, took ${number(run.durationMs, 0)} ms. Run ${run.runHash.slice(0, 12)}.`,
    command: "quantdesk.openDashboard",
  }));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
