/** A behaviour of cells that holds in every front: what is run, and what the last cell is seen to do. */

/** What a front saw of a cell. */
export interface Seen {
  /** Null for a cell that ended well. `details` of a type error begins with its line and column. */
  readonly failure: { readonly name: string; readonly message: string; readonly details: string } | null;
  /** text/plain of its result; null without one. */
  readonly shown: string | null;
  readonly out: string;
  readonly err: string;
  /** Its displays in order, updates and clearings among them: "display text/html", "update text/plain", "clear". */
  readonly displays: readonly string[];
}

export interface Behaviour {
  readonly that: string;
  /** All but the last run well; text files of the notebook's folder are written in between. */
  readonly steps: ReadonlyArray<string | FileStep>;
  readonly expected: Expected;
}

export interface FileStep {
  readonly file: string;
  readonly text: string;
}

export type Expected =
  | { readonly kind: "shows"; readonly text: string | RegExp | null }
  | { readonly kind: "prints"; readonly out: string; readonly err: string }
  | { readonly kind: "displays"; readonly displays: readonly string[] }
  /** It ran and failed. */
  | { readonly kind: "throws"; readonly details: RegExp }
  /** It did not run: `details` begins "line:column message". */
  | { readonly kind: "refuses"; readonly details: RegExp };

type Steps = Behaviour["steps"];

export function shows(that: string, steps: Steps, text: string | RegExp | null): Behaviour {
  return { that, steps, expected: { kind: "shows", text } };
}

export function prints(that: string, steps: Steps, out: string, err = ""): Behaviour {
  return { that, steps, expected: { kind: "prints", out, err } };
}

export function displays(that: string, steps: Steps, ...seen: readonly string[]): Behaviour {
  return { that, steps, expected: { kind: "displays", displays: seen } };
}

export function throws(that: string, steps: Steps, details: RegExp): Behaviour {
  return { that, steps, expected: { kind: "throws", details } };
}

export function refuses(that: string, steps: Steps, details: RegExp): Behaviour {
  return { that, steps, expected: { kind: "refuses", details } };
}
