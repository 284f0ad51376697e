/**
 * Conditions on parameters, like "fast < slow and (slow - fast) % 10 == 0": names, numbers, + - * / %, comparisons, and, or,
 * not, parentheses. Parsed, never evaluated as code.
 */
import { badInput } from "../../base/errors.ts";
import { knownNames } from "../../base/nearest.ts";

/** `values` in the order of the names that the condition was parsed with. */
export type Condition = (values: ArrayLike<number>) => boolean;

type Term = (values: ArrayLike<number>) => number;
type Node = { readonly kind: "number"; readonly value: Term } | { readonly kind: "condition"; readonly holds: Condition };

const MAX_LENGTH = 1000;
const MAX_DEPTH = 100;
const TOKEN = /\s*(?:(\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)|([A-Za-z_$][\w$]*)|(<=|>=|==|!=|&&|\|\||[-+*/%<>=!()]))/iy;

export function parseWhere(text: string, names: readonly string[]): Condition {
  const parser = new Parser(text, names);
  const node = parser.or();
  parser.end();
  return parser.condition(node);
}

class Parser {
  readonly #text: string;
  readonly #names: readonly string[];
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string, names: readonly string[]) {
    this.#text = text;
    this.#names = names;
    if (text.length > MAX_LENGTH) throw badInput("bad-where", `The condition has ${text.length} characters, more than ${MAX_LENGTH}.`);
    this.#tokens = this.#split(text);
    if (this.#tokens.length === 0) throw this.#bad("it is empty");
  }

  or(): Node {
    let left = this.#and();
    while (this.#takes("or", "||")) {
      const [a, b] = [this.condition(left), this.condition(this.#and())];
      left = { kind: "condition", holds: (values) => a(values) || b(values) };
    }
    return left;
  }

  end(): void {
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw this.#bad(`"${rest}" does not fit there`);
  }

  condition(node: Node): Condition {
    if (node.kind === "number") throw this.#bad("it needs a comparison, like fast < slow");
    return node.holds;
  }

  #and(): Node {
    let left = this.#not();
    while (this.#takes("and", "&&")) {
      const [a, b] = [this.condition(left), this.condition(this.#not())];
      left = { kind: "condition", holds: (values) => a(values) && b(values) };
    }
    return left;
  }

  #not(): Node {
    if (!this.#takes("not", "!")) return this.#comparison();
    const inner = this.#deeper(() => this.condition(this.#not()));
    return { kind: "condition", holds: (values) => !inner(values) };
  }

  #comparison(): Node {
    const left = this.#sum();
    const sign = this.#takes("<=", ">=", "==", "!=", "<", ">", "=");
    if (sign === undefined) return left;
    const [a, b] = [this.#number(left), this.#number(this.#sum())];
    if (this.#takes("<=", ">=", "==", "!=", "<", ">", "=") !== undefined) throw this.#bad("two comparisons need an `and` between them");
    return { kind: "condition", holds: compare(sign, a, b) };
  }

  #sum(): Node {
    let left = this.#product();
    for (let sign = this.#takes("+", "-"); sign !== undefined; sign = this.#takes("+", "-")) {
      const [a, b] = [this.#number(left), this.#number(this.#product())];
      left = { kind: "number", value: sign === "+" ? (values) => a(values) + b(values) : (values) => a(values) - b(values) };
    }
    return left;
  }

  #product(): Node {
    let left = this.#factor();
    for (let sign = this.#takes("*", "/", "%"); sign !== undefined; sign = this.#takes("*", "/", "%")) {
      const [a, b] = [this.#number(left), this.#number(this.#factor())];
      const value: Term =
        sign === "*" ? (values) => a(values) * b(values) : sign === "/" ? (values) => a(values) / b(values) : (values) => a(values) % b(values);
      left = { kind: "number", value };
    }
    return left;
  }

  #factor(): Node {
    if (this.#takes("-")) {
      const inner = this.#deeper(() => this.#number(this.#factor()));
      return { kind: "number", value: (values) => -inner(values) };
    }
    if (this.#takes("(")) {
      const inner = this.#deeper(() => this.or());
      if (this.#takes(")") === undefined) throw this.#bad("a closing parenthesis is missing");
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#bad("it ends too early");
    if (/^[\d.]/.test(token)) {
      const value = Number(token);
      return { kind: "number", value: () => value };
    }
    if (!/^[A-Za-z_$]/.test(token)) throw this.#bad(`"${token}" does not fit there`);
    const place = this.#names.indexOf(token);
    if (place < 0)
      throw badInput("bad-where", `The condition "${this.#text}" names ${token}, which is not a parameter of this sweep.`, knownNames(token, this.#names));
    return { kind: "number", value: (values) => values[place] as number };
  }

  #number(node: Node): Term {
    if (node.kind === "condition") throw this.#bad("a comparison stands where a number is needed");
    return node.value;
  }

  #takes(...tokens: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !tokens.includes(/^[A-Za-z]/.test(token) ? token.toLowerCase() : token)) return undefined;
    this.#at++;
    return token.toLowerCase();
  }

  #deeper<T>(work: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.#bad("it is nested too deeply");
    const result = work();
    this.#depth--;
    return result;
  }

  #split(text: string): string[] {
    const tokens: string[] = [];
    const token = new RegExp(TOKEN);
    const rest = text.trimEnd();
    while (token.lastIndex < rest.length) {
      const from = token.lastIndex;
      const found = token.exec(rest);
      if (found === null) throw this.#bad(`"${rest.slice(from).trim().slice(0, 10)}" means nothing here`);
      tokens.push((found[1] ?? found[2] ?? found[3]) as string);
    }
    return tokens;
  }

  #bad(why: string) {
    return badInput(
      "bad-where",
      `The condition "${this.#text.length > 80 ? `${this.#text.slice(0, 80)}…` : this.#text}" cannot be read: ${why}.`,
      'Write it like "fast < slow and slow <= 200".',
    );
  }
}

function compare(sign: string, a: Term, b: Term): Condition {
  switch (sign) {
    case "<":
      return (values) => a(values) < b(values);
    case "<=":
      return (values) => a(values) <= b(values);
    case ">":
      return (values) => a(values) > b(values);
    case ">=":
      return (values) => a(values) >= b(values);
    case "!=":
      return (values) => a(values) !== b(values);
    default:
      return (values) => a(values) === b(values);
  }
}
