/**
 * Sentences that people write to trade: "buy 10 AAPL at 231.40", "analyze MSFT", "cancel all". One grammar for
 * `quantdesk chat` and VS Code's chat. What is not understood to its last word is refused, never guessed. Pure.
 */
import { parseDecimal, type Big } from "../base/decimal.ts";
import { badInput } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Side } from "./orders.ts";
import type { OrderTerms } from "./orderTerms.ts";
import { SentenceReader, SYMBOL_WORD } from "./sentenceReader.ts";

/** Sentences of one word. */
type WordKind = "start" | "connect" | "disconnect" | "account" | "portfolio" | "orders" | "limits" | "alarms" | "acknowledge" | "scan" | "help" | "leave";

export type Sentence =
  | { readonly kind: "order"; readonly side: Side; readonly symbol: string; readonly terms: OrderTerms }
  | { readonly kind: "analyze" | "price"; readonly symbol: string }
  | { readonly kind: WordKind }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "cancel-all" }
  | { readonly kind: "close"; readonly symbol: string; readonly percent?: Big; readonly qty?: Big }
  | { readonly kind: "kill-switch"; readonly change: "on" | "off" | "status" }
  | { readonly kind: "provider"; readonly name: string | null };

/** What `help` answers. */
export const SENTENCES: readonly string[] = [
  "buy 10 AAPL, sell 5 AAPL at 231.40, buy 10 AAPL take profit 246 stop loss 224.10, buy AAPL for 500 dollars",
  "analyze AAPL, price AAPL, scan",
  "connect, disconnect, account, portfolio, orders, limits, alarms, acknowledge alarms",
  "cancel ORDER-ID, cancel all, close AAPL, close half of AAPL, stop trading, allow trading",
  "set provider rules, start, help, bye",
];

const NUMBER_WORD = /^(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|fifty|hundred|thousand|half|some|all|few)$/i;
const FILLER = /^(please|the|my|a|an|me|show|what|is|are|s)$/;
/** Words that stand alone. */
const WORDS: Readonly<Record<string, WordKind>> = {
  start: "start",
  "start session": "start",
  "new session": "start",
  connect: "connect",
  "connect broker": "connect",
  "connect to broker": "connect",
  disconnect: "disconnect",
  "disconnect broker": "disconnect",
  account: "account",
  balance: "account",
  "account balance": "account",
  portfolio: "portfolio",
  positions: "portfolio",
  holdings: "portfolio",
  orders: "orders",
  "open orders": "orders",
  limits: "limits",
  "risk limits": "limits",
  alarms: "alarms",
  acknowledge: "acknowledge",
  "acknowledge alarms": "acknowledge",
  scan: "scan",
  "run scan": "scan",
  help: "help",
  bye: "leave",
  exit: "leave",
  quit: "leave",
};
const FIRST_WORDS = [...Object.keys(WORDS).filter((word) => !word.includes(" ")), "buy", "sell", "analyze", "price", "cancel", "close", "stop", "allow", "set"];
const MOST_CHARACTERS = 500;

/** Throws bad input, with what was not understood and how to write it. */
export function readSentence(text: string): Sentence {
  if (text.length > MOST_CHARACTERS) throw badInput("not-understood", `That is longer than ${MOST_CHARACTERS} characters.`, "Write one short sentence.");
  const words = text
    .trim()
    .replace(/[.!?]+$/, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  while (words.length > 1 && /^please$/i.test(words[0] as string)) words.shift();
  while (words.length > 1 && /^please$/i.test(words.at(-1) as string)) words.pop();
  const [first = "", ...rest] = words;
  if (first === "") throw badInput("not-understood", "The sentence is empty.", "Write `help` to see what there is.");
  switch (first.toLowerCase()) {
    case "buy":
      return order("buy", rest);
    case "sell":
      return order("sell", rest);
    case "short":
      return order("sell", rest, { short: true });
    case "analyze":
    case "analyse":
      return { kind: "analyze", symbol: onlySymbol(rest, "analyze") };
    case "price":
    case "quote":
      return {
        kind: "price",
        symbol: onlySymbol(
          rest.filter((word) => !/^of$/i.test(word)),
          "price",
        ),
      };
    case "cancel":
      return cancel(rest);
    case "close":
      return close(rest);
    default:
      return phrase(words);
  }
}

function phrase(words: readonly string[]): Sentence {
  const lower = words.map((word) => word.toLowerCase());
  const said = lower.join(" ");
  const plain = lower.filter((word) => !FILLER.test(word)).join(" ");
  if (Object.hasOwn(WORDS, plain)) return { kind: WORDS[plain] as WordKind };
  const kill = /^(?:kill[ -]switch (on|off|status)|(stop) trading|(allow|resume) trading)$/.exec(said);
  if (kill !== null) return { kind: "kill-switch", change: (kill[1] as "on" | "off" | "status" | undefined) ?? (kill[2] === undefined ? "off" : "on") };
  const provider = /^(?:set )?(?:the )?(?:analysts?'? )?provider(?: to)?(?: ([a-z]+))?$/.exec(said);
  if (provider !== null) return { kind: "provider", name: provider[1] ?? null };
  const near = nearest(lower[0] as string, FIRST_WORDS);
  throw badInput(
    "not-understood",
    `I do not understand "${words.join(" ")}".`,
    near === undefined ? "Write `help` to see what there is." : `Did you mean ${near}?`,
  );
}

/** QTY [shares of] SYMBOL, SYMBOL QTY, N dollars of SYMBOL, SYMBOL for N dollars; then prices, exits and time in force. */
function order(side: Side, words: readonly string[], given: OrderTerms = {}): Sentence {
  const reader = new SentenceReader(side, words);
  let symbol: string | undefined;
  let terms: Draft = { ...given };
  if (NUMBER_WORD.test(reader.peek())) throw badInput("bad-number", `"${reader.peek()}" is no number.`, `Write digits: ${side} 10 AAPL.`);
  if (SYMBOL_WORD.test(reader.peek()) && !/^\d/.test(reader.peek())) {
    symbol = reader.symbol();
    if (/^[$\d]/.test(reader.peek())) {
      terms = { ...terms, qty: reader.amount("The quantity") };
      reader.skip("shares", "share");
    }
  } else {
    const amount = reader.amount("The quantity");
    const isMoney = reader.skip("dollars", "dollar", "usd");
    terms = { ...terms, ...(isMoney ? { notional: amount } : { qty: amount }) };
    if (!isMoney) reader.skip("shares", "share");
    reader.skip("of");
    symbol = reader.symbol();
  }
  while (!reader.isDone) terms = { ...terms, ...clause(reader, terms) };
  if (terms.qty === undefined && terms.notional === undefined) throw badInput("bad-quantity", `How many ${symbol}?`, `Write: ${side} 10 ${symbol}.`);
  return { kind: "order", side, symbol, terms };
}

type Draft = { -readonly [K in keyof OrderTerms]: OrderTerms[K] };

function clause(reader: SentenceReader, terms: Draft): Draft {
  const once = (name: keyof Draft, value: Draft[keyof Draft]): Draft => {
    if (terms[name] !== undefined) throw badInput("not-understood", `The ${name} is said twice.`);
    return { [name]: value };
  };
  if (reader.skip("and", "with", "a", ",")) return {};
  if (reader.skip("take")) {
    reader.must("profit");
    reader.skip("at");
    return once("takeProfit", reader.amount("The take-profit price"));
  }
  if (reader.skip("take-profit")) return once("takeProfit", reader.amount("The take-profit price"));
  if (reader.skip("stop-loss")) return once("stopLoss", reader.amount("The stop-loss price"));
  if (reader.skip("stop")) {
    if (reader.skip("loss")) {
      reader.skip("at");
      return once("stopLoss", reader.amount("The stop-loss price"));
    }
    reader.skip("at");
    return once("stop", reader.amount("The stop price"));
  }
  if (reader.skip("trailing", "trail")) {
    reader.skip("by");
    const amount = reader.amount("The trail", "%");
    if (reader.skip("percent", "%")) return once("trailPercent", amount);
    if (reader.skip("dollars", "dollar", "usd")) return once("trailPrice", amount);
    throw badInput("not-understood", "A trail is in percent or in dollars.", "Write: trailing 5 percent.");
  }
  if (reader.skip("limit")) {
    reader.skip("at");
    return once("limit", reader.amount("The limit price"));
  }
  if (reader.skip("at", "@")) {
    if (reader.skip("market")) return {};
    if (reader.skip("the")) {
      const tif = reader.oneOf({ open: "opg", close: "cls", market: undefined });
      return tif === undefined ? {} : once("tif", tif);
    }
    reader.skip("limit");
    return once("limit", reader.amount("The limit price"));
  }
  if (reader.skip("for")) {
    if (reader.skip("the")) {
      reader.must("day");
      return once("tif", "day");
    }
    const amount = reader.amount("The amount");
    if (!reader.skip("dollars", "dollar", "usd"))
      throw badInput(
        "not-understood",
        `"for ${amount.toFixed()}" may mean a price or an amount.`,
        `Write: at ${amount.toFixed()}, or: for ${amount.toFixed()} dollars.`,
      );
    return once("notional", amount);
  }
  if (reader.skip("market", "now")) return {};
  if (reader.skip("again")) return once("again", true);
  const tif = reader.maybe({ day: "day", today: "day", gtc: "gtc", ioc: "ioc", fok: "fok", opg: "opg", cls: "cls" });
  if (tif !== undefined) return once("tif", tif);
  return reader.unknown();
}

function cancel(words: readonly string[]): Sentence {
  const rest = words.filter((word) => !/^(order|orders|my|open|the)$/i.test(word));
  if (rest.length === 1 && /^(all|everything)$/i.test(rest[0] as string)) return { kind: "cancel-all" };
  if (rest.length === 1 && /^[A-Za-z0-9-]{8,64}$/.test(rest[0] as string)) return { kind: "cancel", id: rest[0] as string };
  throw badInput("not-understood", "Which order?", "Write: cancel ORDER-ID, or: cancel all.");
}

function close(words: readonly string[]): Sentence {
  const reader = new SentenceReader("close", words);
  reader.skip("my");
  if (reader.skip("half")) {
    reader.skip("of");
    return { kind: "close", symbol: reader.last(), percent: parseDecimal("50", "The part") };
  }
  if (reader.skip("all")) {
    reader.skip("of");
    return { kind: "close", symbol: reader.last() };
  }
  if (!/^\d/.test(reader.peek())) return { kind: "close", symbol: reader.last() };
  const amount = reader.amount("The part", "%");
  if (reader.skip("percent", "%")) {
    reader.skip("of");
    return { kind: "close", symbol: reader.last(), percent: amount };
  }
  reader.skip("shares", "share");
  reader.skip("of");
  return { kind: "close", symbol: reader.last(), qty: amount };
}

function onlySymbol(words: readonly string[], what: string): string {
  const [word = "", ...more] = words;
  if (more.length > 0 || !SYMBOL_WORD.test(word)) throw badInput("not-understood", `${what} takes one symbol.`, `Write: ${what} AAPL.`);
  return word.toUpperCase();
}
