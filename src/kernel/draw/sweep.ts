/** A sweep: what its best is worth, and the best; a walk-forward analysis: its windows and the equity of its tests. */
import { doubtSentences, luckSentence, walkForwardSentence } from "../../core/domain/luck.ts";
import type { SweepResult, WalkForwardResult } from "../deskTypes.d.ts";
import type { MimeBundle } from "../protocol.ts";
import { equityChart } from "./charts.ts";
import { day, number, percent, plural, signed } from "./format.ts";
import { shownEquity } from "./shownCharts.ts";
import { html, NOTHING, page, SIMULATED, table, textTable, warning } from "./html.ts";

export function drawSweep(result: SweepResult): MimeBundle {
  const cancelled = result.cancelled === 0 ? "" : `, ${result.cancelled} not run`;
  const say = `${result.strategy} on ${result.dataset}: ${result.succeeded} of ${plural(result.combinations, "combination")} succeeded${cancelled}`;
  const rest = `in ${number(result.durationMs / 1000)} s on ${plural(result.workers, "worker")}. Costs ${costsOf(result)}.`;
  const luck = [luckSentence(result), ...doubtSentences(result)].filter((sentence) => sentence !== "").join(" ");
  const titles = ["Parameters", "Sharpe", "Not luck", "Return", "Worst fall", "Trades"];
  const rows = result.best.map(({ params, stats, deflatedSharpe }) => [
    paramsOf(params),
    number(stats.sharpe),
    deflatedSharpe === null ? "–" : percent(deflatedSharpe * 100, 0),
    signed(stats.totalReturnPct),
    percent(stats.maxDrawdownPct === 0 ? 0 : -stats.maxDrawdownPct),
    String(stats.trades),
  ]);
  const failures = result.failures.map(({ params, message }) => `${paramsOf(params)}: ${message}`);
  return {
    "text/html": page(
      html`<p><b>${say}</b> ${rest} ${result.simulated ? SIMULATED : NOTHING}</p>`,
      html`<p>${luck}</p>`,
      table(
        "The best combinations",
        titles.map((title, i) => ({ title, isNumber: i > 0 })),
        rows,
      ),
      ...failures.map((text) => warning(text)),
    ),
    "text/plain": [`${say} ${rest}${result.simulated ? " SIMULATED" : ""}`, luck, textTable(titles, rows), ...failures.map((text) => `Note: ${text}`)]
      .filter((line) => line !== "")
      .join("\n"),
  };
}

export async function drawWalkForward(result: WalkForwardResult): Promise<readonly MimeBundle[]> {
  const say = `${result.strategy} on ${result.dataset}, walk forward.`;
  const rest = walkForwardSentence(result);
  const titles = ["Tested", "Parameters", "Sharpe in training", "in test", "Return", "Trades"];
  const rows = result.windows.map(({ test, params, inSample, outOfSample, error }) => [
    `${day(test.from)} to ${day(test.to)}`,
    params === null ? (error ?? "–") : paramsOf(params),
    number(inSample?.sharpe ?? null),
    number(outOfSample?.sharpe ?? null),
    signed(outOfSample?.totalReturnPct ?? null),
    String(outOfSample?.trades ?? "–"),
  ]);
  const costs = `Costs ${costsOf(result)}.`;
  const texts: MimeBundle = {
    "text/html": page(
      html`<p><b>${say}</b> ${rest} ${result.simulated ? SIMULATED : NOTHING}</p>`,
      table(
        "Windows",
        titles.map((title, i) => ({ title, isNumber: i > 1 })),
        rows,
      ),
      html`<p class="qd-s qd-dim">${costs}</p>`,
    ),
    "text/plain": [`${say} ${rest}${result.simulated ? " SIMULATED" : ""}`, textTable(titles, rows), costs].join("\n"),
  };
  if (result.equity.length < 2) return [texts];
  const { drawChart } = await import("./chart.ts");
  const title = `${result.strategy}, test windows`;
  const chart = await drawChart(
    equityChart(result.equity, `${title}${result.simulated ? " · SIMULATED" : ""}`),
    `${say} ${rest}`,
    shownEquity(result.equity, { title, say: `${say} ${rest}`, isSimulated: result.simulated }),
  );
  return [texts, chart];
}

function paramsOf(params: Readonly<Record<string, number>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function costsOf({ costs }: Pick<SweepResult, "costs">): string {
  return `${number(costs.feeRate * 10_000, 0)} + ${number(costs.slippageBps, costs.slippageBps % 1 === 0 ? 0 : 1)} bps`;
}
