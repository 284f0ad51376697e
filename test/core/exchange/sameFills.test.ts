/** A paper fill and a backtest fill are the same for the same bars and orders. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { runEvent } from "../../../src/core/backtest/eventEngine.ts";
import { tradingDays } from "../../../src/core/domain/nyse.ts";
import type { EntryOptions } from "../../../src/core/domain/strategy.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { openReplay } from "../../../src/core/exchange/replay.ts";
import { dataset } from "../backtest/givenBars.ts";
import { givenEngine } from "./givenEngine.ts";

const DAYS = tradingDays("2026-01-05", "2026-02-27");
const cents = (value: number) => Math.round(value * 100) / 100;
const percent = fc.integer({ min: -40, max: 40 });

/** Bars around 100 to the cent, from steps in tenths of a percent. */
const walk = fc.array(fc.record({ gap: percent, move: percent, up: fc.nat(30), down: fc.nat(30) }), { minLength: DAYS.length, maxLength: DAYS.length });

describe("a paper fill", () => {
  it("is at the price and on the day of the backtest's, for market, limit and stop entries and their brackets", () => {
    const plan = fc.record({
      day: fc.integer({ min: 1, max: 5 }),
      kind: fc.constantFrom("market" as const, "limit" as const, "stop" as const),
      off: fc.integer({ min: 1, max: 15 }),
      profit: fc.integer({ min: 20, max: 60 }),
      loss: fc.integer({ min: 20, max: 60 }),
    });
    let traded = 0;
    fc.assert(
      fc.property(walk, plan, (steps, { day, kind, off, profit, loss }) => {
        let close = 100;
        const rows = steps.map(({ gap, move, up, down }) => {
          const open = cents(close * (1 + gap / 2000));
          close = cents(open * (1 + move / 1000));
          return [open, cents(Math.max(open, close) * (1 + up / 1000)), cents(Math.min(open, close) * (1 - down / 1000)), close] as const;
        });
        const column = (at: 0 | 1 | 2 | 3) => Float64Array.from(rows, (row) => row[at]);
        const bars = dataset("TEST", {
          time: Float64Array.from(DAYS, (one) => one.midnight),
          open: column(0),
          high: column(1),
          low: column(2),
          close: column(3),
          volume: new Float64Array(DAYS.length).fill(1e6),
        });
        const last = (rows[day] as (typeof rows)[number])[3];
        const price = kind === "market" ? last : cents(last * (1 + (kind === "limit" ? -off : off) / 1000));
        const exits = { takeProfit: cents(price * (1 + profit / 1000)), stopLoss: cents(price * (1 - loss / 1000)) };
        const asked: EntryOptions = { ...exits, ...(kind === "market" ? {} : { [kind]: price }) };
        const ledger = runEvent(
          [bars.series],
          bars.series.time,
          (bar) => {
            if (bar.index === day) bar.buy(asked);
          },
          {},
          { cash: 1000, costs: { feeRate: 0, slippageBps: 0 }, sizing: { kind: "fixed", units: 1 }, fill: "next-open" },
        );

        const desk = givenEngine({
          market: new Market(1, { source: openReplay([bars]) }),
          hours: "nyse",
          start: new Date((DAYS[day] as (typeof DAYS)[number]).close + 3_600_000).toISOString(),
        });
        desk.submit({
          symbol: "TEST",
          type: kind,
          time_in_force: "gtc",
          order_class: "bracket",
          take_profit: { limit_price: exits.takeProfit },
          stop_loss: { stop_price: exits.stopLoss },
          ...(kind === "market" ? {} : { [`${kind}_price`]: price }),
        });
        desk.pass((DAYS.at(-1)?.close as number) + 3_600_000 - desk.clock.now());
        const dayOf = (at: number) => DAYS.findIndex((one) => at >= one.open && at <= one.close);
        const paper = desk.account.fills.map((fill) => [dayOf(fill.at), fill.price.toNumber()]);
        const [trade] = ledger.trades;
        const backtest = trade === undefined ? [] : [[trade.entryIndex, trade.entryPrice], ...(trade.finalized ? [] : [[trade.exitIndex, trade.exitPrice]])];
        if (backtest.length === 2) traded++;
        assert.deepEqual(paper, backtest);
      }),
      { numRuns: 300 },
    );
    assert.ok(traded > 50, `only ${traded} trades`);
  });
});
