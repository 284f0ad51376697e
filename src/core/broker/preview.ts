/** What the guards say of an intent before anything is written or sent, with the figures that they judged by. */
import type { OrderIntent, OrderPreview } from "../domain/orders.ts";
import { examineOrder, type CheckDeps } from "./checkOrder.ts";
import { powerNeeded } from "./guards/holdings.ts";
import { heldQty, orderValue, unitsOf, worstPrice } from "./guards/verdicts.ts";

/** What `checkOrder` would say, with nothing written. */
export async function previewOrder(raw: OrderIntent, deps: CheckDeps, signal: AbortSignal): Promise<OrderPreview> {
  const examined = await examineOrder(raw, deps, signal);
  if (!examined.allowed) return examined;
  const { intent, picture, limits, warnings } = examined;
  const { account, quote, clock, position } = picture;
  const price = worstPrice(intent, quote);
  const power = powerNeeded(intent, picture);
  return {
    allowed: true,
    price,
    value: orderValue(intent, price),
    units: unitsOf(intent, price),
    buyingPower: account.buyingPower,
    buyingPowerAfter: power === null ? null : account.buyingPower.minus(power.needed),
    account,
    quote,
    clock,
    held: heldQty(position),
    working: picture.working[intent.side],
    limits,
    warnings,
  };
}
