/** Orders of a session: through the broker's guards, and with real money through the person as well. */
import { TradingError } from "../base/errors.ts";
import type { Big } from "../base/decimal.ts";
import type { LiveQuestion, Placed } from "../domain/desk.ts";
import type { ClosedPosition, OrderChange, OrderIntent, Reason, TradingMode } from "../domain/orders.ts";
import { changeWords, orderWords } from "../domain/orderWords.ts";
import type { Broker, KillSwitchResult } from "../domain/ports.ts";

export type Confirm = (question: LiveQuestion, signal: AbortSignal) => Promise<boolean>;

export interface ClosedPart {
  readonly qty?: Big;
  readonly percent?: Big;
}

export interface Trading {
  placeOrder(intent: OrderIntent, signal: AbortSignal): Promise<Placed>;
  replaceOrder(id: string, change: OrderChange, reason: Reason, signal: AbortSignal): Promise<Placed>;
  closePosition(symbol: string, part: ClosedPart, reason: Reason, signal: AbortSignal): Promise<Placed>;
  closeAll(reason: Reason, signal: AbortSignal): Promise<readonly ClosedPosition[]>;
  setKillSwitch(change: "on" | "off", options: Reason & { readonly flatten?: boolean }, signal: AbortSignal): Promise<KillSwitchResult>;
}

/** `confirm` is asked when the mode is live; without it nothing live is sent. */
export function createTrading(broker: Broker, mode: TradingMode, confirm: Confirm | undefined): Trading {
  const isLive = mode === "live";
  const yes = async (question: Omit<LiveQuestion, "account">, signal: AbortSignal) =>
    confirm !== undefined && (await confirm({ account: await broker.getAccount(signal), ...question }, signal));

  return {
    placeOrder: async (intent, signal) => {
      if (isLive) {
        // What the guards would refuse anyway is not asked.
        const guards = await broker.preview(intent, signal);
        if (!guards.allowed) return { placed: false, code: guards.code, message: guards.message, hint: guards.hint };
        if (!(await yes({ words: orderWords(intent), value: guards.value }, signal))) return notConfirmed();
      }
      const verdict = await broker.check(intent, signal);
      if (!verdict.allowed) return { placed: false, code: verdict.code, message: verdict.message, hint: verdict.hint };
      return { placed: true, order: await broker.submitOrder(verdict.order, signal), warnings: verdict.warnings };
    },

    replaceOrder: async (id, change, reason, signal) => {
      if (isLive) {
        const { symbol, side, qty } = await broker.getOrder(id, signal);
        const price = change.limitPrice ?? change.stopPrice;
        const words = `Replace order ${id} (${side} ${(change.qty ?? qty)?.toFixed() ?? ""} ${symbol}): ${changeWords(change)}`;
        const shares = change.qty ?? qty;
        if (!(await yes({ words, value: price === undefined || shares === null ? null : price.times(shares) }, signal))) return notConfirmed();
      }
      return await broker.replaceOrder(id, change, reason, signal);
    },

    closePosition: async (symbol, part, reason, signal) => {
      if (isLive && isProgram(reason)) {
        const position = await broker.getPosition(symbol, signal);
        const size = part.qty?.toFixed() ?? (part.percent === undefined ? "all" : `${part.percent.toFixed()} % of`);
        if (!(await yes({ words: `Close ${size} ${symbol.toUpperCase()}`, value: position?.marketValue ?? null }, signal))) return notConfirmed();
      }
      return await broker.closePosition(symbol, part, reason, signal);
    },

    closeAll: async (reason, signal) => {
      if (isLive && isProgram(reason) && !(await yes({ words: "Close every position", value: null }, signal))) throw refused();
      return await broker.closeAll(reason, signal);
    },

    setKillSwitch: async (change, options, signal) => {
      if (isLive && change === "off" && !(await yes({ words: "Allow orders again", value: null }, signal))) throw refused();
      if (change === "on" && options.flatten === true && isLive && isProgram(options)) {
        // Stopping never waits for an answer; selling does.
        const stopped = await broker.setKillSwitch("on", { ...options, flatten: false }, signal);
        return (await yes({ words: "Close every position", value: null }, signal)) ? await broker.setKillSwitch("on", options, signal) : stopped;
      }
      return await broker.setKillSwitch(change, options, signal);
    },
  };
}

/** No person pressed a key for this very act. */
function isProgram({ origin }: Reason): boolean {
  return /^(cell|agent)/.test(origin);
}

function refused(): TradingError {
  const { message, hint } = notConfirmed();
  return new TradingError("live-not-confirmed", message, { kind: "refused", hint });
}

function notConfirmed() {
  return {
    placed: false,
    code: "live-not-confirmed",
    message: "Not sent: this is live trading and it was not confirmed.",
    hint: "Confirm with the account number.",
  } as const;
}
