import assert from "node:assert/strict";
import { FORMER_STOCKS } from "../../../src/core/domain/formerStocks.ts";
import { tradingDay } from "../../../src/core/domain/nyse.ts";
import { SessionCalendar } from "../../../src/core/domain/sessionCalendar.ts";
import { SimulatedPrices } from "../../../src/core/domain/simulated.ts";
import { earningsIn } from "../../../src/core/domain/simulatedEvents.ts";
import { FUND_SECTOR, SIMULATED_UNIVERSE } from "../../../src/core/domain/simulatedUniverse.ts";

const YEARS = Array.from({ length: 30 }, (_, i) => 2000 + i);

describe("the simulated universe", () => {
  it("has a few hundred symbols, each once, with a name, a listing and plausible numbers", () => {
    assert.ok(SIMULATED_UNIVERSE.length >= 300);
    assert.equal(new Set(SIMULATED_UNIVERSE.map(({ symbol }) => symbol)).size, SIMULATED_UNIVERSE.length);
    for (const { symbol, name, startPrice, volatility, beta, volumeMillions } of SIMULATED_UNIVERSE) {
      assert.match(symbol, /^[A-Z]{1,5}(?:\.[A-Z])?$/);
      assert.ok(name.length > 4 && startPrice > 0.5 && startPrice < 6000 && volatility > 0.04 && volatility < 1.3, symbol);
      assert.ok(Math.abs(beta) < 3 && volumeMillions > 0.1, symbol);
    }
    for (const { symbol, ending } of FORMER_STOCKS) {
      assert.ok(!SIMULATED_UNIVERSE.some((stock) => stock.symbol === symbol), symbol);
      if (ending.kind === "name_change")
        assert.ok(
          SIMULATED_UNIVERSE.some((stock) => stock.symbol === ending.newSymbol),
          ending.newSymbol,
        );
    }
  });
});

describe("simulated companies", () => {
  it("report four times a year on sessions, and their prices gap the more for it", () => {
    const prices = new SimulatedPrices(3);
    const calendar = new SessionCalendar();
    let [gaps, nights, reports] = [0, 0, 0];
    for (const stock of SIMULATED_UNIVERSE.slice(0, 40)) {
      const found = earningsIn(stock, 2024, { seed: 3, calendar });
      assert.equal(found.length, stock.sector === FUND_SECTOR ? 0 : 4);
      const { open, close } = prices.year(stock.symbol, 2024);
      const nightOf = (i: number) => Math.abs(Math.log((open[i] as number) / (close[i - 1] as number))) / stock.volatility;
      for (let i = 1; i < open.length; i++) nights += nightOf(i) / (open.length - 1);
      for (const report of found) {
        assert.ok(tradingDay(report.date) !== undefined && report.reactionDate >= report.date);
        const session = calendar.indexOf(report.reactionDate) as number;
        if (session === 0) continue;
        gaps += nightOf(session);
        reports++;
      }
    }
    assert.ok(gaps / reports > 2.5 * (nights / 40), `${gaps / reports} against ${nights / 40}`);
  });

  it("split and pay, and raw prices follow: each event moves price and shares by its own factor", () => {
    const prices = new SimulatedPrices(7);
    const calendar = new SessionCalendar();
    let [forward, reverse, payments] = [0, 0, 0];
    for (const { symbol } of SIMULATED_UNIVERSE.slice(0, 40)) {
      for (const year of YEARS) {
        const events = prices.actions.in(prices.stock(symbol), year);
        if (events.length === 0) continue;
        const [raw, unsplit] = [prices.year(symbol, year, "raw"), prices.year(symbol, year)];
        for (const event of events) {
          const i = calendar.indexOf(event.exDate) as number;
          assert.ok(i > 0, `${symbol} ${event.exDate}`);
          const basis = (at: number) => (raw.close[at] as number) / (unsplit.close[at] as number);
          const factor = event.kind === "split" ? event.oldRate / event.newRate : prices.actions.keptBy(prices.stock(symbol));
          const cent = 0.02 / Math.min(raw.close[i] as number, raw.close[i - 1] as number, unsplit.close[i] as number, unsplit.close[i - 1] as number);
          assert.ok(Math.abs(basis(i) / basis(i - 1) / factor - 1) < Math.max(0.001, 2 * cent), `${symbol} ${event.kind} ${event.exDate}`);
          if (event.kind === "dividend") payments++;
          else if (event.newRate > event.oldRate) forward++;
          else reverse++;
        }
      }
    }
    assert.ok(forward > 10 && reverse > 3 && payments > 500, `${forward} ${reverse} ${payments}`);
  });

  it("cost their start price at the end of 2025, as traded", () => {
    for (const { symbol, startPrice } of SIMULATED_UNIVERSE.slice(0, 30)) {
      const { close } = new SimulatedPrices(9).year(symbol, 2025, "raw");
      assert.ok(Math.abs((close.at(-1) as number) - startPrice) <= 0.005 + 1e-9, `${symbol} ${close.at(-1)}`);
    }
  });
});
