import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import { strategyCode } from "../../../src/core/backtest/strategyCode.ts";
import { parseActivities } from "../../../src/core/broker/wire.ts";
import type { BarSeries, CorporateAction } from "../../../src/core/domain/bars.ts";
import type { BacktestSpec } from "../../../src/core/domain/desk.ts";
import { GAP_PARTS, type GapPart } from "../../../src/core/domain/gap.ts";
import type { OrderId } from "../../../src/core/domain/orders.ts";
import type { MarketData, Store } from "../../../src/core/domain/ports.ts";
import { gapReport, type GapParts, type GapReport } from "../../../src/core/session/gap.ts";
import { openSession, type Session } from "../../../src/core/session.ts";
import { openStore } from "../../../src/core/store/store.ts";

const { signal } = new AbortController();
const DATES = ["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"] as const;
const OPENS = [100, 101, 103, 104, 102];
const CLOSES = [101, 102, 104, 103, 102];
const at = (date: string, time = "14:30") => Date.parse(`${date}T${time}:00Z`);

/** Bought at the open of the 5th, sold at that of the 7th: ten shares, a tenth of a percent each side. */
const STRATEGY = `export default { name: "mine", params: {}, signals({ length }: { length: number }) {
  const only = (k: number) => Uint8Array.from({ length }, (_v, i) => (i === k ? 1 : 0));
  return { entries: only(0), exits: only(2) };
} };`;

interface Fill {
  readonly side: "buy" | "sell";
  readonly date: string;
  readonly price: string;
  readonly qty?: string;
  readonly time?: string;
  readonly symbol?: string;
}
const BOUGHT: Fill = { side: "buy", date: "2024-03-05", price: "101" };
const SOLD: Fill = { side: "sell", date: "2024-03-07", price: "104" };

interface World {
  readonly fills?: readonly Fill[];
  /** What orders say of themselves. */
  readonly why?: (runHash: string) => string | undefined;
  readonly activities?: readonly object[];
  /** The market's daily opens and closes, and the price of the minutes after 15:00 UTC. */
  readonly opens?: readonly number[];
  readonly closes?: readonly number[];
  readonly later?: number;
  readonly query?: { readonly run?: string };
  readonly actions?: readonly CorporateAction[];
  /** Of the backtest's data. */
  readonly adjustment?: string;
}

/** As charged: those of the backtest to the cent. */
const FEES = [
  { id: "1::a", activity_type: "FEE", date: "2024-03-05", net_amount: "-1.01", status: "executed" },
  { id: "2::b", activity_type: "FEE", date: "2024-03-07", net_amount: "-1.04", status: "executed" },
];

describe("the gap between days of trading and their backtest", function () {
  this.timeout(30_000);
  let folder: string;
  let session: Session;
  let runHash: string;
  let spec: BacktestSpec;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-gap-"));
    session = await openSession({ home: join(folder, "home"), front: "cli" });
    await writeFile(join(folder, "mine.ts"), STRATEGY);
    await writeFile(join(folder, "AAPL.csv"), csv(OPENS, CLOSES));
    spec = { data: join(folder, "AAPL.csv"), strategy: join(folder, "mine.ts"), feeRate: 0.001, sizing: { kind: "fixed", units: 10 } };
    runHash = (await session.backtest(spec, signal)).runHash;
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true, maxRetries: 3 });
  });

  async function reportOn(world: World): Promise<GapReport> {
    const store = await openStore(join(await mkdtemp(join(folder, "world-")), "test.sqlite"), signal);
    try {
      await trade(store, world);
      const parts: GapParts = {
        store: {
          journalledOrders: store.journalledOrders,
          fills: store.fills,
          runs: session.store.runs,
          runsByHash: session.store.runsByHash,
          strategyText: session.store.strategyText,
        },
        data: market(world),
        activities: () => Promise.resolve(parseActivities(world.activities ?? FEES)),
        dataset: async ({ data }, own) => {
          const { info, series } = await session.dataset(data, {}, own);
          const { adjustment = info.adjustment, actions } = world;
          return { info: { ...info, adjustment }, series: { ...series, ...(adjustment === "raw" && actions !== undefined ? { actions } : {}) } };
        },
        backtest: session.backtest,
        codeHash: async ({ strategy }) => (await strategyCode({ kind: "file", path: strategy })).hash,
      };
      return await gapReport({ from: "2024-03-05", to: "2024-03-08", ...world.query }, parts, signal);
    } finally {
      await store.close();
    }
  }

  async function trade(store: Store, { fills = [BOUGHT, SOLD], why = (hash) => `run:${hash}`, actions }: World): Promise<void> {
    for (const [i, { side, date, price, qty = "10", time, symbol = "AAPL" }] of fills.entries()) {
      const [clientOrderId, orderId] = [`c${i}`, `o${i}`];
      const reason = why(runHash);
      const body = JSON.stringify({ symbol, side, qty: fills.length === 2 && side === "buy" && qty === "5" && actions === undefined ? "10" : qty });
      const entry = {
        clientOrderId,
        account: "PA1",
        fingerprint: clientOrderId,
        origin: "cli",
        at: Date.now(),
        body,
        ...(reason === undefined ? {} : { why: reason }),
      };
      assert.equal(await store.journal.begin(entry, 0, true, signal), "written");
      await store.journal.settle(clientOrderId, { state: "sent", orderId }, signal);
      const fill = {
        executionId: `e${i}`,
        orderId: orderId as OrderId,
        symbol,
        side,
        qty: new Big(qty),
        price: new Big(price),
        cumQty: new Big(qty),
        at: at(date, time),
      };
      await store.journal.note("PA1", { orders: [], fills: [fill] }, signal);
    }
  }

  /** The difference is `dollars`, all of it in one part; null: there is none. */
  async function check(world: World, part: GapPart | null, dollars: string): Promise<GapReport> {
    const report = await reportOn(world);
    for (const name of GAP_PARTS) assert.equal(report.parts[name], name === part ? dollars : "0.00", `${name} of ${JSON.stringify(report.parts)}`);
    assert.equal(report.difference, dollars);
    return report;
  }

  it("is nothing where all went as in the backtest", async () => {
    const report = await check({}, null, "0.00");
    assert.equal(report.backtest, (30 - 1.01 - 1.04).toFixed(2));
    assert.deepEqual(report.runs[0]?.notes, []);
  });

  it("is fees where the broker charged others, whatever it books them by", async () => {
    await check({ activities: [] }, "fees", "2.05");
    // Regulatory fees, booked once a day with the day of the trades in words, and on the day of settlement without.
    const day = {
      activity_type: "FEE",
      activity_sub_type: "TAF",
      date: "2024-03-08",
      net_amount: "-3.00",
      description: "TAF fee for proceed of 10 shares (1 trades) on 2024-03-07 by 1",
    };
    await check({ activities: [{ id: "1::a", ...day }] }, "fees", "-0.95");
    await check({ activities: [{ id: "1::a", activity_type: "FEE", activity_sub_type: "REG", date: "2024-03-08", net_amount: "-0.05" }] }, "fees", "2.00");
    // With the fill, taken back, and a rebate.
    const fill = {
      id: "3::e0",
      activity_type: "FILL",
      transaction_time: "2024-03-05T14:30:00Z",
      symbol: "AAPL",
      side: "buy",
      qty: "10",
      price: "101",
      order_id: "o0",
      commission: "5",
    };
    await check({ activities: [fill, { ...FEES[0], status: "canceled" }, FEES[1] ?? {}] }, "fees", "-3.99");
    await check({ activities: [...FEES, { id: "4::d", activity_type: "FEE", symbol: "AAPL", date: "2024-03-05", net_amount: "0.333" }] }, "fees", "0.33");
    // For what is borrowed overnight.
    await check(
      { activities: [...FEES, { id: "5::e", activity_type: "FEE", symbol: "AAPL", qty: "-10", date: "2024-03-06", net_amount: "-0.25" }] },
      "fees",
      "-0.25",
    );
  });

  it("says what it was charged for no fill that it knows", async () => {
    const report = await check({ activities: [...FEES, { id: "6::f", activity_type: "FEE", date: "2024-05-06", net_amount: "-9" }] }, null, "0.00");
    assert.match(report.runs[0]?.notes[0] ?? "", /Charges of 9 dollars/);
  });

  it("is the market's prices where those of the backtest were others", () =>
    check({ opens: [100, 102, 103, 104, 102], fills: [{ ...BOUGHT, price: "102" }, SOLD] }, "data", "-10.00"));

  it("is a missed fill where an order was filled in part or not at all", async () => {
    // Half of the way up is not made, with half of the fees.
    const half = {
      activities: [
        { ...FEES[0], net_amount: "-0.505" },
        { ...FEES[1], net_amount: "-0.52" },
      ],
    };
    await check(
      {
        ...half,
        fills: [
          { ...BOUGHT, qty: "5" },
          { ...SOLD, qty: "5" },
        ],
      },
      "missed",
      (-15 + 1.025).toFixed(2),
    );
  });

  it("is timing where the order met a market that had moved", () =>
    check({ later: 101.5, fills: [{ ...BOUGHT, price: "101.5", time: "15:10" }, SOLD] }, "timing", "-5.00"));

  it("is slippage where the price paid was not the market's", () => check({ fills: [{ ...BOUGHT, price: "101.07" }, SOLD] }, "slippage", "-0.70"));

  it("is the code where only the strategy changed since", async () => {
    try {
      await writeFile(spec.strategy, STRATEGY.replace("exits: only(2)", "exits: only(1)"));
      // Now it would have sold at the open of the 6th, for 103.
      const report = await check({}, "code", "9.99");
      assert.match(report.runs[0]?.notes.join() ?? "", /has changed since/);
      await check({}, "code", "9.99"); // asked again, too
    } finally {
      await writeFile(spec.strategy, STRATEGY);
    }
  });

  it("knows a split and a dividend overnight", async () => {
    const night = Date.parse("2024-03-06T05:00:00Z");
    // Two for one: five shares bought at twice the price of today's are the ten that are sold.
    const halved = { opens: [200, 202, 103, 104, 102], closes: [202, 204, 104, 103, 102], fills: [{ ...BOUGHT, price: "202", qty: "5" }, SOLD] };
    const report = await check({ ...halved, adjustment: "all", actions: [{ kind: "split", time: night, ratio: 2 }] }, null, "0.00");
    assert.equal(report.backtest, (30 - 1.01 - 1.04).toFixed(2));
    const paid = await check({ adjustment: "raw", actions: [{ kind: "dividend", time: night, amount: 0.5 }] }, null, "0.00");
    assert.equal(paid.backtest, (30 + 5 - 1.01 - 1.04).toFixed(2));
  });

  it("holds orders that name no run against the newest backtest of their symbol, and tells of those that have none", async () => {
    const orders = { why: () => undefined, fills: [BOUGHT, SOLD, { ...BOUGHT, symbol: "MSFT" }] };
    const report = await reportOn(orders);
    assert.deepEqual(
      report.runs.map(({ symbol, notes }) => [symbol, notes]),
      [["AAPL", ["2 orders name no run: held against the newest backtest of AAPL before them."]]],
    );
    assert.deepEqual(report.unattributed, [{ account: "PA1", symbol: "MSFT", fills: 1 }]);
    await assert.rejects(reportOn({ ...orders, fills: orders.fills.slice(2) }), { code: "no-fills" });
    await assert.rejects(reportOn({ ...orders, fills: orders.fills.slice(2), query: { run: runHash.slice(0, 12) } }), { code: "no-fills" });
  });
});

function csv(opens: readonly number[], closes: readonly number[]): string {
  return ["date,open,high,low,close,volume", ...DATES.map((date, i) => `${date},${opens[i]},110,90,${closes[i]},1000`)].join("\n");
}

function market({ opens = OPENS, closes = CLOSES, later, actions = [] }: World): MarketData {
  const series = (timeframe: "1Day" | "1Min", time: readonly number[], open: readonly number[], close: readonly number[]): BarSeries => {
    const of = (values: readonly number[]) => Float64Array.from(values);
    return { symbol: "AAPL", timeframe, time: of(time), open: of(open), high: of(open), low: of(open), close: of(close), volume: of(open), simulated: false };
  };
  const minutes = DATES.flatMap((date, i) => [[at(date), opens[i] as number] as const, [at(date, "15:10"), later ?? (opens[i] as number)] as const]);
  const none = () => Promise.reject(new Error("not asked for here"));
  return {
    simulated: false,
    bars: (symbols, { timeframe }) =>
      Promise.resolve(
        new Map(
          symbols.map((symbol) => {
            const bars =
              timeframe === "1Min"
                ? series(
                    "1Min",
                    minutes.map(([time]) => time),
                    minutes.map(([, price]) => price),
                    minutes.map(([, price]) => price),
                  )
                : series(
                    "1Day",
                    DATES.map((date) => at(date, "05:00")),
                    opens,
                    closes,
                  );
            return [symbol, { ...bars, symbol }];
          }),
        ),
      ),
    quotes: none,
    movers: none,
    mostActive: none,
    news: none,
    assets: none,
    corporateActions: (symbols) => Promise.resolve(new Map(symbols.map((symbol) => [symbol, actions]))),
  };
}
