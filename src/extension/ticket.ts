/**
 * The order ticket: symbol, quantity, type, prices, preview. Nothing is sent before the last, explicit choice;
 * Escape at any step places nothing. What the caller already gave is not asked again, but the preview always comes.
 */
import * as vscode from "vscode";
import { Big } from "../core/base/decimal.ts";
import type { OrderIntent, Position, Quote, Side } from "../core/domain/orders.ts";
import type { Session } from "../core/session.ts";
import { number } from "../webview/format.ts";
import { complaint, parsePrice, parseQuantity } from "./quantity.ts";
import { BACK, pickStep, textStep, type Answer, type PickChoice } from "./steps.ts";
import { orderWords } from "../core/domain/orderWords.ts";
import { dollars, modeWord } from "./words.ts";

export type TicketType = "market" | "limit" | "stop" | "bracket";

export interface Draft {
  readonly symbol?: string;
  readonly qty?: Big;
  readonly type?: TicketType;
  readonly limit?: Big;
  readonly stop?: Big;
  readonly takeProfit?: Big;
  readonly stopLoss?: Big;
  readonly timeInForce?: OrderIntent["timeInForce"];
  readonly again?: boolean;
  readonly allowShort?: boolean;
}

type Field = "symbol" | "qty" | "type" | "limit" | "stop" | "takeProfit" | "stopLoss";
const QUOTE_WITHIN_MS = 10_000;

/** The order that the person chose to send, or undefined when they left. */
export async function fillTicket(session: Session, side: Side, given: Draft, positions: readonly Position[]): Promise<OrderIntent | undefined> {
  const asked: Field[] = [];
  let draft = given;
  for (;;) {
    const field = nextField(draft);
    if (field !== undefined) {
      const answer = await ask(session, side, draft, field, asked.length + 1, positions);
      if (answer === undefined) return undefined;
      if (answer === BACK) {
        const last = asked.pop();
        if (last === undefined) return undefined;
        draft = without(draft, last);
        continue;
      }
      asked.push(field);
      draft = { ...draft, ...answer };
      continue;
    }
    const intent = toIntent(side, draft);
    const answer = await preview(session, intent, asked.length + 1);
    if (answer === "send") return intent;
    if (answer !== BACK) return undefined;
    const last = asked.pop();
    if (last === undefined) return undefined;
    draft = without(draft, last);
  }
}

function nextField(draft: Draft): Field | undefined {
  if (draft.symbol === undefined) return "symbol";
  if (draft.qty === undefined) return "qty";
  const type = draft.type ?? typeOf(draft);
  if (type === undefined) return "type";
  if (type === "limit" && draft.limit === undefined) return "limit";
  if (type === "stop" && draft.stop === undefined) return "stop";
  if (type === "bracket" && draft.takeProfit === undefined) return "takeProfit";
  if (type === "bracket" && draft.stopLoss === undefined) return "stopLoss";
  return undefined;
}

/** A caller that gives prices has thereby said the type. */
function typeOf(draft: Draft): TicketType | undefined {
  if (draft.takeProfit !== undefined || draft.stopLoss !== undefined) return "bracket";
  if (draft.limit !== undefined) return "limit";
  return draft.stop === undefined ? undefined : "stop";
}

function without(draft: Draft, field: Field): Draft {
  const { [field]: _dropped, ...rest } = draft;
  return rest;
}

async function ask(session: Session, side: Side, draft: Draft, field: Field, step: number, positions: readonly Position[]): Promise<Answer<Draft>> {
  const verb = side === "buy" ? "Buy" : "Sell";
  const title = `${verb}${draft.qty === undefined ? "" : ` ${draft.qty.toFixed()}`}${draft.symbol === undefined ? "" : ` ${draft.symbol}`} · ${modeWord(session.status().mode)}`;
  const place = { title, step, total: Math.max(step + 1, 4) };
  const price = async (what: string, make: (value: Big) => Draft) => {
    const quote = await quoteOf(session, draft.symbol as string);
    const parse = (text: string) => parsePrice(text, what);
    const answer = await textStep({
      ...place,
      prompt: `${what}. Bid ${number(quote.bid)}, ask ${number(quote.ask)}.`,
      complain: (text) => complaint(parse, text),
      parse,
    });
    return answer === BACK || answer === undefined ? answer : make(answer);
  };
  switch (field) {
    case "symbol":
      return askSymbol(session, side, place, positions);
    case "qty":
      return askQuantity(session, side, draft.symbol as string, place, positions);
    case "type": {
      const choices: PickChoice<TicketType>[] = [
        { label: "Market", description: "now, at the best price there is", value: "market" },
        { label: "Limit…", description: "at your price or better", value: "limit" },
        { label: "Stop…", description: "a market order once a price is touched", value: "stop" },
        ...(side === "buy"
          ? [{ label: "Bracket…", description: "market, then a take-profit and a stop-loss, one cancels the other", value: "bracket" } as const]
          : []),
      ];
      const answer = await pickStep({ ...place, placeholder: "Order type", choices });
      return answer === BACK || answer === undefined ? answer : { type: answer };
    }
    case "limit":
      return price("Limit price", (limit) => ({ limit }));
    case "stop":
      return price("Stop price", (stop) => ({ stop }));
    case "takeProfit":
      return price("Take-profit price", (takeProfit) => ({ takeProfit }));
    case "stopLoss":
      return price("Stop-loss price", (stopLoss) => ({ stopLoss }));
  }
}

const WATCHLIST = ["AAPL", "MSFT", "NVDA", "AMZN", "GOOG", "SPY"];

async function askSymbol(
  session: Session,
  side: Side,
  place: { title: string; step: number; total: number },
  positions: readonly Position[],
): Promise<Answer<Draft>> {
  const held = positions.map(
    (position): PickChoice<string> => ({
      label: position.symbol,
      description: `${position.qty.toFixed()} held${position.currentPrice === null ? "" : `, ${position.currentPrice.toFixed()}`}`,
      value: position.symbol,
    }),
  );
  const others =
    side === "sell"
      ? []
      : WATCHLIST.filter((symbol) => !positions.some((position) => position.symbol === symbol)).map(
          (symbol): PickChoice<string> => ({ label: symbol, value: symbol }),
        );
  const heading = (label: string): PickChoice<string> => ({ label, kind: vscode.QuickPickItemKind.Separator });
  for (;;) {
    const answer = await pickStep<string>({
      ...place,
      placeholder: side === "buy" ? "Symbol to buy" : "Symbol to sell",
      choices: [...(held.length > 0 ? [heading("held"), ...held] : []), ...(others.length > 0 ? [heading("watchlist"), ...others] : [])],
      typed: (text) =>
        /^[A-Za-z][A-Za-z0-9./]{0,9}$/.test(text.trim())
          ? { label: text.trim().toUpperCase(), description: "use this symbol", value: text.trim().toUpperCase() }
          : undefined,
    });
    if (answer === BACK || answer === undefined) return answer;
    await quoteOf(session, answer); // an unknown symbol ends here, in the exchange's words
    return { symbol: answer };
  }
}

async function askQuantity(
  session: Session,
  side: Side,
  symbol: string,
  place: { title: string; step: number; total: number },
  positions: readonly Position[],
): Promise<Answer<Draft>> {
  const quote = await quoteOf(session, symbol);
  const price = side === "buy" ? quote.ask : quote.bid;
  const held = positions.find((position) => position.symbol === symbol);
  const power = session.status().account?.buyingPower;
  const answer = await textStep({
    ...place,
    prompt: `Number of ${symbol} shares. Bid ${number(quote.bid)}, ask ${number(quote.ask)}${held === undefined ? "" : `, ${held.qty.toFixed()} held`}.`,
    placeholder: "10",
    ...(side === "sell" && held !== undefined ? { value: held.qty.toFixed() } : {}),
    complain: (text) => complaint(parseQuantity, text),
    parse: parseQuantity,
    remark: (text) => `About ${dollars(parseQuantity(text).times(price))}${side === "buy" && power !== undefined ? ` of ${dollars(power)} buying power` : ""}.`,
  });
  return answer === BACK || answer === undefined ? answer : { qty: answer };
}

function toIntent(side: Side, draft: Draft): OrderIntent {
  const type = draft.type ?? typeOf(draft) ?? "market";
  const bracket = type === "bracket";
  return {
    symbol: draft.symbol as string,
    side,
    qty: draft.qty as Big,
    type: draft.stop !== undefined && draft.limit !== undefined ? "stop_limit" : type === "bracket" ? (draft.limit === undefined ? "market" : "limit") : type,
    timeInForce: draft.timeInForce ?? "day",
    origin: "palette",
    ...(draft.limit === undefined ? {} : { limitPrice: draft.limit }),
    ...(draft.stop === undefined ? {} : { stopPrice: draft.stop }),
    ...(bracket ? { orderClass: "bracket" as const } : {}),
    ...(draft.takeProfit === undefined ? {} : { takeProfit: { limitPrice: draft.takeProfit } }),
    ...(draft.stopLoss === undefined ? {} : { stopLoss: { stopPrice: draft.stopLoss } }),
    ...(draft.again === true ? { again: true } : {}),
    ...(draft.allowShort === true ? { allowShort: true } : {}),
  };
}

async function preview(session: Session, intent: OrderIntent, step: number): Promise<"send" | "cancel" | typeof BACK | undefined> {
  const mode = modeWord(session.status().mode);
  const quote = await quoteOf(session, intent.symbol);
  const price = intent.limitPrice ?? intent.stopPrice ?? new Big(intent.side === "buy" ? quote.ask : quote.bid);
  const value = (intent.qty as Big).times(price);
  const clock = await session.broker.getClock(AbortSignal.timeout(QUOTE_WITHIN_MS));
  const account = session.status().account;
  const verb = intent.side === "buy" ? "Buy" : "Sell";
  const what = `${verb} ${(intent.qty as Big).toFixed()} ${intent.symbol}`;
  const terms =
    intent.limitPrice === undefined && intent.stopPrice === undefined
      ? `market, ${intent.side === "buy" ? "ask" : "bid"} ${price.toFixed(2)}`
      : orderWords(intent).split(", ").slice(1).join(", ");
  const cost = `${intent.side === "buy" ? "Estimated cost" : "Estimated proceeds"} ${dollars(value)} (${terms})`;
  const closed = clock.isOpen ? "" : " The market is closed: the order waits for the open.";
  const send: PickChoice<"send" | "cancel"> = {
    label: what,
    description: mode === "LIVE" ? "LIVE, real money" : mode,
    detail: `${cost}${account === null ? "" : `, account ${account.accountNumber}`}.${closed}`,
    value: "send",
  };
  const leave: PickChoice<"send" | "cancel"> = { label: "Cancel", description: "nothing is sent", value: "cancel" };
  return pickStep<"send" | "cancel">({
    title: `${orderWords(intent)} · ${mode}`,
    step,
    total: step,
    placeholder: "Nothing is sent before you choose; Escape leaves.",
    choices: mode === "LIVE" ? [leave, send] : [send, leave], // with real money the default is to leave
  });
}

function quoteOf(session: Session, symbol: string): Promise<Quote> {
  return session.broker.getCurrentPrice(symbol, AbortSignal.timeout(QUOTE_WITHIN_MS));
}
