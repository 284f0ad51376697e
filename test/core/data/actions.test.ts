import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CorporateAction } from "../../../src/core/domain/bars.ts";
import { actionsLeft, parseActionPage } from "../../../src/core/data/actions.ts";
import { openSession, type Session } from "../../../src/core/session.ts";

const { signal } = new AbortController();
const split = (time: number, ratio: number): CorporateAction => ({ kind: "split", time, ratio });
const dividend = (time: number, amount: number): CorporateAction => ({ kind: "dividend", time, amount });

describe("splits and dividends", () => {
  it("are read as the market data service writes them, at New York's midnight of the ex-date", () => {
    const { actions, nextToken } = parseActionPage({
      corporate_actions: {
        forward_splits: [{ symbol: "NVDA", new_rate: 10, old_rate: 1, ex_date: "2024-06-10", process_date: "2024-06-10" }],
        reverse_splits: [{ symbol: "GE", new_rate: 1, old_rate: 8, ex_date: "2021-08-02" }],
        stock_dividends: [{ symbol: "X", rate: 0.05, ex_date: "2024-01-02" }],
        cash_dividends: [{ symbol: "AAPL", rate: 0.25, special: false, ex_date: "2024-11-08", payable_date: "2024-11-14" }],
        name_changes: [{ old_symbol: "FB", new_symbol: "META" }],
      },
      next_page_token: "",
    });
    assert.equal(nextToken, null);
    assert.deepEqual(actions, [
      { kind: "split", symbol: "NVDA", time: Date.parse("2024-06-10T04:00:00Z"), ratio: 10 },
      { kind: "split", symbol: "GE", time: Date.parse("2021-08-02T04:00:00Z"), ratio: 0.125 },
      { kind: "split", symbol: "X", time: Date.parse("2024-01-02T05:00:00Z"), ratio: 1.05 },
      { kind: "dividend", symbol: "AAPL", time: Date.parse("2024-11-08T05:00:00Z"), amount: 0.25 },
    ]);
    for (const bad of [{}, { corporate_actions: { forward_splits: [{ symbol: "A", new_rate: 0, old_rate: 1, ex_date: "2024-06-10" }] } }])
      assert.throws(() => parseActionPage(bad), { code: "bad-answer" });
  });

  it("are what the prices are not adjusted for, dividends in shares of today where those are adjusted for splits", () => {
    const all = [dividend(10, 1), split(20, 4), dividend(20, 0.5), dividend(30, 0.6), split(90, 2)];
    const range = { from: 5, to: 40 };
    assert.deepEqual(actionsLeft(all, "raw", range), [dividend(10, 1), split(20, 4), dividend(20, 0.5), dividend(30, 0.6)]);
    assert.deepEqual(actionsLeft(all, "split", range), [dividend(10, 1 / 8), dividend(20, 0.25), dividend(30, 0.3)]);
    assert.deepEqual(actionsLeft(all, "dividend", range), [split(20, 4)]);
    assert.deepEqual(actionsLeft(all, "all", range), []);
  });

  describe("of a symbol", function () {
    this.timeout(60_000);
    let home: string;
    before(async () => {
      home = await mkdtemp(join(tmpdir(), "quantdesk-actions-"));
    });
    after(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));

    it("are applied to the account where prices are raw, so that nothing but the prices differs from those adjusted for splits", async () => {
      const results = [];
      let session: Session | undefined;
      for (const adjustment of ["raw", "split", "dividend", "all"]) {
        session = await openSession({
          home,
          front: "cli",
          seed: 3,
          ownExchange: true,
          overrides: [{ key: "data.adjustment", value: adjustment, source: "flag" }],
        });
        try {
          results.push(await session.backtest({ data: "XOM", strategy: "buy_and_hold" }, signal));
        } finally {
          await session.close();
        }
      }
      const [raw, adjusted, paid, all] = results.map(({ stats }) => stats);
      assert.ok(raw !== undefined && adjusted !== undefined && paid !== undefined && all !== undefined);
      assert.ok(raw.financing > 0 && raw.financing > 0.9 * adjusted.financing);
      assert.ok(Math.abs(raw.totalReturnPct / adjusted.totalReturnPct - 1) < 1e-3, `${raw.totalReturnPct} ${adjusted.totalReturnPct}`);
      assert.ok(Math.abs(paid.totalReturnPct / all.totalReturnPct - 1) < 1e-3, `${paid.totalReturnPct} ${all.totalReturnPct}`);
      assert.deepEqual(
        results.map(({ engine, dataset }) => [engine, dataset.adjustment]),
        [
          ["event", "raw"],
          ["event", "split"],
          ["event", "dividend"],
          ["vector", "all"],
        ],
      );
      assert.match(results[0]?.warnings.join() ?? "", /\d+ splits? and \d+ dividends of XOM are applied/);
      assert.ok(!results[0]?.warnings.some((warning) => warning.includes("look unadjusted")));
      assert.equal(new Set(results.map(({ runHash }) => runHash)).size, 4);
    });
  });
});
