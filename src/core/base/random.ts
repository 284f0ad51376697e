/** Seeded random numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Whole number in [0, bound). */
  int(bound: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** A generator of its own for `name`: adding one consumer does not move the numbers of another. */
  fork(name: string): Random;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded through a string hash. */
export function seededRandom(seed: number | string): Random {
  const text = String(seed);
  let [a, b, c, d] = [hash32(`${text}/a`), hash32(`${text}/b`), hash32(`${text}/c`), 1];
  let spare: number | undefined;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 15; i++) next();
  return {
    next,
    int: (bound) => Math.floor(next() * bound),
    normal: () => {
      if (spare !== undefined) {
        const kept = spare;
        spare = undefined;
        return kept;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      const angle = 2 * Math.PI * next();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    fork: (name) => seededRandom(`${text}/${name}`),
  };
}

/** FNV-1a with a final avalanche, 32 bits. */
export function hash32(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return (h ^ (h >>> 16)) | 0;
}
