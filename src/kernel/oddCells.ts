/** Cells that need a look before anything parses them. */

/** Deeper than people nest; far deeper, parsers overflow their stacks, and the native ones do not survive it. */
const MAX_DEPTH = 1000;
/** Strings, templates and comments are skipped where they can be told; a regular expression's brackets count. */
const SKIPPED = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

export function isTooDeep(text: string): boolean {
  return depthOf(text) > MAX_DEPTH && depthOf(text.replace(SKIPPED, "")) > MAX_DEPTH;
}

export function tooDeep(): SyntaxError {
  return new SyntaxError(`Brackets are nested more than ${MAX_DEPTH} deep. Take the inner part into a name of its own.`);
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === 40 || character === 91 || character === 123) deepest = Math.max(deepest, ++depth);
    else if (character === 41 || character === 93 || character === 125) depth--;
  }
  return deepest;
}

/** Only braces and what they hold: to JavaScript a block, to the person who wrote `{ a: 1 }` as a cell an object. */
export function mayBeObject(text: string): boolean {
  return /^\s*\{[\s\S]*\}\s*$/.test(text);
}
