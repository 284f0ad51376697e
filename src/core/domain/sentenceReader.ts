/** A sentence as words that are taken one after the other; each error says what stood there and how to write it. */
import { parseDecimal, type Big } from "../base/decimal.ts";
import { badInput } from "../base/errors.ts";

export const SYMBOL_WORD = /^[A-Za-z][A-Za-z0-9]{0,9}([./-][A-Za-z0-9]{1,5})?$/;
const MOST = 1e12;

/** Takes a sentence word by word; whatever is left over is an error. */
export class SentenceReader {
  readonly #what: string;
  readonly #words: string[];

  constructor(what: string, words: readonly string[]) {
    this.#what = what;
    // "10," and "AAPL," lose the comma that ends a clause; "10,5" keeps its own and is refused as a number.
    this.#words = words.map((word) => word.replace(/,$/, "")).filter((word) => word !== "");
  }

  get isDone(): boolean {
    return this.#words.length === 0;
  }

  peek(): string {
    return this.#words[0] ?? "";
  }

  skip(...words: readonly string[]): boolean {
    if (!words.includes(this.peek().toLowerCase()) || this.isDone) return false;
    this.#words.shift();
    return true;
  }

  must(word: string): void {
    if (!this.skip(word)) throw badInput("not-understood", `"${word}" is missing before "${this.#words.join(" ")}".`);
  }

  maybe<T>(choices: Readonly<Record<string, T>>): T | undefined {
    const word = this.peek().toLowerCase();
    if (this.isDone || !Object.hasOwn(choices, word)) return undefined;
    this.#words.shift();
    return choices[word];
  }

  oneOf<T>(choices: Readonly<Record<string, T>>): T {
    const word = this.peek().toLowerCase();
    if (!Object.hasOwn(choices, word)) throw badInput("not-understood", `"${word}" is none of ${Object.keys(choices).join(", ")}.`);
    this.#words.shift();
    return choices[word] as T;
  }

  symbol(): string {
    const word = this.#words.shift() ?? "";
    if (!SYMBOL_WORD.test(word))
      throw badInput("bad-symbol", word === "" ? `${this.#what} what?` : `"${word}" is not a symbol.`, `Write: ${this.#what} 10 AAPL.`);
    return word.toUpperCase();
  }

  /** The last thing of the sentence. */
  last(): string {
    const symbol = this.symbol();
    this.skip("position");
    if (!this.isDone) this.unknown();
    return symbol;
  }

  /** A positive plain decimal; `mark` may stick to it ("5%"). */
  amount(what: string, mark?: string): Big {
    let word = this.#words.shift() ?? "";
    if (word === "") throw badInput("bad-number", `${what} is missing.`, "Write it like 12 or 12.5.");
    if (word.startsWith("$"))
      throw badInput("bad-quantity", `"${word}" is an amount of money.`, `Write: ${this.#what} AAPL for ${word.slice(1) || "500"} dollars.`);
    if (mark !== undefined && word.length > 1 && word.endsWith(mark)) {
      word = word.slice(0, -1);
      this.#words.unshift(mark);
    }
    const value = parseDecimal(word, what);
    if (value.lte(0)) throw badInput("bad-number", `${what} is ${word}, but must be above zero.`);
    if (value.gte(MOST)) throw badInput("bad-number", `${what} is ${word}, which is too large to be meant.`);
    return value;
  }

  unknown(): never {
    throw badInput(
      "not-understood",
      `I do not understand "${this.#words.join(" ")}" in that sentence.`,
      "Nothing was done. Write `help` to see what there is.",
    );
  }
}
