/** Seeded series for the feature tests; each number of bars and seed gives the same prices on every machine. */
import { seededRandom } from "../../../src/core/base/random.ts";
import type { BarSeries } from "../../../src/core/domain/bars.ts";

/** Columns as lists: typed arrays are compared byte by byte, and one undefined value may be stored as another's bits. */
export function asLists(columns: Readonly<Record<string, Float64Array>>): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, [...column]]));
}

export function givenSeries(bars: number, seed: number | string = 1, symbol = "TEST"): BarSeries {
  const random = seededRandom(seed);
  const column = () => new Float64Array(bars);
  const [time, open, high, low, close, volume] = [column(), column(), column(), column(), column(), column()];
  let price = 50 + random.int(100);
  for (let i = 0; i < bars; i++) {
    time[i] = Date.UTC(2020, 0, 1) + i * 86_400_000;
    open[i] = price;
    price = Math.max(1, Math.round(price * (1 + random.normal() / 60) * 100) / 100);
    close[i] = price;
    high[i] = Math.max(open[i] as number, price) + 0.5;
    low[i] = Math.max(0.5, Math.min(open[i] as number, price) - 0.5);
    volume[i] = random.int(10_000);
  }
  return { symbol, timeframe: "1Day", time, open, high, low, close, volume, simulated: true };
}
