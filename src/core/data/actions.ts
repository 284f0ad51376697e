/**
 * Splits and dividends as the market data service lists them, and what of them a series of bars still shows: all of them
 * where its prices are raw, dividends alone where they are adjusted for splits. The event engine applies those.
 */
import * as v from "valibot";
import { TradingError } from "../base/errors.ts";
import type { CorporateAction } from "../domain/bars.ts";
import { newYorkOffset } from "../domain/nyse.ts";

const rate = v.pipe(v.union([v.number(), v.pipe(v.string(), v.transform(Number))]), v.finite(), v.gtValue(0));
const day = v.pipe(v.string(), v.isoDate());
const splits = v.optional(v.array(v.object({ symbol: v.string(), new_rate: rate, old_rate: rate, ex_date: day })), []);
const payments = v.optional(v.array(v.object({ symbol: v.string(), rate, ex_date: day })), []);
const pageSchema = v.object({
  corporate_actions: v.object({ forward_splits: splits, reverse_splits: splits, stock_dividends: payments, cash_dividends: payments }),
  next_page_token: v.optional(v.nullable(v.string()), null),
});

/** Of `parseActionPage`. */
export const ACTION_TYPES = "forward_split,reverse_split,stock_dividend,cash_dividend";

export interface ActionPage {
  readonly actions: ReadonlyArray<CorporateAction & { readonly symbol: string }>;
  readonly nextToken: string | null;
}

/** An action takes effect at midnight in New York on its ex-date. */
export function parseActionPage(json: unknown): ActionPage {
  const parsed = v.safeParse(pageSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new TradingError(
      "bad-answer",
      `The market data service sent corporate actions that cannot be read: ${v.getDotPath(issue) ?? "answer"}: ${issue.message}`,
    );
  }
  const { forward_splits, reverse_splits, stock_dividends, cash_dividends } = parsed.output.corporate_actions;
  return {
    actions: [
      ...[...forward_splits, ...reverse_splits].map((one) => ({ kind: "split" as const, ...of(one), ratio: one.new_rate / one.old_rate })),
      ...stock_dividends.map((one) => ({ kind: "split" as const, ...of(one), ratio: 1 + one.rate })),
      ...cash_dividends.map((one) => ({ kind: "dividend" as const, ...of(one), amount: one.rate })),
    ],
    nextToken: parsed.output.next_page_token === "" ? null : parsed.output.next_page_token,
  };
}

function of({ symbol, ex_date: date }: { readonly symbol: string; readonly ex_date: string }) {
  const midnight = Date.parse(date);
  return { symbol, time: midnight - newYorkOffset(midnight - newYorkOffset(midnight)) };
}

/**
 * Of all `actions` of a symbol up to now, what a series between two instants shows. Prices that are adjusted for splits are
 * so for all of them, later ones too: a dividend is then paid on as many more shares, and is smaller for each.
 */
export function actionsLeft(
  actions: readonly CorporateAction[],
  adjustment: string,
  { from, to }: { readonly from: number; readonly to: number },
): readonly CorporateAction[] {
  const isSplitAdjusted = adjustment === "split" || adjustment === "all";
  const isDividendAdjusted = adjustment === "dividend" || adjustment === "all";
  const sorted = [...actions].sort((a, b) => a.time - b.time || rankOf(a) - rankOf(b));
  let later = 1;
  const left: CorporateAction[] = [];
  for (const action of sorted.reverse()) {
    if (action.kind === "split") {
      if (isSplitAdjusted) later *= action.ratio;
      else left.push(action);
    } else if (!isDividendAdjusted) left.push({ ...action, amount: action.amount / later });
  }
  return left.reverse().filter(({ time }) => time > from && time <= to);
}

/** A dividend of the day of a split is for the new shares. */
function rankOf({ kind }: CorporateAction): number {
  return kind === "split" ? 0 : 1;
}
