/** The orders of a fault run: the same seed gives the same plan, in the parent and in every life of the client. */
import { seededRandom } from "../../../src/core/base/random.ts";
import { SIMULATED_UNIVERSE } from "../../../src/core/domain/simulatedUniverse.ts";
import type { Side } from "../../../src/core/domain/orders.ts";
import type { Endpoint } from "../../../src/core/domain/ports.ts";

export interface Planned {
  readonly id: string;
  readonly symbol: string;
  readonly side: Side;
  readonly qty: number;
  /** A limit far from the market, which is canceled; the others are market orders, which fill. */
  readonly cancels: boolean;
}

export interface FaultTask {
  readonly seed: number;
  readonly orders: number;
  readonly lanes: number;
  readonly home: string;
  readonly endpoint: Endpoint;
  readonly verbose?: boolean;
}

/** One lane per symbol: orders of one symbol go one after another, since buys and sells at once would meet each other. */
export function planOf({ seed, orders, lanes }: Pick<FaultTask, "seed" | "orders" | "lanes">): ReadonlyArray<readonly Planned[]> {
  const symbols = SIMULATED_UNIVERSE.slice(0, lanes).map((stock) => stock.symbol);
  return symbols.map((symbol, lane) => {
    const random = seededRandom(`${seed}/${symbol}`);
    const count = Math.floor(orders / symbols.length) + (lane < orders % symbols.length ? 1 : 0);
    let held = 0;
    return Array.from({ length: count }, (_, i): Planned => {
      const id = `f${seed}-${symbol}-${i}`;
      if (random.next() < 0.1) return { id, symbol, side: "buy", qty: 1 + random.int(3), cancels: true };
      const sells = held > 0 && (held > 12 || random.next() < 0.45);
      const qty = sells ? 1 + random.int(held) : 1 + random.int(4);
      held += sells ? -qty : qty;
      return { id, symbol, side: sells ? "sell" : "buy", qty, cancels: false };
    });
  });
}
