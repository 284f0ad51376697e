/**
 * Stands for the outside service: a small server that speaks Alpaca's trading protocol over real HTTP and WebSocket
 * connections, and that breaks them where a test says so. The paper exchange has tests of its own and with the broker.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { Endpoint } from "../../../src/core/domain/ports.ts";

export type Fault =
  | "reset-before"
  | "drop-answer"
  /** It is done, and the answer never comes; the connection stays. */
  | "keep-answer"
  /** The same, but the stream tells. */
  | { readonly announceOnly: true }
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** It is done, and this is answered instead, once `after` holds. */
  | { readonly takenAs: unknown; readonly statusAs?: number; readonly after?: () => boolean }
  /** The order is taken, the answer lost, and the order shown only from the n-th look-up on. */
  | { readonly lateBy: number };

export interface WireOrder {
  id: string;
  client_order_id: string;
  symbol: string;
  side: "buy" | "sell";
  type: string;
  order_class: string;
  time_in_force: string;
  status: string;
  qty: string | null;
  notional: string | null;
  filled_qty: string;
  filled_avg_price: string | null;
  limit_price: string | null;
  stop_price: string | null;
  submitted_at: string;
  filled_at: string | null;
  legs: WireOrder[] | null;
  replaces?: string | null;
  replaced_by?: string | null;
}

export class AlpacaServer implements AsyncDisposable {
  readonly orders: WireOrder[] = [];
  readonly requests: string[] = [];
  readonly bodies: string[] = [];
  /** Per "METHOD /path": faults of the next requests, first come first hit. */
  readonly faults = new Map<string, Fault[]>();
  readonly activities: Array<Record<string, string>> = [];
  readonly positions: Array<Record<string, string>> = [];
  corporateActions: Record<string, unknown> = {};
  account: Record<string, unknown> = {
    account_number: "PA1",
    status: "ACTIVE",
    currency: "USD",
    cash: "100000",
    equity: "100000",
    last_equity: "100000",
    buying_power: "200000",
    portfolio_value: "100000",
  };
  quote = { bp: 99.9, ap: 100.1, bs: 3, as: 4, t: new Date().toISOString() };
  now = () => Date.now();
  isOpen = true;
  fillsMarketOrders = false;
  binaryFrames = true;
  connections = 0;
  streamSessions = 0;
  readonly streams = new Set<WebSocket>();
  endpoint!: Endpoint;
  readonly #hidden = new Map<string, number>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ server: this.#server, path: "/stream" });

  static async start(): Promise<AlpacaServer> {
    const server = new AlpacaServer();
    await new Promise<void>((ready) => server.#server.listen(0, "127.0.0.1", ready));
    const { port } = server.#server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    server.endpoint = { mode: "paper", tradingUrl: url, dataUrl: url, streamUrl: `ws://127.0.0.1:${port}/stream`, keyId: "KEY", secretKey: "SECRET-1234" };
    server.#server.on("connection", () => {
      server.connections++;
    });
    server.#sockets.on("connection", (socket) => server.#stream(socket));
    return server;
  }

  fault(route: string, ...faults: Fault[]): void {
    this.faults.set(route, [...(this.faults.get(route) ?? []), ...faults]);
  }

  count(route: string): number {
    return this.requests.filter((request) => request.startsWith(route)).length;
  }

  /** Ends the order and tells the stream. */
  fill(id: string, options: { readonly silently?: boolean } = {}): void {
    const order = this.orders.find((o) => o.id === id) as WireOrder;
    Object.assign(order, { status: "filled", filled_qty: order.qty ?? "1", filled_avg_price: "100.1", filled_at: new Date(this.now()).toISOString() });
    this.#hold(order.symbol, Number(order.qty ?? "1") * (order.side === "buy" ? 1 : -1));
    const executionId = randomUUID();
    this.activities.push({
      id: `20261120150000000::${executionId}`,
      activity_type: "FILL",
      transaction_time: order.filled_at as string,
      type: "fill",
      price: "100.1",
      qty: order.qty ?? "1",
      cum_qty: order.qty ?? "1",
      leaves_qty: "0",
      side: order.side,
      symbol: order.symbol,
      order_id: order.id,
    });
    if (options.silently !== true) this.emit("fill", order, executionId, { price: "100.1", qty: order.qty ?? "1", position_qty: order.qty ?? "1" });
  }

  #hold(symbol: string, change: number): void {
    const at = this.positions.findIndex((position) => position["symbol"] === symbol);
    const qty = Number(this.positions[at]?.["qty"] ?? 0) + change;
    if (at >= 0) this.positions.splice(at, 1);
    if (qty === 0) return;
    const value = String(100 * qty);
    this.positions.push({ symbol, qty: String(qty), side: qty < 0 ? "short" : "long", avg_entry_price: "100", market_value: value, cost_basis: value });
  }

  emit(event: string, order: WireOrder, executionId: string | null, fill: Readonly<Record<string, string>> = {}): void {
    for (const socket of this.streams)
      this.#send(socket, {
        stream: "trade_updates",
        data: { event, execution_id: executionId, timestamp: new Date(this.now()).toISOString(), order, ...fill },
      });
  }

  cutStreams(): void {
    for (const socket of this.streams) socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #stream(socket: WebSocket): void {
    let authorized = false;
    socket.on("close", () => this.streams.delete(socket));
    socket.on("message", (data) => {
      const message = JSON.parse((data as Buffer).toString("utf8")) as { action: string; data: Record<string, unknown> };
      if (message.action === "authenticate") {
        authorized = message.data["key_id"] === this.endpoint.keyId && message.data["secret_key"] === this.endpoint.secretKey;
        return this.#send(socket, { stream: "authorization", data: { status: authorized ? "authorized" : "unauthorized", action: "authenticate" } });
      }
      if (!authorized) return this.#send(socket, { stream: "authorization", data: { status: "unauthorized", action: "listen" } });
      this.streamSessions++;
      this.streams.add(socket);
      this.#send(socket, { stream: "listening", data: { streams: message.data["streams"] } });
    });
  }

  #send(socket: WebSocket, message: unknown): void {
    const text = JSON.stringify(message);
    socket.send(this.binaryFrames ? Buffer.from(text) : text);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(request.url as string, "http://x");
    const route = `${request.method} ${url.pathname}`;
    this.requests.push(`${request.method} ${request.url}`);
    if (text !== "") this.bodies.push(text);
    const fault = this.faults.get(route)?.shift();
    if (fault === "reset-before") {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault !== undefined && typeof fault === "object" && "status" in fault)
      return this.#answer(response, fault.status, fault.body ?? { message: "fault" }, fault.headers);
    const [status, body] =
      request.headers["apca-api-key-id"] === this.endpoint.keyId && request.headers["apca-api-secret-key"] === this.endpoint.secretKey
        ? this.#route(route, url, text)
        : [401, { code: 40110000, message: "request is not authorized" }];
    if (fault === "keep-answer") return;
    if (typeof fault === "object" && "announceOnly" in fault) return this.emit("new", body as WireOrder, randomUUID());
    if (typeof fault === "object" && "takenAs" in fault) {
      while (fault.after?.() === false) await new Promise((turn) => setImmediate(turn));
      return this.#answer(response, fault.statusAs ?? status, fault.takenAs);
    }
    if (fault !== undefined) {
      if (typeof fault === "object") this.#hidden.set((body as WireOrder).client_order_id, fault.lateBy);
      request.socket.destroy();
      return;
    }
    this.#answer(response, status, body);
  }

  #answer(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    response.writeHead(status, { "content-type": "application/json", "x-request-id": "req-1", ...headers });
    response.end(body === undefined ? "" : JSON.stringify(body));
  }

  #route(route: string, url: URL, text: string): [number, unknown] {
    const last = decodeURIComponent(url.pathname.split("/").at(-1) as string);
    const at = (ms: number) => new Date(ms).toISOString();
    if (route === "GET /v2/account") return [200, this.account];
    if (route === "GET /v2/account/activities") {
      const after = Date.parse(url.searchParams.get("after") ?? "1970-01-01");
      const rows = this.activities.filter((row) => Date.parse((row["transaction_time"] ?? row["date"]) as string) > after);
      if (url.searchParams.get("direction") !== "asc") rows.reverse();
      const from = rows.findIndex((row) => row["id"] === url.searchParams.get("page_token")) + 1;
      return [200, rows.slice(from, from + Number(url.searchParams.get("page_size") ?? 100))];
    }
    if (route === "GET /v2/calendar")
      return [
        200,
        [
          { date: "2026-11-25", open: "09:30", close: "16:00", session_open: "0400", session_close: "2000" },
          { date: "2026-11-27", open: "09:30", close: "13:00", session_open: "0400", session_close: "2000" },
        ],
      ];
    if (route === "GET /v2/account/portfolio/history")
      return [200, { timestamp: [1, 2], equity: [null, 101], profit_loss: [null, 1], profit_loss_pct: [null, 0.01], base_value: 100, timeframe: "1D" }];
    if (route === "GET /v2/clock")
      return [200, { timestamp: at(this.now()), is_open: this.isOpen, next_open: at(this.now() + 3_600_000), next_close: at(this.now() + 7_200_000) }];
    if (route === "GET /v2/positions") return [200, this.positions];
    if (route.startsWith("GET /v2/positions/")) {
      const position = this.positions.find((p) => p["symbol"] === last);
      return position === undefined ? [404, { code: 40410000, message: "position does not exist" }] : [200, position];
    }
    if (route.startsWith("GET /v2/assets/")) {
      return last === "AAPL" || last === "BRK.B"
        ? [200, { symbol: last, status: "active", tradable: true, fractionable: last === "AAPL", shortable: last === "AAPL", easy_to_borrow: true }]
        : [404, { code: 40410000, message: `asset not found for ${last}` }];
    }
    if (route === "GET /v2/assets") return [200, ["AAPL", "BRK.B"].map((symbol) => ({ symbol, name: symbol, status: "active", tradable: true }))];
    if (route === "GET /v2/stocks/quotes/latest")
      return [
        200,
        {
          quotes: Object.fromEntries(
            (url.searchParams.get("symbols") ?? "")
              .split(",")
              .filter((s) => s === "AAPL" || s === "BRK.B")
              .map((s) => [s, this.quote]),
          ),
        },
      ];
    if (route === "GET /v1/corporate-actions") return [200, { corporate_actions: this.corporateActions, next_page_token: null }];
    if (route === "GET /v2/orders:by_client_order_id") return this.#byClientId(url.searchParams.get("client_order_id") as string);
    if (route === "GET /v2/orders") return [200, this.#list(url)];
    if (route === "POST /v2/orders") return this.#place(JSON.parse(text) as Record<string, string>);
    if (route === "DELETE /v2/orders")
      return [
        207,
        this.orders
          .filter((o) => o.status === "new")
          .map((o) => {
            o.status = "canceled";
            return { id: o.id, status: 200 };
          }),
      ];
    const order = this.orders.find((o) => o.id === last);
    if (route.startsWith("GET /v2/orders/")) return order === undefined ? [404, { code: 40410000, message: `order not found for ${last}` }] : [200, order];
    if (route.startsWith("PATCH /v2/orders/")) {
      if (order === undefined) return [404, { code: 40410000, message: `order not found for ${last}` }];
      return this.#replace(order, JSON.parse(text) as Record<string, string>);
    }
    if (route.startsWith("DELETE /v2/orders/")) {
      if (order === undefined) return [404, { code: 40410000, message: `order not found for ${last}` }];
      if (order.status !== "new") return [422, { code: 42210000, message: `order is already in "${order.status}" state` }];
      order.status = "canceled";
      this.emit("canceled", order, null);
      return [204, undefined];
    }
    return [404, { code: 40410000, message: "endpoint not found" }];
  }

  #byClientId(id: string): [number, unknown] {
    const hidden = this.#hidden.get(id) ?? 0;
    this.#hidden.set(id, hidden - 1);
    const order = this.orders.find((o) => o.client_order_id === id);
    return order === undefined || hidden > 1 ? [404, { code: 40410000, message: "order not found" }] : [200, order];
  }

  #list(url: URL): readonly WireOrder[] {
    const status = url.searchParams.get("status") ?? "open";
    const after = Date.parse(url.searchParams.get("after") ?? "1970-01-01");
    const until = Date.parse(url.searchParams.get("until") ?? "2999-01-01");
    const isOpen = (o: WireOrder) => o.status === "new" || o.status === "partially_filled";
    return this.orders
      .filter((o) => (status === "all" || (status === "open") === isOpen(o)) && Date.parse(o.submitted_at) > after && Date.parse(o.submitted_at) < until)
      .toSorted((a, b) => Date.parse(b.submitted_at) - Date.parse(a.submitted_at))
      .slice(0, Number(url.searchParams.get("limit") ?? 50));
  }

  #replace(old: WireOrder, change: Record<string, string>): [number, unknown] {
    if (old.status !== "new") return [422, { code: 42210000, message: `order is already in "${old.status}" state` }];
    const next: WireOrder = { ...old, ...change, id: randomUUID(), client_order_id: change["client_order_id"] ?? randomUUID(), replaces: old.id };
    this.orders.push(next);
    old.status = "replaced";
    old.replaced_by = next.id;
    this.emit("replaced", old, randomUUID());
    this.emit("new", next, randomUUID());
    return [200, { ...next }];
  }

  #place(body: Record<string, string>): [number, unknown] {
    if (this.orders.some((o) => o.client_order_id === body["client_order_id"])) return [422, { code: 40010001, message: "client_order_id must be unique" }];
    const order: WireOrder = {
      id: randomUUID(),
      client_order_id: body["client_order_id"] ?? randomUUID(),
      symbol: body["symbol"] as string,
      side: body["side"] as "buy" | "sell",
      type: body["type"] as string,
      order_class: body["order_class"] ?? "",
      time_in_force: body["time_in_force"] as string,
      status: "new",
      qty: body["qty"] ?? null,
      notional: body["notional"] ?? null,
      filled_qty: "0",
      filled_avg_price: null,
      limit_price: body["limit_price"] ?? null,
      stop_price: body["stop_price"] ?? null,
      submitted_at: new Date(this.now()).toISOString(),
      filled_at: null,
      legs: null,
    };
    this.orders.push(order);
    if (this.fillsMarketOrders && order.type === "market") setImmediate(() => this.fill(order.id));
    return [200, { ...order }];
  }
}
