/** A frame of bars: its sentence, its last rows, its chart. */
import type { BarFrame } from "../barFrame.ts";
import { TABLE_MIME } from "../../core/domain/shown.ts";
import type { MimeBundle } from "../protocol.ts";
import type { Hold } from "../shown/held.ts";
import { frameSource, type TableSource } from "../shown/tableSource.ts";
import { priceChart } from "./charts.ts";
import { day, number, percent, plural, signed } from "./format.ts";
import { html, NOTHING, page, SIMULATED, table, textTable } from "./html.ts";
import { shownTable } from "./rows.ts";
import { shownCandles } from "./shownCharts.ts";

const SHOWN = 5;
/** Of the newest, in the output itself. */
const KEPT = 50;

export async function drawBars(bars: BarFrame, hold: Hold): Promise<readonly MimeBundle[]> {
  const mark = bars.simulated ? " SIMULATED" : "";
  if (bars.length === 0) return [{ "text/html": page(html`<p><b>${bars.symbol}: no bars.</b></p>`), "text/plain": `${bars.symbol}: no bars.` }];
  const first = bars.row(0);
  const last = bars.row(bars.length - 1);
  const say = `${bars.symbol}: ${plural(bars.length, "bar")} of ${bars.timeframe}, ${day(first.time)} to ${day(last.time)}, ${signed((last.close / first.close - 1) * 100)}`;
  const titles = ["Time", "Open", "High", "Low", "Close", "Volume"];
  const rows = Array.from({ length: Math.min(SHOWN, bars.length) }, (_, i) => bars.row(bars.length - Math.min(SHOWN, bars.length) + i)).map((b) => [
    bars.timeframe === "1Day" ? day(b.time) : b.time.slice(0, 16).replace("T", " "),
    number(b.open),
    number(b.high),
    number(b.low),
    number(b.close),
    number(b.volume, 0),
  ]);
  const { drawChart } = await import("./chart.ts");
  const chartSay = `${say}${mark}; last close ${number(last.close)}, ${percent((1 - last.close / highest(bars.close)) * 100)} below the highest`;
  return [
    {
      "text/html": page(
        html`<p><b>${say}</b>. Closes between ${number(lowest(bars.close))} and ${number(highest(bars.close))}. ${bars.simulated ? SIMULATED : NOTHING}</p>`,
        table(
          "Last bars",
          titles.map((title, i) => ({ title, isNumber: i > 0 })),
          rows,
        ),
        html`<p class="qd-s qd-dim">The last ${rows.length} of ${plural(bars.length, "bar")}; ${bars.source}, adjustment: ${bars.adjustment}${bars.asOf === null ? "" : `, as of ${bars.asOf.slice(0, 10)}`}.</p>`,
      ),
      "text/plain": `${say}${mark}\n${textTable(titles, rows)}`,
      [TABLE_MIME]: shownTable(sourceOf(bars), hold, { say, from: Math.max(0, bars.length - KEPT), pageSize: SHOWN, isSimulated: bars.simulated }),
    },
    await drawChart(
      priceChart(bars, `${bars.symbol}${mark === "" ? "" : " · SIMULATED"}`),
      chartSay,
      shownCandles(bars, { title: bars.symbol, say: chartSay, isSimulated: bars.simulated }),
    ),
  ];
}

function sourceOf({ timeframe, time, open, high, low, close, volume }: BarFrame): TableSource {
  const frame = frameSource(["time", "open", "high", "low", "close", "volume"], [time, open, high, low, close, volume]);
  // A daily bar's time is its day.
  const grain = timeframe === "1Day" ? 86_400_000 : 1;
  return {
    ...frame,
    counts: new Set(["volume"]),
    value: (row, column) => (column === 0 ? new Date(Math.floor((time[row] as number) / grain) * grain) : frame.value(row, column)),
  };
}

function lowest(values: Float64Array): number {
  return values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
}

function highest(values: Float64Array): number {
  return values.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
}
