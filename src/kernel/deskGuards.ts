/** What cells may do about the guards: stop trading, close everything, look at the limits and tighten them. Loosening is the person's. */
import { badInput, TradingError } from "../core/base/errors.ts";
import type { AccountLimits, LimitChange } from "../core/domain/limits.ts";
import type { Reason } from "../core/domain/orders.ts";
import { plainOrder } from "../core/domain/plain.ts";
import type { Session } from "../core/session.ts";
import type { DeskArguments } from "./deskArguments.ts";
import { originOf, type OrderCaller } from "./deskOrders.ts";

export function reasonOf(args: { readonly why?: string | undefined }, caller: OrderCaller): Reason {
  return { origin: originOf(caller), ...(args.why === undefined ? {} : { why: args.why }) };
}

export async function closeAllOfCell(session: Session, reason: Reason, signal: AbortSignal) {
  const closed = await session.closeAll(reason, signal);
  return closed.map(({ symbol, result }) =>
    result.placed ? { symbol, order: plainOrder(result.order), error: null } : { symbol, order: null, error: { code: result.code, message: result.message } },
  );
}

export async function killSwitchOfCell(
  session: Session,
  change: DeskArguments["killSwitch"][0],
  args: DeskArguments["killSwitch"][1],
  reason: Reason,
  signal: AbortSignal,
) {
  if (change === "off") {
    throw new TradingError("kill-switch", "A cell can stop trading, not allow it again.", {
      kind: "refused",
      hint: "Allow it with Quantdesk: Stop or Allow Trading… or `quantdesk kill-switch off`.",
    });
  }
  if (args.flatten === true && change !== "on") throw badInput("bad-argument", 'flatten goes with desk.killSwitch("on").');
  const account = (await session.broker.getAccount(signal)).accountNumber;
  if (change === "status") return { account, on: await session.store.killSwitch(account, null, signal), cancelled: 0, unconfirmed: [], closed: null };
  const done = await session.setKillSwitch("on", { ...reason, ...(args.flatten === true ? { flatten: true } : {}) }, signal);
  return {
    account,
    on: done.on,
    cancelled: done.canceled,
    unconfirmed: done.unconfirmed.map(plainOrder),
    closed: done.closed?.map((one) => one.symbol) ?? null,
  };
}

export async function limitsOfCell(session: Session, args: DeskArguments["limits"][0], reason: Reason, signal: AbortSignal): Promise<AccountLimits> {
  const { why: _why, ...wanted } = args;
  const change = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as LimitChange;
  const before = await session.limits(signal);
  if (Object.keys(change).length === 0) return before;
  const looser = Object.entries(change).find(([name, value]) => isLooser(name as keyof LimitChange, value, before));
  if (looser !== undefined) {
    throw new TradingError("limit-loosened", `A cell can tighten a limit, not loosen ${looser[0]}.`, {
      kind: "refused",
      hint: "Loosen it with Quantdesk: Set Risk Limits… or `quantdesk limits`.",
    });
  }
  return await session.setLimits(change, reason, signal);
}

function isLooser(name: keyof LimitChange, value: LimitChange[keyof LimitChange], { own }: AccountLimits): boolean {
  if (own === null) return false;
  if (name === "symbols") {
    const symbols = value as readonly string[];
    return own.symbols.length > 0 && (symbols.length === 0 || symbols.some((symbol) => !own.symbols.includes(symbol)));
  }
  const before = own[name];
  return before !== null && (value === null || (value as number) > before);
}
