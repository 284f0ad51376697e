import assert from "node:assert/strict";
import { Big } from "../../src/core/base/decimal.ts";
import { intentOf } from "../../src/core/domain/orderTerms.ts";
import { exitsOf, expectedCost, holdings, limitLines, proposalOf, type BookPreview } from "../../src/core/domain/preview.ts";
import { cellText } from "../../src/extension/cellText.ts";
import { previewGroups } from "../../src/extension/previewRows.ts";

const intent = intentOf(
  "buy",
  "AAPL",
  { qty: new Big(40), limit: new Big("231.4"), takeProfit: new Big(246), stopLoss: new Big("224.1"), tif: "gtc" },
  "cell:research.ipynb#7",
  (term) => term,
);
const money = (value: number) => new Big(value);
const guards: BookPreview["guards"] = {
  allowed: true,
  price: new Big("231.4"),
  value: money(9256),
  units: money(40),
  buyingPower: new Big("29914.95"),
  buyingPowerAfter: new Big("20658.95"),
  account: {
    accountNumber: "PA1",
    status: "ACTIVE",
    currency: "USD",
    cash: money(1),
    equity: money(108_000),
    lastEquity: money(108_000),
    buyingPower: new Big("29914.95"),
    portfolioValue: money(1),
    mode: "paper",
    simulated: false,
  },
  quote: { symbol: "AAPL", bid: 231.45, ask: 231.49, bidSize: 1, askSize: 1, at: 0 },
  clock: { at: 0, isOpen: true, nextOpen: 1, nextClose: 2 },
  held: money(0),
  working: money(0),
  limits: { maxOrderValue: 15_000, maxPositionValue: null, maxOrdersPerMinute: 30, maxDailyLoss: null, symbols: [] },
  warnings: [],
};
const preview: BookPreview = {
  intent,
  guards,
  mode: "paper",
  cost: expectedCost(intent, guards, "paper"),
  limits: limitLines(intent, guards, 1),
  exits: exitsOf(intent, guards),
  position: holdings(intent, guards),
  worstDays: {
    days: 504,
    from: "2024-11-20",
    to: "2026-11-20",
    worst: [{ date: "2025-04-04", before: -1, after: -2, beforePct: -7.42, afterPct: -8.05 }],
    worst1Pct: { days: 6, beforePct: -5, afterPct: -6 },
    addsAtMostPct: 0.63,
    missing: [],
    shorter: [],
  },
  proposedBy: proposalOf(intent),
  warnings: ["The market is closed."],
};

describe("the ticket's last step", () => {
  it("says cost and reward, limits with what is left, the worst days, and where the order comes from", () => {
    const said = previewGroups(preview).map((group) => `${group.title}: ${group.rows.map((row) => `${row.label} ${row.description}`).join("; ")}`);
    assert.match(said[0] ?? "", /^before you send it: \$\(warning\) The market is closed\.$/);
    assert.match(said[1] ?? "", /\$20,658\.95 buying power after, of \$29,914\.95; ▼ −292\.00 if stopped; ▲ \+584\.00 if the target/);
    assert.match(said[2] ?? "", /▮{7}▯{3} one order: \$9,256\.00 of \$15,000\.00, \$5,744\.00 left;.*orders this minute: 2 of 30, 28 left; 1 now/);
    assert.doesNotMatch(said[2] ?? "", /position/, "a limit without a ceiling is not shown");
    assert.match(said[3] ?? "", /worst of 504 days: −8\.05.% of equity on 2025-04-04, −7\.42.% without this order/);
    assert.match(said[4] ?? "", /Cell 7 of research\.ipynb/);
  });

  it("copies the order as a cell that means the same", () => {
    assert.equal(cellText(intent), 'await desk.buy("AAPL", { qty: "40", limit: "231.4", takeProfit: "246", stopLoss: "224.1", tif: "gtc" })');
  });
});
