/**
 * What a broker charged for fills, out of the account's activities. A charge that names no fill (Alpaca books regulatory fees
 * once a day: "TAF fee for proceed of 12 shares (4 trades) on 2024-02-05") is shared out over the fills that it is for, by
 * their value, or by their shares where it is charged per share. Exact decimals: the shares add up to the charge.
 */
import { Big } from "../base/decimal.ts";
import { TradingError } from "../base/errors.ts";
import type { Activity } from "../domain/orders.ts";
import type { Broker, StoredFill } from "../domain/ports.ts";

/** Activities that are charges on trading; interest is the account's, not a strategy's. */
const CHARGE_TYPES = ["FILL", "FEE", "CFEE", "PTC", "PTR"] as const;
const MOST_ACTIVITIES = 100_000;

export type AccountActivities = (
  account: string,
  range: { readonly after: number; readonly until: number },
  signal: AbortSignal,
) => Promise<readonly Activity[]>;

/** Of the account that the broker is connected to; throws for any other. */
export function accountActivities(broker: Pick<Broker, "connect" | "getActivities">): AccountActivities {
  return async (account, range, signal) => {
    const { accountNumber } = await broker.connect(signal);
    if (accountNumber !== account) throw new TradingError("other-account", `connected is account ${accountNumber}`);
    return broker.getActivities({ ...range, types: CHARGE_TYPES, limit: MOST_ACTIVITIES }, signal);
  };
}

export interface Charges {
  /** US dollars by execution id, below zero for a rebate; fills without a charge are absent. */
  readonly ofFills: ReadonlyMap<string, Big>;
  /** For holding something on a day, as borrowed shares. */
  readonly ofHolding: readonly HoldingCharge[];
  /** Charges for which no fill was found. */
  readonly left: Big;
}

export interface HoldingCharge {
  /** YYYY-MM-DD, New York. */
  readonly date: string;
  readonly symbol: string;
  readonly amount: Big;
}

const ZERO = new Big(0);
const DAY_MS = 86_400_000;
/** A fee may carry the date on which its trade settled: so many days later at most, over a long week-end. */
const SETTLED_WITHIN_DAYS = 5;
/** Charged on sales only; per share. */
const ON_SALES = new Set(["REG", "TAF"]);
const PER_SHARE = new Set(["TAF", "CAT"]);

/** `dateOf`: the New York date of an instant. */
export function chargesOf(activities: readonly Activity[], fills: readonly StoredFill[], dateOf: (at: number) => string): Charges {
  const ofFills = new Map<string, Big>();
  const ofHolding: HoldingCharge[] = [];
  let left = ZERO;
  const charge = (id: string, amount: Big) => ofFills.set(id, (ofFills.get(id) ?? ZERO).plus(amount));
  for (const activity of activities) {
    if (activity.canceled === true) continue;
    if (activity.type === "FILL") {
      if (activity.fill !== null && activity.commission !== undefined) charge(activity.fill.executionId, activity.commission);
      continue;
    }
    const amount = (activity.netAmount ?? ZERO).neg();
    if (amount.eq(0)) continue;
    // Our own exchange names the shares that are owed, below zero.
    if (activity.symbol !== null && activity.qty?.lt(0) === true) {
      ofHolding.push({ date: dateOf(activity.at), symbol: activity.symbol, amount });
      continue;
    }
    const payers = payersOf(activity, fills, dateOf);
    if (payers.length === 0) left = left.plus(amount);
    for (const [id, share] of shared(amount, payers, PER_SHARE.has(kindOf(activity)))) charge(id, share);
  }
  return { ofFills, ofHolding, left };
}

function payersOf(activity: Activity, fills: readonly StoredFill[], dateOf: (at: number) => string): readonly StoredFill[] {
  const { orderId, symbol } = activity;
  if (orderId !== undefined) return fills.filter((fill) => fill.orderId === orderId);
  const named = fills.filter((fill) => symbol === null || fill.symbol === symbol);
  const sales = ON_SALES.has(kindOf(activity)) ? named.filter(({ side }) => side === "sell") : named;
  const asked = sales.length > 0 ? sales : named;
  const on = (date: string) => asked.filter(({ at }) => dateOf(at) === date);
  const said = /\bon (\d{4}-\d{2}-\d{2})\b/.exec(activity.description ?? "")?.[1];
  if (said !== undefined) return on(said);
  for (let back = 0; back <= SETTLED_WITHIN_DAYS; back++) {
    const found = on(dateOf(activity.at - back * DAY_MS));
    if (found.length > 0) return found;
  }
  return [];
}

/** REG, TAF, CAT: from the entry's sub type, else from the first word of its description. */
function kindOf({ subType, description }: Activity): string {
  return subType ?? description?.split(" ", 1)[0]?.toUpperCase() ?? "";
}

function shared(amount: Big, fills: readonly StoredFill[], isPerShare: boolean): ReadonlyArray<readonly [string, Big]> {
  const weights = fills.map(({ qty, price }) => (isPerShare ? new Big(qty) : new Big(qty).times(price)));
  const whole = weights.reduce((sum, weight) => sum.plus(weight), ZERO);
  let rest = amount;
  return fills.map(({ executionId }, i) => {
    const share = i === fills.length - 1 || whole.eq(0) ? rest : amount.times(weights[i] as Big).div(whole);
    rest = rest.minus(share);
    return [executionId, share] as const;
  });
}
