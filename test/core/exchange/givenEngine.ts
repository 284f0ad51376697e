/** The matching engine without a server: its clock is moved by hand, and what it writes is told at once. */
import { Big } from "../../../src/core/base/decimal.ts";
import { forgetfulBook } from "../../../src/core/exchange/book.ts";
import type { Rates } from "../../../src/core/exchange/charges.ts";
import { Engine } from "../../../src/core/exchange/engine.ts";
import { ExchangeClock, type MarketHours } from "../../../src/core/exchange/exchangeClock.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { readOrderRequest } from "../../../src/core/exchange/orderRequest.ts";
import type { OrderEvent } from "../../../src/core/exchange/outbox.ts";

interface Wanted {
  readonly start?: string;
  readonly hours?: MarketHours;
  readonly seed?: number;
  readonly market?: Market;
  readonly cash?: number;
  readonly rates?: Rates;
}

export function givenEngine(options: Wanted = {}) {
  let wallMs = 0;
  const market = options.market ?? new Market(options.seed ?? 11);
  const clock = new ExchangeClock({
    startMs: Date.parse(options.start ?? "2026-11-18T15:00:00Z"),
    speed: 1,
    hours: options.hours ?? "always",
    wall: () => wallMs,
  });
  const engine = new Engine({
    market,
    clock,
    book: forgetfulBook,
    ...(options.rates === undefined ? {} : { rates: options.rates }),
    onWaiting: () => {},
    later: (write) => write(),
  });
  engine.openAccounts(1, new Big(options.cash ?? 100_000));
  const account = engine.accounts[0] as (typeof engine.accounts)[number];
  const events: OrderEvent[] = [];
  engine.events.on((event) => events.push(event));
  return {
    market,
    clock,
    engine,
    account,
    events,
    submit: (body: object) =>
      engine.submit(account, readOrderRequest({ qty: "1", side: "buy", type: "market", time_in_force: "day", symbol: "AAPL", ...body })),
    pass: (ms: number) => {
      wallMs += ms;
      return engine.advance();
    },
  };
}
