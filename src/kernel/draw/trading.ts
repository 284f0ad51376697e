/** Accounts, positions, orders and fills. */
import type { Account, Order, OrderPreview, Performance, PlacedOrder, Position, Quote } from "../deskTypes.d.ts";
import type { MimeBundle } from "../protocol.ts";
import { clock, money, move, number, percent, plural, price, quantity } from "./format.ts";
import { facts, html, NOTHING, page, SIMULATED, table, textTable, warning, type Html } from "./html.ts";

export function drawAccount(account: Account): MimeBundle {
  const today = Number(account.equity) - Number(account.lastEquity);
  const pairs: Array<readonly [string, string]> = [
    ["Equity", money(account.equity)],
    ["Cash", money(account.cash)],
    ["Buying power", money(account.buyingPower)],
    ["Positions at market", money(String(Number(account.portfolioValue) - Number(account.cash)))],
  ];
  const mark = account.simulated ? " SIMULATED" : "";
  return {
    "text/html": page(
      html`<div class="qd-box"><p class="qd-head">Account ${account.accountNumber}: ${money(account.equity)} ${marks(account.simulated, account.mode)}</p>
<p>${today === 0 ? html`Unchanged` : move(today, money(String(today)))} since the last close. Status ${account.status}, ${account.currency}.</p>${facts(pairs)}</div>`,
    ),
    "text/plain": `Account ${account.accountNumber}${mark}\n${textTable(["", ""], pairs).split("\n").slice(2).join("\n")}`,
  };
}

export function drawPositions(positions: readonly Position[]): MimeBundle {
  const titles = ["Symbol", "Shares", "Paid", "Last", "Value", "Gain"];
  const value = positions.reduce((sum, p) => sum + Number(p.marketValue ?? 0), 0);
  const say = positions.length === 0 ? "No positions." : `${plural(positions.length, "position")} worth ${money(String(value))}.`;
  const cells = (p: Position): string[] => [
    p.symbol,
    quantity(p.qty),
    price(p.avgEntryPrice),
    price(p.currentPrice),
    money(p.marketValue),
    money(p.unrealizedPl),
  ];
  const rows = positions.map((p) =>
    cells(p).map((cell, i) => (i === 0 ? html`<b>${cell}</b>` : i === 5 && p.unrealizedPl !== null ? move(Number(p.unrealizedPl), cell) : html`${cell}`)),
  );
  return {
    "text/html": page(
      html`<p><b>${say}</b></p>`,
      positions.length === 0
        ? NOTHING
        : table(
            "Positions",
            titles.map((title, i) => ({ title, isNumber: i > 0 })),
            rows,
          ),
    ),
    "text/plain": positions.length === 0 ? say : `${say}\n${textTable(titles, positions.map(cells))}`,
  };
}

export function drawOrders(orders: readonly Order[]): MimeBundle {
  const titles = ["Sent", "Order", "Status", "Filled", "Average price"];
  const say = orders.length === 0 ? "No orders." : `${plural(orders.length, "order")}.`;
  const cells = (o: Order): string[] => [clock(o.submittedAt), described(o), o.status, quantity(o.filledQty), price(o.filledAvgPrice)];
  return {
    "text/html": page(
      html`<p><b>${say}</b></p>`,
      orders.length === 0
        ? NOTHING
        : table(
            "Orders",
            titles.map((title, i) => ({ title, isNumber: i > 2 })),
            orders.map(cells),
          ),
    ),
    "text/plain": orders.length === 0 ? say : `${say}\n${textTable(titles, orders.map(cells))}`,
  };
}

export function drawOrder(order: Order): MimeBundle {
  return drawPlacedOrder(order, { warnings: [], repeated: false, mark: NOTHING, markText: "" });
}

export function drawPlaced(order: PlacedOrder): MimeBundle {
  return drawPlacedOrder(order, {
    warnings: order.warnings,
    repeated: order.repeated,
    mark: order.simulated ? SIMULATED : NOTHING,
    markText: order.simulated ? " SIMULATED" : "",
  });
}

interface PlacedView {
  readonly warnings: readonly string[];
  readonly repeated: boolean;
  readonly mark: Html;
  readonly markText: string;
}

function drawPlacedOrder(order: Order, view: PlacedView): MimeBundle {
  const head = headline(order);
  const say = view.repeated ? "This cell had sent this order before; no second one was sent. Say { again: true } to send another." : sayOf(order);
  const value = order.filledAvgPrice === null ? null : String(Number(order.filledAvgPrice) * Number(order.filledQty));
  const pairs: Array<readonly [string, string]> = [
    ["Status", order.status],
    ["Filled", `${quantity(order.filledQty)}${order.qty === null ? "" : ` of ${quantity(order.qty)}`}`],
    ["Average price", price(order.filledAvgPrice)],
    ["Value", money(value)],
    ...(order.limitPrice === null ? [] : [["Limit", price(order.limitPrice)] as const]),
    ...(order.stopPrice === null ? [] : [["Stop", price(order.stopPrice)] as const]),
    ...order.legs.map((leg) => [leg.limitPrice === null ? "Stop loss" : "Take profit", `${price(leg.limitPrice ?? leg.stopPrice)} ${leg.status}`] as const),
  ];
  return {
    "text/html": page(
      html`<div class="qd-box"><p class="qd-head">${head} ${view.mark}</p><p>${say}</p>${facts(pairs)}<p class="qd-s qd-dim">Order ${order.clientOrderId}, sent ${clock(order.submittedAt)}${order.filledAt === null ? "" : `, filled ${clock(order.filledAt)}`}.</p></div>`,
      ...view.warnings.map((text) => warning(text)),
    ),
    "text/plain": [`${head}${view.markText}`, say, ...pairs.map(([name, text]) => `  ${name}: ${text}`), ...view.warnings.map((text) => `Note: ${text}`)].join(
      "\n",
    ),
  };
}

function headline(order: Order): string {
  const done = Number(order.filledQty) > 0 && order.filledAvgPrice !== null;
  if (!done) return `${order.side === "buy" ? "Buy" : "Sell"} ${amount(order)} ${order.symbol}: ${order.status}`;
  return `${order.side === "buy" ? "Bought" : "Sold"} ${quantity(order.filledQty)} ${order.symbol} at ${price(order.filledAvgPrice)}`;
}

function sayOf(order: Order): string {
  if (order.status === "filled" && order.filledAt !== null) {
    const seconds = (Date.parse(order.filledAt) - Date.parse(order.submittedAt)) / 1000;
    return seconds >= 0 && seconds < 3600 ? `Filled ${number(seconds)} s after sending.` : "Filled.";
  }
  if (order.status === "partially_filled") return `${quantity(order.filledQty)} of ${amount(order)} so far; the rest is still open.`;
  if (order.status === "rejected" || order.status === "canceled" || order.status === "expired")
    return `The order is ${order.status}; nothing more of it will be filled.`;
  return "The exchange has the order; it is open.";
}

function described(order: Order): string {
  const at = [order.limitPrice === null ? "" : `limit ${price(order.limitPrice)}`, order.stopPrice === null ? "" : `stop ${price(order.stopPrice)}`]
    .filter((text) => text !== "")
    .join(", ");
  return `${order.side} ${amount(order)} ${order.symbol} ${at === "" ? order.type : at}`;
}

function amount(order: Order): string {
  return order.qty === null ? money(order.notional) : quantity(order.qty);
}

const LIMITS: Readonly<Record<string, string>> = {
  maxOrderValue: "One order",
  maxPositionValue: "Position",
  maxOrdersPerMinute: "Orders this minute",
  maxDailyLoss: "Loss since the last close",
};

export function drawPreview(preview: OrderPreview): MimeBundle {
  const size = preview.qty === null ? `${money(preview.notional)} of` : quantity(preview.qty);
  const head = `${preview.side === "buy" ? "Buy" : "Sell"} ${size} ${preview.symbol} at about ${money(preview.estimatedPrice)}`;
  const mark = preview.simulated ? " SIMULATED" : "";
  const worst = preview.worstDays?.worst[0];
  const say =
    worst === undefined
      ? "Nothing was sent."
      : `Nothing was sent. On the worst of ${plural(preview.worstDays?.days ?? 0, "past day")} (${worst.date}) the whole book would move ${percent(worst.afterPct, 2)} of equity, ${percent(worst.beforePct, 2)} without this order.`;
  const pairs: Array<readonly [string, string]> = [
    ["Value", money(preview.estimatedValue)],
    ["Spread, slippage, fees, likely", money(preview.cost?.total ?? null)],
    ["Buying power after", money(preview.buyingPowerAfter)],
    ...(preview.exits.ifStopped === null ? [] : [["If stopped", money(preview.exits.ifStopped)] as const]),
    ...(preview.exits.ifTarget === null ? [] : [["If the target is reached", money(preview.exits.ifTarget)] as const]),
  ];
  const titles = ["Limit", "Now", "After", "Ceiling", "Left"];
  const rows = preview.limits.map(({ limit, unit, now, after, ceiling, left }) => {
    const write = unit === "usd" ? money : quantity;
    return [LIMITS[limit] ?? limit, write(now), write(after), write(ceiling), write(left)];
  });
  return {
    "text/html": page(
      html`<div class="qd-box"><p class="qd-head">${head} ${marks(preview.simulated, preview.mode)}</p><p>${say}</p>${facts(pairs)}</div>`,
      table(
        "Limits",
        titles.map((title, i) => ({ title, isNumber: i > 0 })),
        rows,
      ),
      ...preview.warnings.map((text) => warning(text)),
    ),
    "text/plain": [
      `${head}${mark}`,
      say,
      ...pairs.map(([name, text]) => `  ${name}: ${text}`),
      textTable(titles, rows),
      ...preview.warnings.map((text) => `Note: ${text}`),
    ].join("\n"),
  };
}

export function drawQuote(quote: Quote): MimeBundle {
  const say = `${quote.symbol}: ${number(quote.bid)} bid, ${number(quote.ask)} ask`;
  return {
    "text/html": page(html`<p><b>${say}</b> <span class="qd-dim">${quote.bidSize} × ${quote.askSize}, ${clock(quote.at)}</span></p>`),
    "text/plain": say,
  };
}

export function drawPerformance(performance: Performance): MimeBundle {
  const say = `Loop lag P99 ${number(performance.lagMs.p99, 1)} ms; ${performance.connection}.`;
  return {
    "text/html": page(html`<p><b>${say}</b></p>`, facts(Object.entries(performance.lagMs).map(([name, ms]) => [name, `${number(ms, 1)} ms`] as const))),
    "text/plain": say,
  };
}

function marks(simulated: boolean, mode: string): Html {
  return simulated ? SIMULATED : html`<span class="qd-chip">${mode.toUpperCase()}</span>`;
}
