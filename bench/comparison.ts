/** What a benchmark answers: variants of the same work, measured in turns in one run, one of them the baseline. */

export interface Comparison {
  /** What was measured, a few words. */
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** The variant that ratios are taken against. */
  readonly baseline: string;
  /** One value per round. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** What the variants have been checked to agree on, or what the reader must know. */
  readonly note: string;
}

/** What every `bench/NAME.bench.ts` exports as `bench`. */
export interface Benchmark {
  readonly description: string;
  run(signal: AbortSignal): Promise<readonly Comparison[]>;
}

export interface VariantResult {
  readonly variant: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  /** How many times better than the baseline: the median of the ratios within each round. Above 1 is better, whatever the unit. */
  readonly ratio: number;
}

/** Milliseconds of each variant, taken in turns so that a change of the machine's speed meets all alike; one round before counts for nothing. */
export async function inTurns(
  rounds: number,
  variants: Readonly<Record<string, (signal: AbortSignal) => unknown>>,
  signal: AbortSignal,
): Promise<Record<string, number[]>> {
  const samples: Record<string, number[]> = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, variant] of Object.entries(variants)) {
      signal.throwIfAborted();
      const started = performance.now();
      await variant(signal);
      if (round >= 0) samples[name]?.push(performance.now() - started);
    }
  }
  return samples;
}

export function resultsOf({ samples, baseline, better }: Comparison): readonly VariantResult[] {
  const base = samples[baseline];
  if (base === undefined) throw new Error(`The baseline ${baseline} was not measured.`);
  return Object.entries(samples).map(([variant, values]) => ({
    variant,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
    ratio: median(values.map((value, i) => (better === "lower" ? (base[i] as number) / value : value / (base[i] as number)))),
  }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
