/** A broker against a server, with the real journal in a temporary folder, for one test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBroker } from "../../../src/core/broker/broker.ts";
import type { RiskLimits } from "../../../src/core/broker/guards/limits.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import { systemClock } from "../../../src/core/base/clock.ts";
import { Big } from "../../../src/core/base/decimal.ts";
import { logTo } from "../../../src/core/base/log.ts";
import { openStore } from "../../../src/core/store/store.ts";
import type { Broker, HttpClient, JournalledOrder, Store } from "../../../src/core/domain/ports.ts";
import type { CheckedOrder, OrderIntent } from "../../../src/core/domain/orders.ts";
import { AlpacaServer } from "./alpacaServer.ts";

export const LIMITS: RiskLimits = {
  maxOrderValue: 10_000,
  maxPositionValue: 50_000,
  maxOrdersPerMinute: 30,
  maxDailyLoss: null,
  symbols: [],
  duplicateWindowSeconds: 5,
};

export class Desk implements AsyncDisposable {
  readonly server: AlpacaServer;
  readonly broker: Broker;
  readonly store: Store;
  readonly lines: string[] = [];
  readonly scope = new Scope({ name: "The test" });
  readonly trading: HttpClient;
  readonly #afterwards: Array<() => Promise<void>> = [];

  private constructor(server: AlpacaServer, store: Store, options: DeskOptions) {
    this.server = server;
    this.store = store;
    this.scope.onClose(() => store.close());
    const log = logTo((level, line) => this.lines.push(`${level} ${line}`));
    const client = (origin: string) =>
      createHttpClient({
        origin,
        headers: { "APCA-API-KEY-ID": options.keyId ?? server.endpoint.keyId, "APCA-API-SECRET-KEY": server.endpoint.secretKey },
        connections: 10,
        timeoutMs: options.timeoutMs ?? 5000,
        retries: options.retries ?? 3,
        backoffMs: 1,
        log,
      });
    this.trading = client(server.endpoint.tradingUrl);
    const data = client(server.endpoint.dataUrl);
    this.scope.onClose(() => this.trading.close());
    this.scope.onClose(() => data.close());
    const endpoint = { ...server.endpoint, ...(options.keyId === undefined ? {} : { keyId: options.keyId }) };
    this.broker = createBroker({
      endpoint,
      trading: this.trading,
      data,
      journal: store.journal,
      limits: { ...LIMITS, ...options.limits },
      log,
      clock: systemClock,
      scope: this.scope,
      simulated: true,
      logLocks: true,
      ...(options.askEveryMs === undefined ? {} : { askEveryMs: options.askEveryMs }),
    });
  }

  static async open(options: DeskOptions = {}): Promise<Desk> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), "quantdesk-desk-")));
    const store = await openStore(join(home, "quantdesk.sqlite"), new AbortController().signal);
    const desk = new Desk(options.server ?? (await AlpacaServer.start()), store, options);
    if (options.home === undefined) desk.#afterwards.push(() => rm(home, { recursive: true }));
    if (options.server === undefined) desk.#afterwards.unshift(() => desk.server[Symbol.asyncDispose]());
    return desk;
  }

  static async connected(options: DeskOptions = {}): Promise<Desk> {
    const desk = await Desk.open(options);
    await desk.broker.connect(desk.signal);
    return desk;
  }

  /** What the journal has, oldest first. */
  async entries(): Promise<readonly JournalledOrder[]> {
    return (await this.store.journalledOrders(null, 1000, new AbortController().signal)).toReversed();
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  /** An order that somebody else places, past the broker. */
  async post(body: Readonly<Record<string, string>>): Promise<void> {
    const answer = await this.trading.request({ method: "POST", path: "/v2/orders", body, intent: "order" }, this.signal);
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  }

  /** Checks the intent, which must pass. */
  async checked(intent: OrderIntent = buy("1")): Promise<CheckedOrder> {
    const verdict = await this.broker.check(intent, this.signal);
    if (!verdict.allowed) throw new Error(`refused: ${verdict.code} ${verdict.message}`);
    return verdict.order;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scope.close();
    for (const step of this.#afterwards) await step();
  }
}

interface DeskOptions {
  readonly limits?: Partial<RiskLimits>;
  readonly keyId?: string;
  readonly retries?: number;
  readonly timeoutMs?: number;
  readonly askEveryMs?: number;
  /** A state folder and a server that others use, too; they are left alone. */
  readonly home?: string;
  readonly server?: AlpacaServer;
}

export function buy(qty: string, more: Partial<OrderIntent> = {}): OrderIntent {
  return { symbol: "AAPL", side: "buy", qty: new Big(qty), type: "market", timeInForce: "day", origin: "test", ...more };
}

export function sell(qty: string, more: Partial<OrderIntent> = {}): OrderIntent {
  return buy(qty, { side: "sell", ...more });
}

export function holding(qty: string, available = qty): Record<string, string> {
  return {
    symbol: "AAPL",
    qty,
    qty_available: available,
    side: qty.startsWith("-") ? "short" : "long",
    avg_entry_price: "90",
    current_price: "100",
    market_value: String(100 * Number(qty)),
    cost_basis: String(90 * Number(qty)),
    unrealized_pl: "10",
  };
}
