/** The order preview as rows to read: cost and reward, limits, worst days, where it comes from. Pure. */
import type { Big } from "../core/base/decimal.ts";
import type { BookPreview, LimitLine, Proposal } from "../core/domain/preview.ts";
import { arrow, number, signed } from "../webview/format.ts";
import { dollars } from "./words.ts";

export interface PreviewGroup {
  readonly title: string;
  readonly rows: ReadonlyArray<{ readonly label: string; readonly description: string }>;
}

const LIMITS: Readonly<Record<LimitLine["limit"], string>> = {
  maxOrderValue: "one order",
  maxPositionValue: "position",
  maxOrdersPerMinute: "orders this minute",
  maxDailyLoss: "loss since the last close",
};
const METER = 10;

export function previewGroups({ guards, cost, exits, limits, position, worstDays, proposedBy, warnings }: BookPreview): readonly PreviewGroup[] {
  const row = (label: string, description: string) => ({ label, description });
  const share = position.after?.ofEquityPct ?? null;
  return [
    ...(warnings.length === 0 ? [] : [{ title: "before you send it", rows: warnings.map((warning) => row("$(warning)", warning)) }]),
    {
      title: "cost and reward",
      rows: [
        row(money(cost?.total ?? null), "spread, slippage and fees, likely"),
        row(money(guards.buyingPowerAfter), `buying power after, of ${money(guards.buyingPower)}`),
        ...(exits.ifStopped === null ? [] : [row(gain(exits.ifStopped), "if stopped")]),
        ...(exits.ifTarget === null ? [] : [row(gain(exits.ifTarget), "if the target is reached")]),
        ...(share === null ? [] : [row(`${number(share, 1)} %`, `of equity in this symbol after, ${number(position.before.ofEquityPct ?? 0, 1)} % now`)]),
      ],
    },
    { title: "limits, now and after", rows: limits.filter((line) => line.ceiling !== null).map((line) => row(meter(line), limitWords(line))) },
    ...(worstDays === null
      ? []
      : [
          {
            title: `whole book on its worst of ${worstDays.days} days`,
            rows: worstDays.worst
              .slice(0, 3)
              .map((day) => row(signed(day.afterPct, 2, "%"), `of equity on ${day.date}, ${signed(day.beforePct, 2, "%")} without this order`)),
          },
        ]),
    { title: "where it comes from", rows: [row(proposalWords(proposedBy), proposedBy.why ?? "")] },
  ];
}

/** "▮▮▮▯▯▯▯▯▯▯": how much of the limit is used after the order. */
function meter({ after, ceiling }: LimitLine): string {
  const used = after === null || ceiling === null || ceiling.eq(0) ? METER : Math.min(METER, Math.ceil(after.div(ceiling).times(METER).toNumber()));
  return "▮".repeat(used) + "▯".repeat(METER - used);
}

function limitWords({ limit, unit, now, after, ceiling, left }: LimitLine): string {
  const write = (value: Big | null) => (value === null ? "–" : unit === "usd" ? dollars(value) : value.toFixed());
  return `${LIMITS[limit]}: ${write(after)} of ${write(ceiling)}, ${write(left)} left${now.eq(0) ? "" : `; ${write(now)} now`}`;
}

function proposalWords({ kind, origin, notebook, cell, id, run }: Proposal): string {
  if (kind === "cell") return `Cell ${cell} of ${notebook}`;
  if (run !== undefined) return `Run ${run.runHash.slice(0, 12)}, ${run.strategy}`;
  if (id !== undefined) return `${kind} ${id}`;
  return kind === "person" ? "You" : origin;
}

function money(value: Big | null): string {
  return value === null ? "–" : dollars(value);
}

function gain(value: Big): string {
  return `${arrow(value.toNumber())} ${signed(value.toNumber())}`.trim();
}
