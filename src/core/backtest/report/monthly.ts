/** Monthly returns of the equity curve as a table of years and months. */
import { escapeHtml, signed } from "./format.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MAX_YEARS = 60;

export interface MonthlyReturns {
  /** Newest last; percent, null where there are no bars. */
  readonly years: ReadonlyArray<{ readonly year: number; readonly months: ReadonlyArray<number | null>; readonly total: number }>;
}

/** Change from the last equity of the month before (for the first month: from the start) to the month's last, UTC. */
export function monthlyReturns(equity: Float64Array, time: Float64Array, cash: number): MonthlyReturns {
  const years: Array<{ year: number; months: Array<number | null>; total: number }> = [];
  let before = cash;
  let yearStart = cash;
  for (let i = 0; i < equity.length; i++) {
    const now = new Date(time[i] as number);
    const next = i + 1 < equity.length ? new Date(time[i + 1] as number) : undefined;
    if (next !== undefined && next.getUTCMonth() === now.getUTCMonth() && next.getUTCFullYear() === now.getUTCFullYear()) continue;
    let row = years[years.length - 1];
    if (row === undefined || row.year !== now.getUTCFullYear()) {
      row = { year: now.getUTCFullYear(), months: MONTHS.map(() => null), total: 0 };
      years.push(row);
      yearStart = before;
    }
    const value = equity[i] as number;
    row.months[now.getUTCMonth()] = before > 0 ? (value / before - 1) * 100 : 0;
    row.total = yearStart > 0 ? (value / yearStart - 1) * 100 : 0;
    before = value;
  }
  return { years: years.slice(-MAX_YEARS) };
}

export function monthlyTable({ years }: MonthlyReturns): string {
  const head = `<tr><th scope="col"><span class="sr">Year</span></th>${[...MONTHS, "Year"].map((name) => `<th scope="col">${name}</th>`).join("")}</tr>`;
  const rows = years.map(
    ({ year, months, total }) =>
      `<tr><th scope="row">${escapeHtml(String(year))}</th>${months.map((value) => cell(value, 8, "")).join("")}${cell(total, 30, "sum")}</tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="Monthly returns in percent"><table class="heat"><thead>${head}</thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** Shaded up to 34 % so that the number stays readable; `full` percent is the strongest shade. */
function cell(value: number | null, full: number, kind: string): string {
  if (value === null) return `<td class="no"><span aria-hidden="true">·</span><span class="sr">no data</span></td>`;
  const shade = Math.round(Math.min(1, Math.abs(value) / full) * 34);
  return `<td class="${kind}" style="--c:var(${value >= 0 ? "--up" : "--down"});--m:${shade}%">${signed(value, 1)}</td>`;
}
