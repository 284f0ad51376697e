/** A sweep as a page: how the Sharpe ratio moves with two parameters. One HTML file without script or network, the same bytes for the same sweep. */
import type { Params } from "../../domain/backtest.ts";
import { pricesText } from "../../domain/bars.ts";
import { doubtSentences, luckSentence } from "../../domain/luck.ts";
import { SWEEP_STATUS, type Sweep } from "../../domain/sweep.ts";
import { change, escapeHtml, MISSING, plain, percent } from "../report/format.ts";
import { STYLE } from "../report/page.ts";
import { note, panel, table } from "../report/sections.ts";

/** Columns and rows; neighbours share a cell beyond that. */
const MAX_CELLS = 24;
const MAX_ROWS = 20;

export function heatmapPage({ result, columns }: Sweep): string {
  const title = `${result.strategy} on ${result.dataset}: Quantdesk sweep${result.simulated ? " (SIMULATED)" : ""}`;
  const mark = result.simulated ? `<span class="chip">SIMULATED</span> PRICES · QUANTDESK SWEEP` : "SIMULATED TRADING ON PAST PRICES · QUANTDESK SWEEP";
  const [best] = result.best;
  const lead =
    best === undefined
      ? `None of ${plain(result.combinations, 0)} combinations ran to its end.`
      : `Best of ${plain(result.succeeded, 0)} combinations: <b>${escapeHtml(paramsLine(best.params))}</b>, Sharpe ratio ${plain(best.stats.sharpe, 2)}. ${escapeHtml(luckSentence(result))}`;
  const body = [
    `<header><p class="sim">${mark}</p><h1>${escapeHtml(result.strategy)} on ${escapeHtml(result.dataset)}</h1><p class="lead">${lead}</p>${costsLine(result)}</header><main>`,
    ...doubtSentences(result).map((sentence) => `<p class="meta">${escapeHtml(sentence)}</p>`),
    ...(result.warnings ?? []).map(note),
    heatPanel({ columns }),
    panel({
      title: "The best, run in full",
      say: "“Not luck”: probability that the Sharpe ratio is better than what the best of so many trials gives by chance (deflated Sharpe ratio; Bailey, López de Prado, 2014).",
      body: bestTable({ result, columns }),
    }),
    `</main><footer class="foot"><p>${result.simulated ? "SIMULATED: these prices were made by a seeded market. " : ""}Simulated results, not investment advice.</p></footer>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><div class="wrap">${body.join("\n")}</div></body>
</html>
`;
}

/** The Sharpe ratio over the first two parameters; the cell of the parameters `here` has a dashed frame. */
export function heatPanel({ columns }: Pick<Sweep, "columns">, here?: Params): string {
  const { names } = columns;
  const [across = "", down] = names.length > 1 ? [names[1], names[0]] : [names[0]];
  const others = names.length > 2 ? ` Over all values of ${escapeHtml(names.slice(2).join(", "))}.` : "";
  const frame = here === undefined ? "" : " The dashed frame is this run.";
  return panel({
    title: `Sharpe ratio by ${down === undefined ? across : `${down} (down) and ${across} (across)`}`,
    say: `Blue above zero, orange below. A good value among bad ones is a sign of luck; a good region is a better one. Cells with several combinations show their median.${others}${frame}`,
    body: heat(columns, { across, down, here }),
  });
}

interface HeatAxes {
  readonly across: string;
  readonly down: string | undefined;
  readonly here: Params | undefined;
}

function heat({ names, params, sharpe, status }: Sweep["columns"], { across, down, here }: HeatAxes): string {
  const [x, y] = [params[names.indexOf(across)] as Float64Array, down === undefined ? undefined : params[names.indexOf(down)]];
  const columnOf = bins(x, MAX_CELLS);
  const rowOf = y === undefined ? { labels: [""], binOf: () => 0 } : bins(y, MAX_ROWS);
  const cells = rowOf.labels.map(() => columnOf.labels.map((): number[] => []));
  status.forEach((value, i) => {
    if (value !== SWEEP_STATUS.ok || Number.isNaN(sharpe[i])) return;
    cells[y === undefined ? 0 : rowOf.binOf(y[i]!)]![columnOf.binOf(x[i]!)]!.push(sharpe[i]!);
  });
  const medians = cells.map((row) => row.map(median));
  const full = Math.max(0.01, ...medians.flat().map((value) => Math.abs(value ?? 0)));
  const hereAt = here === undefined ? [-1, -1] : [down === undefined ? 0 : rowOf.binOf(here[down] as number), columnOf.binOf(here[across] as number)];
  const head = `<tr><th scope="col">${escapeHtml(down ?? "")}</th>${columnOf.labels.map((label) => `<th scope="col">${label}</th>`).join("")}</tr>`;
  const rows = medians.map(
    (row, at) =>
      `<tr><th scope="row">${rowOf.labels[at]}</th>${row.map((value, column) => cell(value, full, at === hereAt[0] && column === hereAt[1])).join("")}</tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="Sharpe ratio by parameter"><table class="heat"><thead>${head}</thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** Shaded up to 40 %, so that the number stays readable. */
function cell(value: number | undefined, full: number, isHere: boolean): string {
  if (value === undefined) return `<td class="no"><span aria-hidden="true">·</span><span class="sr">no result</span></td>`;
  return `<td${isHere ? ` class="here"` : ""} style="--c:var(${value >= 0 ? "--up" : "--down"});--m:${Math.round((Math.abs(value) / full) * 40)}%">${plain(value, 2)}</td>`;
}

/** The values in ascending order, neighbours put together where there are more than `most`. */
function bins(values: Float64Array, most: number): { readonly labels: readonly string[]; readonly binOf: (value: number) => number } {
  const known = [...new Set(values)].sort((a, b) => a - b);
  const each = Math.ceil(known.length / most);
  const labels = Array.from({ length: Math.ceil(known.length / each) }, (_value, i) => {
    const [first = 0, last = first] = [known[i * each], known[Math.min(known.length, (i + 1) * each) - 1]];
    return first === last ? number(first) : `${number(first)} to ${number(last)}`;
  });
  const places = new Map(known.map((value, i) => [value, Math.floor(i / each)]));
  return { labels, binOf: (value) => places.get(value) as number };
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0 ? undefined : sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function bestTable({ result }: Sweep): string {
  const rows = result.best.map(({ params, stats, deflatedSharpe }) => [
    escapeHtml(paramsLine(params)),
    plain(stats.sharpe, 2),
    deflatedSharpe === null ? MISSING : percent(deflatedSharpe * 100, 0),
    change(stats.totalReturnPct),
    percent(-stats.maxDrawdownPct),
    plain(stats.trades, 0),
  ]);
  return `<div class="scroll">${table("The best combinations", ["Parameters", "#Sharpe", "#Not luck", "#Return", "#Worst fall", "#Trades"], rows, 0)}</div>`;
}

export function paramsLine(params: Readonly<Record<string, number>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${number(value)}`)
    .join(", ");
}

function number(value: number): string {
  return String(value).replace("-", "\u2212");
}

/** No costs is a thing to see. */
export function costsLine({ costs: { feeRate, slippageBps }, prices }: Pick<Sweep["result"], "costs" | "prices">): string {
  const one = (name: string, bps: number) => (bps === 0 ? `<b class="none">${name}: none</b>` : `${plain(bps, 2)}\u00a0bps ${name}`);
  const source = prices === undefined ? "" : `<b>Prices:</b> ${escapeHtml(pricesText(prices))}. `;
  return `<p class="meta">${source}<b>Costs:</b> ${one("fee", feeRate * 10_000)}, ${one("slippage", slippageBps)}.</p>`;
}
