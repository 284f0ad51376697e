/** What `plot` takes: bars, a backtest, numbers, [time, value] pairs, or a Vega-Lite specification. */
import type { BacktestResult, PlotOptions } from "../deskTypes.d.ts";
import { BarFrame } from "../barFrame.ts";
import { kindOf } from "../drawValue.ts";
import type { MimeBundle } from "../protocol.ts";
import { drawChart } from "./chart.ts";
import { equityChart, lineChart, priceChart } from "./charts.ts";
import { shownCandles, shownEquity } from "./shownCharts.ts";
import { number, plural } from "./format.ts";

export async function drawPlot(value: unknown, options: PlotOptions): Promise<MimeBundle> {
  const { title, width, height } = options;
  const sized = (spec: object): object => ({
    ...spec,
    ...(title === undefined ? {} : { title }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  });
  // A size that was asked for is the picture's: ours takes the room that there is.
  const isSized = width !== undefined || height !== undefined;
  if (value instanceof BarFrame) {
    const say = `${value.symbol}: ${plural(value.length, "bar")}`;
    const shown = shownCandles(value, { title: title ?? value.symbol, say, isSimulated: value.simulated });
    return await drawChart(sized(priceChart(value, `${value.symbol}${value.simulated ? " · SIMULATED" : ""}`)), say, isSized ? undefined : shown);
  }
  if (kindOf(value) === "backtest") {
    const result = value as BacktestResult;
    const say = `${result.strategy}: equity`;
    const shown = shownEquity(result.equity, { title: title ?? result.strategy, say, isSimulated: result.simulated });
    return await drawChart(
      equityChart(result.equity, title ?? `${result.strategy}${result.simulated ? " · SIMULATED" : ""}`),
      say,
      isSized ? undefined : shown,
    );
  }
  const series = numbersOf(value) ?? pairsOf(value);
  if (series !== undefined) {
    const last = series.points.at(-1);
    return await drawChart(
      lineChart(series.points, { isTime: series.isTime, title, width, height }),
      `${plural(series.points.length, "value")}, last ${number(last?.v ?? null)}`,
    );
  }
  if (
    value !== null &&
    typeof value === "object" &&
    ("mark" in value || "layer" in value || "$schema" in value || "hconcat" in value || "vconcat" in value || "facet" in value || "repeat" in value)
  ) {
    return await drawChart(sized(value), title ?? "[chart]");
  }
  throw new TypeError("plot takes bars, a backtest, numbers, [time, value] pairs, or a Vega-Lite specification.");
}

interface Series {
  readonly points: Array<{ readonly t: number; readonly v: number }>;
  readonly isTime: boolean;
}

function numbersOf(value: unknown): Series | undefined {
  const isNumbers =
    (ArrayBuffer.isView(value) && !(value instanceof DataView)) || (Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === "number"));
  if (!isNumbers) return undefined;
  return { points: Array.from(value as ArrayLike<number>, (v, t) => ({ t, v })).filter(({ v }) => Number.isFinite(v)), isTime: false };
}

function pairsOf(value: unknown): Series | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const points: Array<{ t: number; v: number }> = [];
  for (const pair of value as unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[1] !== "number") return undefined;
    const t = typeof pair[0] === "number" ? pair[0] : Date.parse(String(pair[0]));
    if (Number.isNaN(t)) return undefined;
    if (Number.isFinite(pair[1])) points.push({ t, v: pair[1] });
  }
  return { points, isTime: true };
}
