/**
 * The order ticket: symbol, quantity, type, prices, preview. Nothing is sent before the last, explicit choice;
 * Escape at any step places nothing. What the caller already gave is not asked again, but the preview always comes.
 */
import * as vscode from "vscode";
import type { Big } from "../core/base/decimal.ts";
import type { OrderIntent, Position, Quote, Side, TimeInForce } from "../core/domain/orders.ts";
import { intentOf } from "../core/domain/orderTerms.ts";
import { orderWords } from "../core/domain/orderWords.ts";
import type { Previewed, Session } from "../core/session.ts";
import { number } from "../webview/format.ts";
import { complaint, parsePrice, parseQuantity } from "./quantity.ts";
import { BACK, pickStep, textStep, type Answer, type PickChoice } from "./steps.ts";
import { cellText } from "./cellText.ts";
import { previewStep, refusedStep, TIMES } from "./ticketPreview.ts";
import { dollars, modeWord } from "./words.ts";

export type TicketType = "market" | "limit" | "stop" | "stop-limit" | "trailing" | "bracket";

export interface Draft {
  readonly symbol?: string;
  readonly qty?: Big;
  /** US dollars instead of shares; a caller may give it, the steps ask for shares. */
  readonly notional?: Big;
  readonly type?: TicketType;
  readonly limit?: Big;
  readonly stop?: Big;
  readonly trailPercent?: Big;
  readonly trailPrice?: Big;
  readonly takeProfit?: Big;
  readonly stopLoss?: Big;
  readonly timeInForce?: TimeInForce;
  readonly again?: boolean;
  readonly allowShort?: boolean;
  readonly why?: string;
}

type Price = "limit" | "stop" | "trailPercent" | "takeProfit" | "stopLoss";
type Field = "symbol" | "qty" | "type" | Price;
const QUOTE_WITHIN_MS = 10_000;
const PREVIEW_WITHIN_MS = 20_000;

/** What the person chose: to send the order, or to leave; or the refusal that they were shown. */
export type Filled = { readonly intent: OrderIntent } | { readonly refusal: Extract<Previewed, { readonly allowed: false }> } | undefined;

export async function fillTicket(session: Session, side: Side, given: Draft, positions: readonly Position[]): Promise<Filled> {
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
    const previewed = await session.previewOrder(intent, AbortSignal.timeout(PREVIEW_WITHIN_MS));
    const place = { title: "", step: asked.length + 1, total: asked.length + 1 };
    const chosen = previewed.allowed ? await previewStep(previewed.preview, place) : await refusedStep(previewed, intent, place);
    switch (chosen) {
      case "send":
        return { intent };
      case "copy":
        await vscode.env.clipboard.writeText(cellText(intent));
        return undefined;
      case "time-in-force": {
        const time = await pickStep({
          title: orderWords(intent),
          step: place.step,
          total: place.total,
          placeholder: "How long the order is good for",
          choices: TIMES,
        });
        if (time === undefined) return undefined;
        if (time !== BACK) draft = { ...draft, timeInForce: time };
        break;
      }
      case BACK: {
        const last = asked.pop();
        if (last === undefined) return undefined;
        draft = without(draft, last);
        break;
      }
      case "leave":
      case undefined:
        return previewed.allowed ? undefined : { refusal: previewed };
    }
  }
}

/** Prices that each type of order has. */
const PRICES: Readonly<Record<TicketType, readonly Price[]>> = {
  market: [],
  limit: ["limit"],
  stop: ["stop"],
  "stop-limit": ["stop", "limit"],
  trailing: ["trailPercent"],
  bracket: ["takeProfit", "stopLoss"],
};

function nextField(draft: Draft): Field | undefined {
  if (draft.symbol === undefined) return "symbol";
  if (draft.qty === undefined && draft.notional === undefined) return "qty";
  const type = draft.type ?? typeOf(draft);
  if (type === undefined) return "type";
  if (type === "trailing" && draft.trailPrice !== undefined) return undefined;
  return PRICES[type].find((price) => draft[price] === undefined);
}

/** A caller that gives prices has thereby said the type. */
function typeOf(draft: Draft): TicketType | undefined {
  if (draft.takeProfit !== undefined || draft.stopLoss !== undefined) return "bracket";
  if (draft.trailPercent !== undefined || draft.trailPrice !== undefined) return "trailing";
  if (draft.limit !== undefined) return draft.stop === undefined ? "limit" : "stop-limit";
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
        { label: "Stop-limit…", description: "a limit order once a price is touched", value: "stop-limit" },
        { label: "Trailing stop…", description: "a stop that follows the price at a distance in percent", value: "trailing" },
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
    case "trailPercent":
      return price("Trail in percent", (trailPercent) => ({ trailPercent }));
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
  const { symbol, timeInForce, allowShort, type: _type, ...terms } = draft;
  return intentOf(side, symbol as string, { ...terms, tif: timeInForce, short: allowShort }, "palette", (term) => term);
}

function quoteOf(session: Session, symbol: string): Promise<Quote> {
  return session.broker.getCurrentPrice(symbol, AbortSignal.timeout(QUOTE_WITHIN_MS));
}
