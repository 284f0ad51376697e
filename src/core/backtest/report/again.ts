/** The last part of a report: the command that makes the same run again, and what it must come to. */
import { EXTRA_COST_NAMES, type BacktestResult, type Sizing } from "../../domain/backtest.ts";
import { ADJUSTMENTS } from "../../domain/bars.ts";
import type { BacktestSpec } from "../../domain/desk.ts";
import type { ReportData } from "./chartData.ts";
import { escapeHtml, plain } from "./format.ts";
import { panel, paramsText } from "./sections.ts";

/** `spec` is what was asked for; without it the command is made from the result alone, whose run hash may then differ. */
export function againPanel(result: BacktestResult, data: ReportData, spec: BacktestSpec | undefined): string {
  const { dataset, costs, stats } = result;
  const asked: Partial<BacktestSpec> = spec ?? { engine: result.engine, from: dataset.from ?? "", to: dataset.to ?? "" };
  const flags: ReadonlyArray<readonly [flag: string, value: string | number | undefined]> = [
    ["--data", spec?.data ?? dataset.name],
    ["--benchmark", spec?.benchmark ?? result.benchmark?.name],
    ["--strategy", spec?.strategy ?? result.strategy],
    ["--params", paramsText(result) || undefined],
    ["--cash", Number(data.cash.toPrecision(12))],
    ["--fee-rate", costs.feeRate],
    ["--slippage-bps", costs.slippageBps],
    ...EXTRA_COST_NAMES.map((name) => [`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, costs[name]] as const),
    ["--sizing", spec?.sizing === undefined ? costs.sizing : sizingFlag(spec.sizing)],
    ["--fill", costs.fill],
    ["--engine", asked.engine],
    ["--from", asked.from],
    ["--to", asked.to],
    ["--tz", asked.timeZone ?? dataset.timeZone],
    ["--timeframe", asked.timeframe],
    // Of files and samples it is no choice.
    ["--adjustment", (ADJUSTMENTS as readonly string[]).includes(dataset.adjustment) ? dataset.adjustment : undefined],
    ["--periods-per-year", asked.periodsPerYear],
    ["--risk-free", result.riskFree === 0 ? undefined : result.riskFree],
    ["--report", "report.html"],
  ];
  const command = flags.flatMap(([flag, value]) => (value === undefined || value === "" ? [] : [`${flag} ${shell(String(value))}`]));
  const facts = [
    `data sha256 ${dataset.sha256}`,
    `adjustment ${dataset.adjustment}${dataset.asOf === null ? "" : `, as of ${dataset.asOf}`}`,
    ...(result.benchmark === undefined ? [] : [`benchmark sha256 ${result.benchmark.sha256}`]),
    `run ${result.runHash}`,
  ];
  return panel({
    title: "Run it again",
    say: `Same inputs, same report, byte for byte. Sharpe ratio: mean over standard deviation of the returns of all bars${result.riskFree === undefined || result.riskFree === 0 ? ", nothing subtracted" : ""}, times the root of ${plain(stats.periodsPerYear, 0)}. A position open at the end is closed at the last close.`,
    body: `<pre tabindex="0">${escapeHtml(["quantdesk backtest", ...command].join(" \\\n  "))}\n${escapeHtml(facts.join("\n"))}</pre>`,
  });
}

function sizingFlag(sizing: Sizing): string {
  return sizing.kind === "fixed" ? `fixed:${sizing.units}` : sizing.kind === "percent" ? `percent:${sizing.percent}` : sizing.kind;
}

/** As a POSIX shell takes it. */
function shell(text: string): string {
  return /^[\w./:@=,%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
