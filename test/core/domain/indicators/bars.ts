/** Seeded made-up bars as columns, with a second series beside them, for the indicators' tests. */
import { seededRandom } from "../../../../src/core/base/random.ts";
import { INDICATOR_COLUMNS, type IndicatorBar, type IndicatorColumn } from "../../../../src/core/domain/indicators/definition.ts";

export type Columns = Readonly<Record<IndicatorColumn, Float64Array>>;

/** `places`: decimals of prices, as exchanges quote; without, prices are any float. */
export function givenBars(length: number, seed: number | string = 1, places?: number): Columns {
  const random = seededRandom(seed);
  const columns = Object.fromEntries(INDICATOR_COLUMNS.map((name) => [name, new Float64Array(length)])) as Record<IndicatorColumn, Float64Array>;
  const quoted = (price: number) => (places === undefined ? price : Math.round(price * 10 ** places) / 10 ** places);
  let [price, other] = [50 + random.int(100), 100];
  for (let i = 0; i < length; i++) {
    const shock = random.normal();
    const open = quoted(price * (1 + random.normal() / 200));
    price = Math.max(1, quoted(price * (1 + shock / 60)));
    other = Math.max(1, quoted(other * (1 + (shock + random.normal()) / 90)));
    columns.time[i] = Date.UTC(2024, 0, 1) + i * 3_600_000;
    columns.open[i] = open;
    columns.close[i] = price;
    columns.high[i] = quoted(Math.max(open, price) + Math.abs(random.normal()));
    columns.low[i] = Math.max(0.5, quoted(Math.min(open, price) - Math.abs(random.normal()) / 2));
    columns.volume[i] = 1 + random.int(10_000);
    columns.other[i] = other;
  }
  return columns;
}

export function barAt(columns: Columns, i: number): IndicatorBar {
  return Object.fromEntries(INDICATOR_COLUMNS.map((name) => [name, columns[name][i]])) as IndicatorBar;
}

export function cut(columns: Columns, to: number): Columns {
  return Object.fromEntries(INDICATOR_COLUMNS.map((name) => [name, columns[name].subarray(0, to)])) as Columns;
}
