/** A backtest: its sentence, its statistics, its equity; a batch: one row per request. */
import type { BacktestResult, BatchResult } from "../deskTypes.d.ts";
import type { MimeBundle } from "../protocol.ts";
import { equityChart } from "./charts.ts";
import { day, move, number, percent, plural, signed } from "./format.ts";
import { shownEquity } from "./shownCharts.ts";
import { html, NOTHING, page, SIMULATED, table, textTable, warning, type Html } from "./html.ts";

export async function drawBacktest(result: BacktestResult): Promise<readonly MimeBundle[]> {
  const { drawChart } = await import("./chart.ts");
  const say = `${named(result)} on ${result.dataset.name}: ${signed(result.stats.totalReturnPct)}`;
  const rest = `Worst fall ${percent(-result.stats.maxDrawdownPct)}, ${plural(result.stats.trades, "trade")}, ${day(result.dataset.from)} to ${day(result.dataset.to)}, ${plural(result.dataset.bars, "bar")}.`;
  const costs = `Costs ${costsOf(result)}; filled at the ${result.costs.fill === "close" ? "close" : "next open"}; ${result.engine} engine; run ${result.runHash.slice(0, 12)}.`;
  const rows = statistics(result);
  const texts: MimeBundle = {
    "text/html": page(
      html`<p><b>${say}</b>. ${rest} ${result.simulated ? SIMULATED : NOTHING}</p>`,
      table(
        "Statistics",
        [{ title: "Statistic" }, { title: "Value", isNumber: true }, { title: "Statistic" }, { title: "Value", isNumber: true }],
        inPairs(rows),
      ),
      html`<p class="qd-s qd-dim">${costs}</p>`,
      ...result.warnings.map((text) => warning(text)),
    ),
    "text/plain": [
      `${say}. ${rest}${result.simulated ? " SIMULATED" : ""}`,
      textTable(
        ["Statistic", "Value"],
        rows.map(([name, text]) => [name, text]),
      ),
      costs,
      ...result.warnings.map((text) => `Note: ${text}`),
    ].join("\n"),
  };
  if (result.equity.length < 2) return [texts];
  const chart = await drawChart(
    equityChart(result.equity, `${named(result)}${result.simulated ? " · SIMULATED" : ""}`),
    `${say}. ${rest}`,
    shownEquity(result.equity, { title: named(result), say: `${say}. ${rest}`, isSimulated: result.simulated }),
  );
  return [texts, chart];
}

export function drawBatch(batch: BatchResult): MimeBundle {
  const say = `${batch.succeeded} of ${plural(batch.run, "backtest")} succeeded in ${number(batch.durationMs / 1000)} s on ${plural(batch.workers, "worker")}.`;
  const titles = ["Strategy", "Return", "CAGR", "Sharpe", "Worst fall", "Trades", "Won", "Costs"];
  const simulated = batch.results.some((item) => item.result?.simulated === true);
  const rows = batch.results.map((item): Array<readonly [string, Html | string]> => {
    const result = item.result;
    if (result === undefined)
      return [
        ["", html`#${item.index} <span class="qd-down">${item.status}</span> ${item.error?.message ?? ""}`],
        ...titles.slice(1).map(() => ["", ""] as const),
      ];
    const s = result.stats;
    const texts = [
      named(result),
      signed(s.totalReturnPct),
      signed(s.cagrPct),
      number(s.sharpe),
      percent(-s.maxDrawdownPct),
      String(s.trades),
      percent(s.winRatePct),
      costsOf(result),
    ];
    return texts.map((text, i) => [text, i === 1 ? move(s.totalReturnPct, percent(s.totalReturnPct)) : i === 3 ? html`<b>${text}</b>` : text] as const);
  });
  return {
    "text/html": page(
      html`<p><b>${say}</b> ${simulated ? SIMULATED : NOTHING}</p>`,
      table(
        "Backtests",
        titles.map((title, i) => ({ title, isNumber: i > 0 && i < 7 })),
        rows.map((row) => row.map(([, cell]) => cell)),
      ),
    ),
    "text/plain": `${say}${simulated ? " SIMULATED" : ""}\n${textTable(
      titles,
      batch.results.map((item, i) =>
        item.result === undefined ? [`#${item.index} ${item.status}: ${item.error?.message ?? ""}`] : (rows[i] ?? []).map(([text]) => text),
      ),
    )}`,
  };
}

function statistics({ stats }: BacktestResult): Array<readonly [string, string, (string | Html)?]> {
  return [
    ["Return", signed(stats.totalReturnPct), move(stats.totalReturnPct, percent(stats.totalReturnPct))],
    ["CAGR", signed(stats.cagrPct)],
    ["Sharpe", number(stats.sharpe), html`<b>${number(stats.sharpe)}</b>`],
    ["Sortino", number(stats.sortino)],
    ["Volatility", percent(stats.volatilityPct)],
    ["Calmar", number(stats.calmar)],
    ["Worst fall", percent(-stats.maxDrawdownPct)],
    ["Longest fall", plural(Math.round(stats.maxDrawdownDays), "day")],
    ["Trades", String(stats.trades)],
    ["Won", percent(stats.winRatePct)],
    ["Profit factor", number(stats.profitFactor)],
    ["Expectancy", percent(stats.expectancyPct, 2)],
    ["Best trade", signed(stats.bestTradePct)],
    ["Worst trade", signed(stats.worstTradePct)],
    ["Exposure", percent(stats.exposurePct)],
    ["SQN", number(stats.sqn)],
    ["Fees", `$${number(stats.totalFees)}`],
    ["Final equity", `$${number(stats.finalEquity)}`],
  ];
}

function inPairs(rows: ReadonlyArray<readonly [string, string, (string | Html)?]>): Array<Array<string | Html>> {
  const half = Math.ceil(rows.length / 2);
  return Array.from({ length: half }, (_, i) => [rows[i], rows[i + half]].flatMap((row) => (row === undefined ? ["", ""] : [row[0], row[2] ?? row[1]])));
}

function named(result: BacktestResult): string {
  const params = Object.values(result.params).join("/");
  return `${result.strategy}${params === "" ? "" : ` ${params}`}`;
}

function costsOf({ costs }: BacktestResult): string {
  return `${number(costs.feeRate * 10_000, 0)} + ${number(costs.slippageBps, costs.slippageBps % 1 === 0 ? 0 : 1)} bps`;
}
