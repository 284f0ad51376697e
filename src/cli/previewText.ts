/** The order preview for people: the sentence first, then cost, limits, worst days, where it comes from. */
import type { Big } from "../core/base/decimal.ts";
import { accountKind, orderWords } from "../core/domain/orderWords.ts";
import type { BookPreview, LimitLine, Proposal } from "../core/domain/preview.ts";
import { fixed, money, percent } from "./format.ts";
import { table } from "./io.ts";

const NAMES: Readonly<Record<LimitLine["limit"], string>> = {
  maxOrderValue: "One order",
  maxPositionValue: "Position",
  maxOrdersPerMinute: "Orders this minute",
  maxDailyLoss: "Loss since the last close",
};

export function previewText(preview: BookPreview): string {
  const { intent, guards, cost, limits, exits, position, worstDays, proposedBy } = preview;
  const { quote } = guards;
  const facts: Array<readonly [string, string]> = [
    ["Value", `about ${money(guards.value)}`],
    ["Quote", quote === null ? "–" : `${money(quote.bid)} bid, ${money(quote.ask)} ask, ${fixed(Math.max(0, guards.clock.at - quote.at) / 1000, 1)} s old`],
    [
      "Half spread, slippage, fees",
      cost === null ? "–" : `${money(cost.total)} (${money(cost.halfSpread)}, ${money(cost.slippage)}, ${money(cost.fees)}), likely`,
    ],
    ["Buying power after", `${money(guards.buyingPowerAfter)} of ${money(guards.buyingPower)}`],
    [
      "Position",
      `${shares(position.before.qty)}, then ${position.after === null ? "–" : `${shares(position.after.qty)}, ${percentOf(position.after.ofEquityPct)} of equity`}`,
    ],
    ...(exits.ifStopped === null ? [] : [["If stopped", money(exits.ifStopped)] as const]),
    ...(exits.ifTarget === null ? [] : [["If the target is reached", money(exits.ifTarget)] as const]),
    ["Proposed by", proposalWords(proposedBy)],
  ];
  return [
    `${accountKind(guards.account)}: ${orderWords(intent)} (${intent.type.replace("_", " ")}) at about ${money(guards.price)}. Nothing was sent.`,
    "",
    facts.map(([name, text]) => `${name.padEnd(28)}${text}`).join("\n"),
    "",
    table(["Limit", "Now", "After", "Ceiling", "Left"], limits.map(limitRow)),
    ...(worstDays === null
      ? []
      : [
          "",
          `Whole book on its worst of ${worstDays.days} days (${worstDays.from} to ${worstDays.to}), today's holdings replayed; this order adds at most ${fixed(worstDays.addsAtMostPct)} points:`,
          table(
            ["Day", "Now", "After", "In dollars"],
            worstDays.worst.map((day) => [day.date, percent(day.beforePct, 2), percent(day.afterPct, 2), money(day.after)]),
          ),
          `Mean of the worst 1 % of days: ${percent(worstDays.worst1Pct.beforePct, 2)} now, ${percent(worstDays.worst1Pct.afterPct, 2)} after.`,
        ]),
  ].join("\n");
}

function limitRow({ limit, unit, now, after, ceiling, left }: LimitLine): readonly string[] {
  const write = (value: Big | null) => (value === null ? "–" : unit === "usd" ? money(value) : value.toFixed());
  return [NAMES[limit], write(now), write(after), ceiling === null ? "–" : write(ceiling), write(left)];
}

function shares(qty: Big): string {
  return `${qty.abs().round(4).toFixed()} ${qty.lt(0) ? "short" : "held"}`;
}

function percentOf(value: number | null): string {
  return value === null ? "–" : `${fixed(value, 1)} %`;
}

function proposalWords({ kind, origin, notebook, cell, id, run, why }: Proposal): string {
  const reason = why === undefined ? "" : `: ${why}`;
  if (kind === "cell") return `cell ${cell} of ${notebook}${reason}`;
  if (run !== undefined) return `run ${run.runHash.slice(0, 12)}, ${run.strategy} ${run.params} on ${run.dataset}${reason}`;
  return id === undefined ? `${kind === "person" ? "you" : origin}${reason}` : `${kind} ${id}${reason}`;
}
