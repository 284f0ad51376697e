/** Where a text names a strategy and numbers for its parameters: a strategy's own defaults, or a request for a run of one. */

export interface NamedParameters {
  /** A strategy's name, or the path of its file. */
  readonly strategy: string;
  /** Place of each number in the text. */
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly value: number; readonly offset: number; readonly length: number }>;
}

const NUMBER = String.raw`-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;
const PARAMS = /\bparams\s*:\s*\{/g;

/**
 * Read off the text, for it is not run: `name: "…"` beside `params: { fast: { default: 10 } }` is a strategy, `strategy: "…"`
 * beside `params: { fast: 10 }` a request. What is computed is left out.
 */
export function parametersIn(text: string): readonly NamedParameters[] {
  const plain = blanked(text);
  const found: NamedParameters[] = [];
  for (const match of plain.matchAll(PARAMS)) {
    const open = match.index + match[0].length;
    const close = closing(plain, open);
    const around = objectAround(plain, match.index);
    if (close === undefined || around === undefined) continue;
    const inside = plain.slice(open, close);
    const isStrategy = /\bdefault\s*:/.test(inside);
    // Names stand in the text as it is, beside the parameters and not inside of them.
    const beside = text.slice(around.from, match.index) + " ".repeat(close - match.index) + text.slice(close, around.to);
    const strategy = new RegExp(String.raw`\b${isStrategy ? "name" : "strategy"}\s*:\s*(["'\`])([^"'\`$\n]+)\1`).exec(beside)?.[2];
    if (strategy === undefined) continue;
    const one = isStrategy
      ? new RegExp(String.raw`([A-Za-z_$][\w$]*)\s*:\s*\{[^{}]*?\bdefault\s*:\s*(${NUMBER})(?=\s*[,}])`, "g")
      : new RegExp(String.raw`([A-Za-z_$][\w$]*)\s*:\s*(${NUMBER})(?=\s*(?:,|$))`, "g");
    const parameters = [...inside.matchAll(one)].map((hit) => {
      const [whole, name, value] = hit as unknown as [string, string, string];
      return { name, value: Number(value), offset: open + hit.index + whole.length - value.length, length: value.length };
    });
    if (parameters.length > 0) found.push({ strategy, parameters });
  }
  return found;
}

/** The same text with comments as blanks, so that nothing in them counts; places stay. */
function blanked(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (part) =>
    part.startsWith("/") ? part.replaceAll(/[^\n]/g, " ") : `"${"_".repeat(Math.max(0, part.length - 2))}"`,
  );
}

/** Of the brace that was opened before `from`. */
function closing(text: string, from: number): number | undefined {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return undefined;
}

function objectAround(text: string, place: number): { readonly from: number; readonly to: number } | undefined {
  let depth = 1;
  for (let i = place - 1; i >= 0; i--) {
    if (text[i] === "}") depth++;
    else if (text[i] === "{" && --depth === 0) {
      const to = closing(text, i + 1);
      return to === undefined ? undefined : { from: i + 1, to };
    }
  }
  return undefined;
}
