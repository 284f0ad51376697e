/** A broker against a server, with a journal in memory, for one test. */
import { createBroker } from "../../../src/core/broker/broker.ts";
import type { RiskLimits } from "../../../src/core/broker/guards/limits.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import { systemClock } from "../../../src/core/base/clock.ts";
import { Big } from "../../../src/core/base/decimal.ts";
import { logTo } from "../../../src/core/base/log.ts";
import type { Broker, HttpClient, JournalEntry, OrderJournal } from "../../../src/core/domain/ports.ts";
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

/** The journal port, kept in memory; the store's own has its tests in its room. */
export class MemoryJournal implements OrderJournal {
  readonly entries: Array<JournalEntry & { state: string; orderId?: string; reason?: string }> = [];
  killed = false;
  broken = false;

  async begin(entry: JournalEntry, windowMs: number, again: boolean): Promise<"written" | "duplicate" | "killed"> {
    if (this.broken) throw new Error("disk full");
    if (this.killed) return "killed";
    const equal = this.entries.some(
      (e) => e.fingerprint === entry.fingerprint && entry.at - e.at < windowMs && (e.state === "begun" || e.state === "sent" || e.state === "unknown"),
    );
    if ((equal && !again) || this.entries.some((e) => e.clientOrderId === entry.clientOrderId)) return "duplicate";
    this.entries.push({ ...entry, state: "begun" });
    return "written";
  }

  async settle(clientOrderId: string, outcome: { readonly state: string; readonly orderId?: string; readonly reason?: string }): Promise<void> {
    Object.assign(this.entries.find((e) => e.clientOrderId === clientOrderId) as object, outcome);
  }
}

export class Desk implements AsyncDisposable {
  readonly server: AlpacaServer;
  readonly broker: Broker;
  readonly journal = new MemoryJournal();
  readonly lines: string[] = [];
  readonly scope = new Scope({ name: "The test" });
  readonly trading: HttpClient;

  private constructor(server: AlpacaServer, options: DeskOptions) {
    this.server = server;
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
      journal: this.journal,
      limits: { ...LIMITS, ...options.limits },
      log,
      clock: systemClock,
      scope: this.scope,
      simulated: true,
    });
  }

  static async open(options: DeskOptions = {}): Promise<Desk> {
    return new Desk(await AlpacaServer.start(), options);
  }

  static async connected(options: DeskOptions = {}): Promise<Desk> {
    const desk = await Desk.open(options);
    await desk.broker.connect(desk.signal);
    return desk;
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  /** Checks the intent, which must pass. */
  async checked(intent: OrderIntent = buy("1")): Promise<CheckedOrder> {
    const verdict = await this.broker.check(intent, this.signal);
    if (!verdict.allowed) throw new Error(`refused: ${verdict.code} ${verdict.message}`);
    return verdict.order;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scope.close();
    await this.server[Symbol.asyncDispose]();
  }
}

interface DeskOptions {
  readonly limits?: Partial<RiskLimits>;
  readonly keyId?: string;
  readonly retries?: number;
  readonly timeoutMs?: number;
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
