import assert from "node:assert/strict";
import { simulatedDailyBars } from "../../../src/core/domain/simulated.ts";
import { SIMULATED_UNIVERSE } from "../../../src/core/domain/simulatedUniverse.ts";
import { newYorkDate, tradingDay, tradingDays } from "../../../src/core/domain/nyse.ts";

const at = (date: string) => Date.parse(`${date}T00:00:00Z`);

describe("simulated daily bars", () => {
  it("are the same whatever window is asked for", () => {
    const whole = simulatedDailyBars("AAPL", 7, at("2000-01-01"), at("2026-11-21"));
    const part = simulatedDailyBars("AAPL", 7, at("2019-03-01"), at("2020-03-01"));
    const offset = whole.time.indexOf(part.time[0] as number);
    assert.equal(part.time.length, tradingDays("2019-03-01", "2020-02-28").length);
    for (const column of ["time", "open", "high", "low", "close", "volume"] as const) {
      assert.deepEqual(part[column], whole[column].slice(offset, offset + part.time.length), column);
    }
  });

  it("differ by seed and by symbol", () => {
    const bars = (symbol: string, seed: number) => simulatedDailyBars(symbol, seed, at("2026-01-01"), at("2026-06-01")).close;
    assert.notDeepEqual(bars("AAPL", 1), bars("AAPL", 2));
    assert.notDeepEqual(bars("AAPL", 1), bars("MSFT", 1));
  });

  it("are well formed, in whole cents, on trading days only, and say that they are simulated", () => {
    for (const { symbol } of SIMULATED_UNIVERSE.filter((_, i) => i % 8 === 0)) {
      const bars = simulatedDailyBars(symbol, 3, at("2024-01-01"), at("2026-11-21"));
      assert.equal(bars.simulated, true);
      for (let i = 0; i < bars.time.length; i++) {
        const [o, h, l, c] = [bars.open[i], bars.high[i], bars.low[i], bars.close[i]] as [number, number, number, number];
        assert.ok(l > 0 && l <= Math.min(o, c) && h >= Math.max(o, c), `${symbol} bar ${i}`);
        for (const price of [o, h, l, c]) assert.equal(Math.round(price * 100) / 100, price);
        assert.ok((bars.volume[i] as number) > 0);
        assert.equal(tradingDay(newYorkDate(bars.time[i] as number))?.midnight, bars.time[i]);
      }
    }
  });

  it("have quiet and wild times: squared returns are correlated", () => {
    const { close } = simulatedDailyBars("SPY", 5, at("2000-01-01"), at("2026-01-01"));
    const squares = Array.from(close.slice(1), (price, i) => Math.log(price / (close[i] as number)) ** 2);
    const mean = squares.reduce((a, b) => a + b, 0) / squares.length;
    let together = 0;
    let alone = 0;
    for (let i = 1; i < squares.length; i++) {
      together += ((squares[i] as number) - mean) * ((squares[i - 1] as number) - mean);
      alone += ((squares[i] as number) - mean) ** 2;
    }
    assert.ok(together / alone > 0.03, String(together / alone));
  });
});
