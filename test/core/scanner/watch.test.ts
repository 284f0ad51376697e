import assert from "node:assert/strict";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { watchScans, type Watch } from "../../../src/core/scanner/watch.ts";

const START = Date.UTC(2026, 4, 29, 15);

describe("watchScans", () => {
  function given(change: Partial<Watch> = {}) {
    const clock = new ManualClock(START);
    const controller = new AbortController();
    const lines: string[] = [];
    const scans: number[] = [];
    const hours = { isOpen: true };
    const ended = watchScans(
      {
        everyMs: 10_000,
        clock,
        market: () => Promise.resolve({ at: clock.now(), isOpen: hours.isOpen, nextOpen: START + 3_600_000, nextClose: START + 7_200_000 }),
        onLine: (line) => lines.push(line),
        ...change,
        scan: async (signal) => {
          scans.push((clock.now() - START) / 1000);
          await change.scan?.(signal);
        },
      },
      controller.signal,
    );
    ended.catch(() => undefined);
    const pass = async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        await settle();
        clock.advance(1000);
      }
      await settle();
    };
    return { clock, controller, lines, scans, hours, ended, pass };
  }
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
  };

  it("scans at once and then each time the interval is over", async () => {
    const { scans, pass } = given();
    await pass(35);
    assert.deepEqual(scans, [0, 10, 20, 30]);
  });

  it("never scans twice at once: a slow scan delays the next, and none is made up for", async () => {
    let running = 0;
    const clock = { current: undefined as ManualClock | undefined };
    const watch = given({
      scan: async (signal) => {
        assert.equal(++running, 1);
        await Promise.resolve(); // the first scan starts before its clock is known here
        await (clock.current as ManualClock).sleep(25_000, signal);
        running--;
      },
    });
    clock.current = watch.clock;
    await watch.pass(80);
    assert.deepEqual(watch.scans, [0, 25, 50, 75]);
  });

  it("waits while the market is closed, says so once, and goes on when it opens", async () => {
    const { scans, hours, lines, pass } = given();
    hours.isOpen = false;
    await pass(60);
    assert.deepEqual(scans, [0], "the first one shows the last prices, whatever the hour");
    assert.deepEqual(lines, ["The market is closed; the next scan is at its opening, 2026-05-29T16:00:00.000Z."]);
    hours.isOpen = true;
    await pass(10);
    assert.equal(scans.length, 2);
  });

  it("scans all the same when the market does not say its hours", async () => {
    const { scans, lines, pass } = given({ market: () => Promise.reject(new Error("HTTP 500 error")) });
    await pass(15);
    assert.deepEqual(scans, [0, 10]);
    assert.match(lines[0] ?? "", /hours are not known: HTTP 500 error/);
  });

  it("ends with the signal, within a scan and between two", async () => {
    for (const scan of [
      () => Promise.resolve(),
      (signal: AbortSignal) => new Promise<never>((_done, fail) => signal.addEventListener("abort", () => fail(signal.reason as Error))),
    ]) {
      const { controller, ended } = given({ scan });
      await settle();
      controller.abort(new TradingError("interrupted", "Ctrl-C", { kind: "interrupted" }));
      await assert.rejects(ended, /Ctrl-C/);
    }
  });
});
