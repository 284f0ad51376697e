/** Cells that were run in this session, for a console's arrow keys and searches. Bounded; gone with the kernel. */
interface Line {
  readonly count: number;
  readonly input: string;
  output: string | null;
}

const MOST = 10_000;
/** Of a JupyterLab session there is one: ours. */
const SESSION = 1;

export class History {
  readonly #lines: Line[] = [];

  add(count: number, input: string): void {
    this.#lines.push({ count, input, output: null });
    if (this.#lines.length > MOST) this.#lines.shift();
  }

  shown(count: number, output: string): void {
    const line = this.#lines.findLast((known) => known.count === count);
    if (line !== undefined) line.output = output;
  }

  /** The answer to a history_request: [session, count, input] or [session, count, [input, output]]. */
  answer(request: Readonly<Record<string, unknown>>): ReadonlyArray<readonly unknown[]> {
    return this.#chosen(request).map(({ count, input, output }) => [SESSION, count, request["output"] === true ? [input, output] : input]);
  }

  #chosen(request: Readonly<Record<string, unknown>>): readonly Line[] {
    const whole = (name: string, otherwise: number): number => {
      const value = request[name];
      return typeof value === "number" && Number.isInteger(value) ? value : otherwise;
    };
    switch (request["hist_access_type"]) {
      case "range": {
        if (![0, SESSION].includes(whole("session", 0))) return [];
        const [start, stop] = [whole("start", 0), whole("stop", Number.MAX_SAFE_INTEGER)];
        return this.#lines.filter((line) => line.count >= start && line.count < stop);
      }
      case "search": {
        const matches = globMatcher(typeof request["pattern"] === "string" ? request["pattern"] : "*");
        const found = this.#lines.filter((line) => matches(line.input));
        const newest = request["unique"] === true ? found.filter((line, i) => found.findLastIndex((other) => other.input === line.input) === i) : found;
        return newest.slice(-Math.max(1, whole("n", 1000)));
      }
      default:
        return this.#lines.slice(-Math.max(1, whole("n", 10)));
    }
  }
}

/**
 * "*" stands for anything, "?" for one character. A star takes as little as it can and more only when the rest does not
 * fit, and only the last one met is tried again: a pattern of many stars costs pattern times text, never more.
 */
function globMatcher(pattern: string): (text: string) => boolean {
  return (text) => {
    let at = 0;
    let place = 0;
    /** Where the last star stands, and what of the text it has taken up to. */
    let star: { readonly place: number; upTo: number } | undefined;
    while (at < text.length) {
      if (pattern[place] === "*") star = { place: place++, upTo: at };
      else if (pattern[place] === "?" || pattern[place] === text[at]) {
        at++;
        place++;
      } else if (star !== undefined) {
        at = ++star.upTo;
        place = star.place + 1;
      } else return false;
    }
    while (pattern[place] === "*") place++;
    return place === pattern.length;
  };
}
