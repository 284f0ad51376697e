import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { Big } from "../../../src/core/base/decimal.ts";
import { roundToTick } from "../../../src/core/broker/guards/tick.ts";
import { orderBody } from "../../../src/core/broker/orderBody.ts";
import type { ClientOrderId, OrderIntent, RefusalCode } from "../../../src/core/domain/orders.ts";
import type { RiskLimits } from "../../../src/core/broker/guards/limits.ts";
import type { AlpacaServer } from "./alpacaServer.ts";
import { Desk, buy, holding, sell } from "./desk.ts";

const d = (text: string) => new Big(text);

interface Given {
  readonly limits?: Partial<RiskLimits>;
  readonly server?: (server: AlpacaServer) => void;
}

/** Sends nothing, whatever the verdict. */
async function verdictOf(intent: OrderIntent, given: Given) {
  await using desk = await Desk.connected(given.limits === undefined ? {} : { limits: given.limits });
  given.server?.(desk.server);
  const verdict = await desk.broker.check(intent, desk.signal);
  assert.equal(desk.server.count("POST"), 0);
  assert.equal((await desk.entries()).length, verdict.allowed ? 1 : 0, "only a checked order is in the journal");
  return verdict;
}

describe("the guards", () => {
  const limit = (price: string) => ({ type: "limit", limitPrice: d(price) }) as const;
  const refusals: ReadonlyArray<readonly [string, OrderIntent, RefusalCode, RegExp, Given?]> = [
    ["a symbol that the exchange does not know, with the nearest", buy("1", { symbol: "APL" }), "unknown-symbol", /Did you mean AAPL/],
    ["half a cent", buy("1", limit("99.995")), "bad-tick", /Use 99\.99/],
    ["a stop-loss off the tick", buy("1", { stopLoss: { stopPrice: d("90.001") } }), "bad-tick", /Use 90\./],
    ["a buy limit more than 10 % above the ask", buy("1", limit("110.12")), "price-collar", /at most 110\.11/],
    [
      "a sell limit more than 10 % below the bid",
      sell("1", limit("89.90")),
      "price-collar",
      /at least 89\.91/,
      { server: (s) => s.positions.push(holding("5")) },
    ],
    [
      "a market order on an old quote",
      buy("1"),
      "stale-quote",
      /limit price/,
      {
        server: (s) => {
          s.quote.t = new Date(Date.now() - 20_000).toISOString();
        },
      },
    ],
    [
      "a market order without an ask",
      buy("1"),
      "stale-quote",
      /limit price/,
      {
        server: (s) => {
          s.quote.ap = 0;
        },
      },
    ],
    ["selling what is not held", sell("1"), "insufficient-position", /--short/],
    ["selling more than is held", sell("6"), "insufficient-position", /at most 5/, { server: (s) => s.positions.push(holding("5")) }],
    ["selling what open orders bind", sell("5"), "insufficient-position", /at most 2/, { server: (s) => s.positions.push(holding("5", "2")) }],
    [
      "going short through a long position",
      sell("6", { allowShort: true }),
      "insufficient-position",
      /Sell the 5 first/,
      { server: (s) => s.positions.push(holding("5")) },
    ],
    ["shorting what cannot be borrowed", sell("1", { symbol: "BRK.B", allowShort: true }), "not-tradable", /another symbol/],
    ["shorting half a share", sell("0.5", { allowShort: true }), "not-tradable", /whole number/],
    ["half a share of what trades in whole ones", buy("0.5", { symbol: "BRK.B" }), "not-tradable", /whole number/],
    ["more than the order limit", buy("100"), "over-limit", /fits: 99 shares.*maxOrderValue/],
    ["more than the order limit in dollars", buy("1", { qty: undefined, notional: d("10000.01") } as never), "over-limit", /maxOrderValue/],
    ["more than the position limit", buy("10"), "over-limit", /Order less.*maxPositionValue/, { server: (s) => s.positions.push(holding("499")) }],
    ["a symbol that is not allowed", buy("1"), "over-limit", /risk\.symbols/, { limits: { symbols: ["MSFT"] } }],
    [
      "opening after the day's loss",
      buy("1"),
      "over-limit",
      /maxDailyLoss/,
      {
        limits: { maxDailyLoss: 500 },
        server: (s) => {
          s.account = { ...s.account, equity: "99500" };
        },
      },
    ],
    [
      "more than can be paid",
      buy("50"),
      "insufficient-buying-power",
      /at most 9 /,
      {
        server: (s) => {
          s.account = { ...s.account, buying_power: "1000" };
        },
      },
    ],
    [
      "an order of a blocked account",
      buy("1"),
      "not-tradable",
      /Ask the broker/,
      {
        server: (s) => {
          s.account = { ...s.account, trading_blocked: true };
        },
      },
    ],
  ];
  for (const [name, intent, code, remedy, given] of refusals) {
    it(`refuse ${name}`, async () => {
      const verdict = await verdictOf(intent, given ?? {});
      assert.ok(!verdict.allowed);
      assert.equal(verdict.code, code, verdict.message);
      assert.match(verdict.hint, remedy);
      assert.match(verdict.message, /\.$/);
    });
  }

  const passes: ReadonlyArray<readonly [string, OrderIntent, Given?]> = [
    ["a limit on the edge of the collar", buy("1", limit("110.11"))],
    [
      "a limit on an old quote",
      buy("1", limit("100")),
      {
        server: (s) => {
          s.quote.t = new Date(0).toISOString();
        },
      },
    ],
    ["a sale of all that is held, over the position limit", sell("99"), { server: (s) => s.positions.push(holding("99")), limits: { maxPositionValue: 10 } }],
    ["a short that was asked for", sell("1", { allowShort: true })],
    [
      "buying a short back without buying power",
      buy("5"),
      {
        server: (s) => {
          s.positions.push(holding("-5"));
          s.account = { ...s.account, buying_power: "0" };
        },
      },
    ],
    [
      "a sale after the day's loss",
      sell("1"),
      {
        limits: { maxDailyLoss: 500 },
        server: (s) => {
          s.positions.push(holding("1"));
          s.account = { ...s.account, equity: "99000" };
        },
      },
    ],
    ["a bracket", buy("1", { takeProfit: { limitPrice: d("120") }, stopLoss: { stopPrice: d("90") } })],
    ["a small symbol name", buy("1", { symbol: " aapl " })],
  ];
  for (const [name, intent, given] of passes) {
    it(`let ${name} pass`, async () => {
      const verdict = await verdictOf(intent, given ?? {});
      assert.ok(verdict.allowed, verdict.allowed ? "" : verdict.message);
      assert.equal(verdict.order.symbol, "AAPL");
    });
  }

  it("warn outside market hours instead of refusing, however old the quote is", async () => {
    const verdict = await verdictOf(buy("1"), {
      server: (s) => {
        s.isOpen = false;
        s.quote.t = new Date(0).toISOString();
      },
    });
    assert.ok(verdict.allowed);
    assert.match(verdict.warnings.join(), /market is closed/);
  });

  it("refuse before connecting", async () => {
    await using desk = await Desk.open();
    const verdict = await desk.broker.check(buy("1"), desk.signal);
    assert.ok(!verdict.allowed);
    assert.equal(verdict.code, "not-connected");
  });

  it("say before anything is written what an order is worth, or why it would be refused", async () => {
    await using desk = await Desk.connected();
    const preview = await desk.broker.preview(buy("3"), desk.signal);
    assert.ok(preview.allowed);
    assert.deepEqual([preview.price?.toFixed(), preview.value?.toFixed(), preview.buyingPower.toFixed()], ["100.1", "300.3", "200000"]);
    const refused = await desk.broker.preview(sell("1"), desk.signal);
    assert.equal(refused.allowed ? "" : refused.code, "insufficient-position");
    assert.deepEqual(await desk.entries(), []);
  });

  it("refuse an equal intent within the window unless it is asked for again", async () => {
    await using desk = await Desk.connected();
    await desk.checked(buy("1"));
    const twice = await desk.broker.check(buy("1"), desk.signal);
    assert.equal(twice.allowed ? "" : twice.code, "duplicate-intent");
    await desk.checked(buy("1", { again: true }));
    await desk.checked(buy("2"));
  });

  it("refuse while the kill switch is on, and when the journal cannot be written", async () => {
    await using desk = await Desk.connected();
    await desk.store.killSwitch("PA1", "on", desk.signal);
    const killed = await desk.broker.check(buy("1"), desk.signal);
    assert.equal(killed.allowed ? "" : killed.code, "kill-switch");
    await desk.store.killSwitch("PA1", "off", desk.signal);
    await desk.store.close();
    const broken = await desk.broker.check(buy("1"), desk.signal);
    assert.equal(broken.allowed ? "" : broken.code, "journal-unwritable");
  });

  it("hold the position limit for orders on their way, of this process and of others, that no list of open orders shows yet", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-guards-"));
    try {
      const limits = { maxPositionValue: 1000, duplicateWindowSeconds: 0 };
      await using one = await Desk.connected({ home, limits });
      await using other = await Desk.connected({ home, limits, server: one.server });
      const first = await one.checked(buy("6")); // about $600 of $1,000, in the journal and nowhere else
      for (const desk of [one, other]) {
        const refused = await desk.broker.check(buy("5"), desk.signal);
        assert.ok(!refused.allowed && refused.code === "over-limit" && /on their way/.test(refused.message), JSON.stringify(refused));
        await desk.checked(buy("1", { again: true, symbol: "BRK.B" }));
      }
      const small = await other.checked(buy("2"));
      await one.store.journal.settle(small.clientOrderId, { state: "not-sent" }, one.signal);
      await one.store.journal.settle(first.clientOrderId, { state: "not-sent" }, one.signal);
      await other.checked(buy("5"));
      const both = await Promise.all([one, other].map((desk, i) => desk.broker.check(buy(String(3 + i)), desk.signal)));
      assert.equal(both.filter((verdict) => verdict.allowed).length, 1, "of two at once one fits");
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("name a full disk when it is why nothing can be written, and nothing is sent", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-guards-"));
    try {
      await using desk = await Desk.connected({ home });
      // SQLite itself rolls back when the disk is full, as this trigger does.
      const journal = new DatabaseSync(join(home, "quantdesk.sqlite"));
      journal.exec("CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END");
      journal.close();
      await assert.rejects(
        desk.checked(buy("1")).then((checked) => desk.broker.submitOrder(checked, desk.signal)),
        /database or disk is full/,
      );
      assert.deepEqual(desk.server.orders, []);
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("count the orders of the last minute in the journal, whichever process sent them", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-guards-"));
    try {
      await using desk = await Desk.connected({ home, limits: { maxOrdersPerMinute: 2 } });
      await using other = await Desk.connected({ home, server: desk.server, limits: { maxOrdersPerMinute: 2 } });
      await desk.broker.submitOrder(await desk.checked(buy("1")), desk.signal);
      await other.broker.submitOrder(await other.checked(buy("2")), other.signal);
      const third = await desk.broker.check(buy("3"), desk.signal);
      assert.equal(third.allowed ? "" : third.code, "over-limit");
      assert.equal(desk.server.count("POST"), 2);
      assert.deepEqual((await desk.broker.preview(buy("3"), desk.signal)).allowed, true, "a preview counts nothing");
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("hold the tighter of the settings' limits and those of the state folder, from the very next order on", async () => {
    await using desk = await Desk.connected({ limits: { maxOrderValue: 5000 } });
    const limits = { maxOrderValue: 300, maxPositionValue: null, maxOrdersPerMinute: null, maxDailyLoss: null, symbols: [] };
    await desk.store.setLimits("PA1", limits, { origin: "test", why: "earnings week" }, desk.signal);
    const over = await desk.broker.check(buy("4"), desk.signal);
    assert.match(over.allowed ? "" : over.message, /the limit is \$300/);
    await desk.store.setLimits("PA1", { ...limits, maxOrderValue: null, symbols: ["BRK.B"] }, { origin: "test" }, desk.signal);
    const other = await desk.broker.check(buy("4"), desk.signal);
    assert.match(other.allowed ? "" : other.message, /AAPL is not among the symbols/);
    await desk.store.setLimits("PA1", null, { origin: "test" }, desk.signal);
    await desk.checked(buy("4"));
    const rows = await desk.store.audit("PA1", { limit: 10 }, desk.signal);
    assert.deepEqual(
      rows.map((row) => [row.what, row.origin, row.why]),
      [
        ["begun", "test", null],
        ["limits", "test", null],
        ["limits", "test", null],
        ["limits", "test", "earnings week"],
      ],
    );
  });

  it("count what open orders may still buy into the limit on a position, but not the order that is being replaced", async () => {
    await using desk = await Desk.connected({ limits: { maxPositionValue: 500 } });
    const open = await desk.broker.submitOrder(await desk.checked(buy("3", limit("100"))), desk.signal);
    const refused = await desk.broker.check(buy("2", limit("101")), desk.signal);
    assert.ok(!refused.allowed && refused.code === "over-limit" && /\$505\.00, open orders included/.test(refused.message), JSON.stringify(refused));
    const replaced = await desk.broker.replaceOrder(open.id, { qty: new Big(4) }, { origin: "test" }, desk.signal);
    assert.ok(replaced.placed);
    await desk.broker.cancelOrder(replaced.order.id, desk.signal);
    assert.equal((await desk.broker.check(buy("2", limit("101")), desk.signal)).allowed, true);
  });

  const nonsense: ReadonlyArray<readonly [string, OrderIntent, RegExp]> = [
    ["no size", { ...buy("1"), qty: undefined } as never, /quantity or an amount/],
    ["a quantity and an amount", buy("1", { notional: d("5") }), /either/],
    ["a negative quantity", buy("-1"), /quantity is -1/],
    ["ten decimals", buy("0.0000000001"), /more than 9 decimals/],
    ["a limit order without a limit", buy("1", { type: "limit" }), /needs a limit price/],
    ["a market order with a stop", buy("1", { stopPrice: d("1") }), /no stop price/],
    ["exits on the wrong sides", buy("1", { takeProfit: { limitPrice: d("90") }, stopLoss: { stopPrice: d("120") } }), /must be above/],
    ["parts of a share until canceled", buy("0.5", { timeInForce: "gtc" }), /for the day/],
    ["a market order in extended hours", buy("1", { extendedHours: true }), /only limit orders/],
    ["a symbol with a space", buy("1", { symbol: "AA PL" }), /not a symbol/],
  ];
  for (const [name, intent, message] of nonsense) {
    it(`call ${name} bad input and ask the exchange nothing`, async () => {
      await using desk = await Desk.connected();
      const asked = desk.server.requests.length;
      await assert.rejects(desk.broker.check(intent, desk.signal), { code: "bad-order", kind: "usage", message });
      assert.equal(desk.server.requests.length, asked);
    });
  }

  it("round limits against the order and stops away from the market, on the tick of the price", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000_000 }), fc.constantFrom("buy", "sell"), fc.constantFrom("limit", "stop"), (n, side, kind) => {
        const price = new Big(n).div(1e6);
        const rounded = roundToTick(price, side as "buy", kind as "limit");
        const tick = price.gte(1) ? new Big("0.01") : new Big("0.0001");
        assert.ok(rounded.minus(price).abs().lt(tick));
        assert.ok(rounded.mod(rounded.gte(1) ? "0.01" : "0.0001").eq(0));
        if (rounded.gt("0.0001")) assert.ok((side === "buy") === (kind === "limit") ? rounded.lte(price) : rounded.gte(price));
      }),
    );
  });
});

describe("the body of an order", () => {
  it("has plain decimal strings and a class where there are exits", () => {
    const body = orderBody({
      ...buy("0.000000001", {
        type: "limit",
        limitPrice: d("1e2"),
        takeProfit: { limitPrice: d("120") },
        stopLoss: { stopPrice: d("90.50"), limitPrice: d("90") },
      }),
      clientOrderId: "x" as ClientOrderId,
    });
    assert.deepEqual(body, {
      symbol: "AAPL",
      qty: "0.000000001",
      side: "buy",
      type: "limit",
      time_in_force: "day",
      limit_price: "100",
      order_class: "bracket",
      take_profit: { limit_price: "120" },
      stop_loss: { stop_price: "90.5", limit_price: "90" },
      client_order_id: "x",
    });
  });
});
