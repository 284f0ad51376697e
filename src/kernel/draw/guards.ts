/** What keeps an account from harm: limits, the kill switch, alarms, the audit log. */
import type { AccountLimits, Alarm, AuditEntry, KillSwitch, RiskLimits } from "../deskTypes.d.ts";
import type { MimeBundle } from "../protocol.ts";
import { clock, money, plural } from "./format.ts";
import { html, NOTHING, page, SIMULATED, table, textTable, warning, type Html } from "./html.ts";

const LIMITS: ReadonlyArray<readonly [keyof RiskLimits, string]> = [
  ["maxOrderValue", "One order"],
  ["maxPositionValue", "Position"],
  ["maxOrdersPerMinute", "Orders a minute"],
  ["maxDailyLoss", "Loss since the last close"],
  ["symbols", "Symbols"],
];

export function drawLimits({ account, own, settings, holds, simulated }: AccountLimits): MimeBundle {
  const titles = ["Limit", "Holds", "The account's own", "Settings"];
  const rows = LIMITS.map(([name, said]) => [said, limit(holds, name), limit(own, name), limit(settings, name)]);
  return tabled(`Limits of ${account}.`, simulated, titles, rows, [1, 2, 3]);
}

function limit(limits: RiskLimits | null, name: keyof RiskLimits): string {
  const value = limits?.[name] ?? null;
  if (limits === null) return "–";
  if (name === "symbols") return limits.symbols.length === 0 ? "all" : limits.symbols.join(", ");
  return value === null ? "none" : name === "maxOrdersPerMinute" ? String(value) : money(String(value));
}

export function drawKillSwitch({ account, on, cancelled, unconfirmed, closed, simulated }: KillSwitch): MimeBundle {
  const say = on ? `Trading is stopped for ${account}.` : `Trading is allowed for ${account}.`;
  const more = [
    ...(cancelled > 0 ? [`${plural(cancelled, "open order")} cancelled.`] : []),
    ...(closed === null ? [] : [closed.length === 0 ? "No position to close." : `Closing ${closed.join(", ")}.`]),
  ];
  const doubts = unconfirmed.map((order) => `The order ${order.id} (${order.side} ${order.symbol}) is not confirmed as cancelled: look at it.`);
  return {
    "text/html": page(
      html`<p><b>${say}</b> ${more.join(" ")} ${simulated ? SIMULATED : NOTHING}</p>`,
      ...doubts.map((text) => warning(text)),
      on
        ? html`<p class="qd-s qd-dim">Allowing it again is the person's: Quantdesk: Stop or Allow Trading…, or <code>quantdesk kill-switch off</code>.</p>`
        : NOTHING,
    ),
    "text/plain": [`${say}${simulated ? " SIMULATED" : ""}`, ...more, ...doubts].join("\n"),
  };
}

export function drawAlarms(alarms: readonly Alarm[]): MimeBundle {
  const rows = alarms.map(({ at, symbol, message, blocksEntries }) => [clock(at), symbol, message, blocksEntries ? "refused while it stands" : "allowed"]);
  return tabled(alarms.length === 0 ? "No alarms." : `${plural(alarms.length, "alarm")}.`, false, ["When", "Symbol", "What", "Entries"], rows);
}

export function drawAudit(entries: readonly AuditEntry[]): MimeBundle {
  const rows = entries.map(({ at, origin, what, order, orderId, why }) => [clock(at), origin, what, ordered(order) ?? orderId ?? "", why ?? ""]);
  const say = entries.length === 0 ? "Nothing in the audit log yet." : `${plural(entries.length, "entry", "entries")} of the audit log, newest first.`;
  return tabled(say, false, ["When", "Who", "What", "Order", "Why"], rows);
}

function ordered(order: AuditEntry["order"]): string | undefined {
  const { side, qty, notional, symbol } = order ?? {};
  const size = typeof qty === "string" ? qty : typeof notional === "string" ? `$${notional} of` : "";
  return typeof side === "string" && typeof symbol === "string" ? `${side} ${size} ${symbol}` : undefined;
}

function tabled(say: string, simulated: boolean, titles: readonly string[], rows: readonly string[][], numbers: readonly number[] = []): MimeBundle {
  const columns = titles.map((title, i) => ({ title, isNumber: numbers.includes(i) }));
  const shown: Html = rows.length === 0 ? NOTHING : table(say, columns, rows);
  return {
    "text/html": page(html`<p><b>${say}</b> ${simulated ? SIMULATED : NOTHING}</p>`, shown),
    "text/plain": `${say}${simulated ? " SIMULATED" : ""}${rows.length === 0 ? "" : `\n${textTable(titles, rows)}`}`,
  };
}
