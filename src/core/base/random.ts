/** Seeded random numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Whole number in [0, bound). */
  int(bound: number): number;
  /** Fills `into` with what as many calls of `int` give. */
  ints(bound: number, into: Int32Array): void;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** A generator of its own for `name`: adding one consumer does not move the numbers of another. */
  fork(name: string): Random;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded through a string hash. */
export function seededRandom(seed: number | string): Random {
  const text = String(seed);
  const state = Int32Array.of(hash32(`${text}/a`), hash32(`${text}/b`), hash32(`${text}/c`), 1);
  let spare: number | undefined;
  const next = (): number => step(state) / 4294967296;
  for (let i = 0; i < 15; i++) next();
  return {
    next,
    int: (bound) => Math.floor(next() * bound),
    ints: (bound, into) => fill(state, bound, into),
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

/** The next 32 bits, unsigned. */
function step(state: Int32Array): number {
  const [b, c, d] = [state[1]!, state[2]!, state[3]!];
  const t = (((state[0]! + b) | 0) + d) | 0;
  state[0] = b ^ (b >>> 9);
  state[1] = c + (c << 3);
  state[2] = ((c << 21) | (c >>> 11)) + t;
  state[3] = d + 1;
  return t >>> 0;
}

/** Not inside the generator: what is a function of its own there is compiled anew for each. */
function fill(state: Int32Array, bound: number, into: Int32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = Math.floor((step(state) / 4294967296) * bound);
}

/** FNV-1a with a final avalanche, 32 bits. */
export function hash32(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return (h ^ (h >>> 16)) | 0;
}
