/**
 * What a fill costs beyond its price: slippage, half the spread and the impact of its own size move the price of market and
 * stop fills against the order; fees are a share of the value, an amount per unit, and at least a minimum.
 */
import type { Costs } from "../domain/backtest.ts";
import { marketFillPrice } from "../domain/fills.ts";
import type { Side } from "../domain/orders.ts";

export class FillCosts {
  readonly #bps: number;
  readonly #impact: number;
  readonly feeRate: number;
  readonly #perUnit: number;
  readonly #minimum: number;
  /** Share of a bar's volume that may be traded; infinite without a limit. */
  readonly volumeLimit: number;

  constructor(costs: Costs) {
    this.#bps = costs.slippageBps + (costs.spreadBps ?? 0) / 2;
    this.#impact = costs.impact ?? 0;
    this.feeRate = costs.feeRate;
    this.#perUnit = costs.feePerShare ?? 0;
    this.#minimum = costs.feeMin ?? 0;
    this.volumeLimit = costs.volumeLimit ?? Number.POSITIVE_INFINITY;
  }

  /** Only a share of the value: then money is counted with the very terms of the other engines, to the last digit. */
  get isPlain(): boolean {
    return this.#perUnit === 0 && this.#minimum === 0;
  }

  /** Price of a market or stop fill of `units` (above zero) that is quoted at `price`, in bar `bar` of those with `volumes`. */
  marketPrice(side: Side, price: number, units: number, volumes: Float64Array, bar: number): number {
    if (this.#impact === 0) return marketFillPrice(side, price, this.#bps);
    const volume = volumes[bar]!;
    // Quadratic in the share of the bar's volume, as in Zipline's VolumeShareSlippage; a bar without volume counts as all of it.
    const share = volume > 0 ? Math.min(1, units / volume) : 1;
    return marketFillPrice(side, price, this.#bps + this.#impact * share * share * 10_000);
  }

  fee(units: number, price: number): number {
    if (this.isPlain) return units * price * this.feeRate;
    return Math.max(this.#minimum, units * price * this.feeRate + units * this.#perUnit);
  }

  /** Units that `budget` pays for at `price`, fee included. */
  unitsFor(budget: number, price: number): number {
    if (this.isPlain) return budget / (price * (1 + this.feeRate));
    const units = budget / (price * (1 + this.feeRate) + this.#perUnit);
    return this.fee(units, price) > this.#minimum ? units : Math.max(0, budget - this.#minimum) / price;
  }
}
