/** Vega-Lite specifications of our own charts. Their data is thinned: a picture has 720 columns. */
import type { BarFrame } from "../barFrame.ts";
import { COLOR } from "./colors.ts";

const WIDTH = 720;
const POINTS = 600;
/** More bars than this are a line: candles would be thinner than a pixel's rim. */
const MAX_CANDLES = 150;

interface Point {
  readonly t: number;
  readonly v: number;
}

/** Equity above, fall below its running peak beneath. */
export function equityChart(equity: ReadonlyArray<readonly [string, number]>, title: string): object {
  const points = thinned(equity.map(([time, v]) => ({ t: Date.parse(time), v: toSee(v) })));
  let peak = 0;
  const falls = thinned(
    equity.map(([time, v]) => {
      peak = Math.max(peak, v);
      return { t: Date.parse(time), v: toSee((v / peak - 1) * 100) };
    }),
  );
  const x = { field: "t", type: "temporal", scale: { type: "utc" } };
  return {
    $schema: SCHEMA,
    title,
    spacing: 6,
    vconcat: [
      {
        width: WIDTH,
        height: 150,
        data: { values: points },
        mark: { type: "line", strokeWidth: 1.6, color: COLOR.fg },
        encoding: {
          x: { ...x, axis: null },
          y: { field: "v", type: "quantitative", scale: { zero: false }, axis: { title: null, orient: "right", tickCount: 4, format: "$~s" } },
        },
      },
      {
        width: WIDTH,
        height: 44,
        data: { values: falls },
        mark: { type: "area", color: COLOR.down, fillOpacity: 0.28, line: { color: COLOR.down, strokeWidth: 1 } },
        encoding: {
          x: { ...x, axis: { title: null, tickCount: 8 } },
          y: {
            field: "v",
            type: "quantitative",
            scale: { domainMax: 0 },
            axis: { title: null, orient: "right", tickCount: 2, labelExpr: "format(datum.value, '.0f') + ' %'" },
          },
        },
      },
    ],
  };
}

/** Candles where they fit (up hollow, down filled), else the closes as a line. */
export function priceChart(bars: BarFrame, title: string): object {
  const x = { field: "t", type: "temporal", scale: { type: "utc" }, axis: { title: null, tickCount: 8 } };
  const y = { type: "quantitative", scale: { zero: false }, axis: { title: null, orient: "right", tickCount: 5 } };
  const base = { $schema: SCHEMA, title, width: WIDTH, height: 240 };
  if (bars.length > MAX_CANDLES) {
    const values = thinned(Array.from(bars.close, (v, i) => ({ t: bars.time[i] as number, v })));
    return { ...base, data: { values }, mark: { type: "line", strokeWidth: 1.4, color: COLOR.fg }, encoding: { x, y: { ...y, field: "v" } } };
  }
  const values = Array.from({ length: bars.length }, (_, i) => ({ t: bars.time[i], o: bars.open[i], h: bars.high[i], l: bars.low[i], c: bars.close[i] }));
  const size = Math.max(2, Math.min(7, (WIDTH / Math.max(1, bars.length)) * 0.62));
  const isUp = "datum.c >= datum.o";
  return {
    ...base,
    data: { values },
    encoding: { x, color: { condition: { test: isUp, value: COLOR.up }, value: COLOR.down } },
    layer: [
      { mark: { type: "rule" }, encoding: { y: { ...y, field: "l" }, y2: { field: "h" } } },
      {
        mark: { type: "bar", size, strokeWidth: 1 },
        encoding: {
          y: { ...y, field: "o" },
          y2: { field: "c" },
          fill: { condition: { test: isUp, value: COLOR.ground }, value: COLOR.down },
          stroke: { condition: { test: isUp, value: COLOR.up }, value: COLOR.down },
        },
      },
    ],
  };
}

/** Numbers over their index, or values over time. */
export function lineChart(
  points: readonly Point[],
  options: { readonly isTime: boolean; readonly title?: string | undefined; readonly width?: number | undefined; readonly height?: number | undefined },
): object {
  return {
    $schema: SCHEMA,
    ...(options.title === undefined ? {} : { title: options.title }),
    width: options.width ?? WIDTH,
    height: options.height ?? 200,
    data: { values: thinned(points) },
    mark: { type: "line", strokeWidth: 1.4, color: COLOR.fg },
    encoding: {
      x: {
        field: "t",
        type: options.isTime ? "temporal" : "quantitative",
        ...(options.isTime ? { scale: { type: "utc" } } : {}),
        axis: { title: null, tickCount: 8 },
      },
      y: { field: "v", type: "quantitative", scale: { zero: false }, axis: { title: null, orient: "right", tickCount: 5 } },
    },
  };
}

const SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json";

/** More digits than a picture shows would only fill the notebook's file. */
function toSee(value: number): number {
  return Number(value.toPrecision(6));
}

/** Of each column's points the lowest and the highest, so that no peak is lost. */
export function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= POINTS) return points;
  const kept: Point[] = [];
  const per = points.length / (POINTS / 2);
  for (let bucket = 0; bucket < POINTS / 2; bucket++) {
    const part = points.slice(Math.floor(bucket * per), Math.floor((bucket + 1) * per));
    const [first] = part;
    if (first === undefined) continue;
    let low = first;
    let high = first;
    for (const point of part) {
      if (point.v < low.v) low = point;
      if (point.v > high.v) high = point;
    }
    kept.push(...(low === high ? [low] : low.t < high.t ? [low, high] : [high, low]));
  }
  const last = points.at(-1);
  if (last !== undefined && kept.at(-1) !== last) kept.push(last);
  return kept;
}
