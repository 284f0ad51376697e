/**
 * Tree-structured Parzen estimator: where to look next, given what was seen. The trials so far are split into the best share
 * and the rest; the density of each is estimated by kernels on the grid, over all parameters together; of some candidates
 * drawn from the density of the good ones, the one whose ratio good to rest is highest is tried next.
 * Bergstra, Bardenet, Bengio, Kégl: "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; kernels over all parameters
 * together as in Falkner, Klein, Hutter: "BOHB", ICML 2018. Deterministic by its seed.
 */
import { setImmediate } from "node:timers/promises";
import { seededRandom, type Random } from "../../base/random.ts";
import type { Axis } from "./grid.ts";
import { normalShare } from "./overfitting.ts";
import type { Condition } from "./where.ts";

/** Random trials first, for something to learn from. */
const FIRST_TRIALS = 20;
/** Trials that are named at once: the same whatever the number of workers is, so that the search is the same too. */
export const ROUND = 8;
const GOOD_SHARE = 0.2;
const MAX_GOOD = 30;
/** Of the rest, the latest so many: the density changes little with more. */
const MAX_REST = 300;
const CANDIDATES = 24;
/** Draws for one candidate that meets the condition and is new. */
const MAX_DRAWS = 300;
/** A smaller grid is searched from end to end for what is left, when draws find nothing new. */
const MAX_LISTED = 1_000_000;

export class TreeParzen {
  readonly #axes: readonly Axis[];
  readonly #holds: Condition;
  readonly #random: Random;
  /** Places on the axes of each trial. */
  readonly #trials: number[][] = [];
  readonly #known = new Set<string>();

  constructor(axes: readonly Axis[], holds: Condition, seed: number) {
    this.#axes = axes;
    this.#holds = holds;
    this.#random = seededRandom(`tpe ${seed}`);
  }

  /** Values of the next trials, fewer than `count` when the grid has no more. `scores` are of the trials named so far; NaN is worse than all. */
  async next(count: number, scores: Float64Array): Promise<readonly number[][]> {
    const isFirst = this.#trials.length < FIRST_TRIALS;
    const densities = isFirst ? undefined : this.#densities(scores);
    const values: number[][] = [];
    while (values.length < count) {
      const places = (densities === undefined ? undefined : this.#promising(densities)) ?? this.#new(() => this.#anywhere()) ?? this.#left();
      if (places === undefined) break;
      this.#trials.push(places);
      this.#known.add(String(places));
      values.push(this.#valuesAt(places));
      // The caller's loop goes on in between.
      await setImmediate();
    }
    return values;
  }

  #densities(scores: Float64Array): { readonly good: Density; readonly rest: Density } {
    const score = (i: number) => (Number.isNaN(scores[i]) ? Number.NEGATIVE_INFINITY : scores[i]!);
    const ranked = [...this.#trials.keys()].sort((a, b) => (score(a) === score(b) ? a - b : score(b) > score(a) ? 1 : -1));
    const goodCount = Math.min(MAX_GOOD, Math.max(2, Math.ceil(GOOD_SHARE * ranked.length)));
    const rest = ranked.slice(goodCount).sort((a, b) => a - b);
    const density = (trials: readonly number[]) =>
      new Density(
        trials.map((i) => this.#trials[i]!),
        this.#axes,
      );
    return { good: density(ranked.slice(0, goodCount)), rest: density(rest.slice(-MAX_REST)) };
  }

  #promising({ good, rest }: { readonly good: Density; readonly rest: Density }): number[] | undefined {
    let best: number[] | undefined;
    let bestRatio = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < CANDIDATES; i++) {
      const places = this.#new(() => good.draw(this.#random));
      if (places === undefined) break;
      const ratio = Math.log(good.at(places)) - Math.log(rest.at(places));
      if (ratio > bestRatio || best === undefined) [best, bestRatio] = [places, ratio];
    }
    return best;
  }

  #new(draw: () => number[]): number[] | undefined {
    for (let i = 0; i < MAX_DRAWS; i++) {
      const places = draw();
      if (!this.#known.has(String(places)) && this.#holds(this.#valuesAt(places))) return places;
    }
    return undefined;
  }

  #anywhere(): number[] {
    return this.#axes.map(({ values }) => this.#random.int(values.length));
  }

  /** One of those that are left, when few are. */
  #left(): number[] | undefined {
    const total = this.#axes.reduce((product, { values }) => product * values.length, 1);
    if (total > MAX_LISTED) return undefined;
    for (let row = 0; row < total; row++) {
      let rest = row;
      const places = this.#axes
        .toReversed()
        .map(({ values }) => {
          const place = rest % values.length;
          rest = Math.floor(rest / values.length);
          return place;
        })
        .reverse();
      if (!this.#known.has(String(places)) && this.#holds(this.#valuesAt(places))) return places;
    }
    return undefined;
  }

  #valuesAt(places: readonly number[]): number[] {
    return places.map((place, at) => this.#axes[at]!.values[place]!);
  }
}

/** A mixture of one normal kernel at each point, cut off at the ends of the axes, and an even density over the whole grid. */
class Density {
  readonly #points: readonly (readonly number[])[];
  readonly #sizes: readonly number[];
  readonly #widths: readonly number[];
  /** Of each point: one over the share of its kernel that is on the grid, on all axes. */
  readonly #weights: Float64Array;
  readonly #even: number;

  constructor(points: readonly (readonly number[])[], axes: readonly Axis[]) {
    this.#points = points;
    this.#sizes = axes.map(({ values }) => values.length);
    // Scott's rule, at least a step or a hundredth of the axis, so that neighbours are looked at too.
    this.#widths = this.#sizes.map((size, at) => {
      const mean = points.reduce((sum, point) => sum + point[at]!, 0) / points.length;
      const deviation = Math.sqrt(points.reduce((sum, point) => sum + (point[at]! - mean) ** 2, 0) / points.length);
      return Math.max(0.8, size / 100, deviation * points.length ** (-1 / (axes.length + 4)));
    });
    this.#weights = Float64Array.from(
      points,
      (point) => 1 / this.#widths.reduce((product, width, at) => product * this.#mass(point[at]!, width, this.#sizes[at]!), 1),
    );
    this.#even = this.#sizes.reduce((product, size) => product / size, 1);
  }

  at(places: readonly number[]): number {
    let sum = this.#even;
    for (let i = 0; i < this.#points.length; i++) {
      const point = this.#points[i]!;
      let square = 0;
      for (let at = 0; at < places.length; at++) square += ((places[at]! - point[at]!) / this.#widths[at]!) ** 2;
      sum += this.#weights[i]! * Math.exp(-square / 2);
    }
    return sum / (this.#points.length + 1);
  }

  draw(random: Random): number[] {
    const point = this.#points[random.int(this.#points.length + 1)];
    return this.#sizes.map((size, at) => {
      for (let tries = 0; point !== undefined && tries < 20; tries++) {
        const place = Math.round(point[at]! + this.#widths[at]! * random.normal());
        if (place >= 0 && place < size) return place;
      }
      return random.int(size);
    });
  }

  #mass(center: number, width: number, size: number): number {
    const below = (edge: number) => normalShare((edge - center) / width);
    return width * Math.sqrt(2 * Math.PI) * (below(size - 0.5) - below(-0.5));
  }
}
