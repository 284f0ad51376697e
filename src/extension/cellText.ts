/** An order as a call in a notebook cell. Pure. */
import type { OrderIntent } from "../core/domain/orders.ts";

export function cellText(intent: OrderIntent): string {
  const terms: ReadonlyArray<readonly [string, string | undefined]> = [
    ["qty", intent.qty?.toFixed()],
    ["notional", intent.notional?.toFixed()],
    ["limit", intent.limitPrice?.toFixed()],
    ["stop", intent.stopPrice?.toFixed()],
    ["trailPercent", intent.trailPercent?.toFixed()],
    ["trailPrice", intent.trailPrice?.toFixed()],
    ["takeProfit", intent.takeProfit?.limitPrice.toFixed()],
    ["stopLoss", intent.stopLoss?.stopPrice.toFixed()],
    ["tif", intent.timeInForce === "day" ? undefined : intent.timeInForce],
    ["short", intent.allowShort === true ? "true" : undefined],
  ];
  const options = terms.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value === "true" ? value : JSON.stringify(value)}`]));
  return `await desk.${intent.side}(${JSON.stringify(intent.symbol)}, { ${options.join(", ")} })`;
}
