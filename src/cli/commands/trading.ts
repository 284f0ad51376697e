/** Accounts and orders: connect, account, portfolio, positions, orders, price, buy, sell, cancel. */
import type { Command } from "commander";
import type { Big } from "../../core/base/decimal.ts";
import { badInput, TradingError } from "../../core/base/errors.ts";
import { withDeadline } from "../../core/base/scope.ts";
import type { Order, OrderIntent, OrderType, Position, Side, TimeInForce, ClientOrderId } from "../../core/domain/orders.ts";
import type { Session } from "../../core/session.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { money } from "../format.ts";
import { table } from "../io.ts";
import { plainAccount, plainOrder, plainPosition, plainQuote } from "../../core/domain/plain.ts";
import { oneOf, positiveDecimal, symbol } from "../parse.ts";
import { trading } from "../flags.ts";

const WAIT_FOR_FILL_MS = 60_000;

export function addTradingCommands(program: Command, context: Context): void {
  const { io } = context;
  const asked = (flags: CommonFlags, document: () => object, text: () => string) => {
    if (flags.json === true) io.json(document());
    else io.data(text());
  };

  trading(program.command("connect").description("Connect to the exchange and show the account.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const account = await connect(context, session);
      asked(
        flags,
        () => ({ schema: "quantdesk.account/1", ...plainAccount(account) }),
        () => `Connected to ${account.accountNumber}.`,
      );
    }),
  );
  trading(program.command("disconnect").description("Nothing to do from a terminal: each command ends its own connection.")).action((flags: CommonFlags) => {
    asked(
      flags,
      () => ({ schema: "quantdesk.disconnect/1", connected: false }),
      () => "Not connected. Each command ends its own connection.",
    );
  });
  trading(program.command("account").description("Show cash, equity and buying power.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const account = await connect(context, session);
      asked(
        flags,
        () => ({ schema: "quantdesk.account/1", ...plainAccount(account) }),
        () =>
          table(
            ["Account", account.accountNumber],
            [
              ["Status", account.status],
              ["Equity", money(account.equity)],
              ["Cash", money(account.cash)],
              ["Buying power", money(account.buyingPower)],
            ],
          ),
      );
    }),
  );
  trading(program.command("portfolio").description("Show the account with its positions.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const account = await connect(context, session);
      const positions = await session.broker.getPositions(context.signal);
      asked(
        flags,
        () => ({ schema: "quantdesk.portfolio/1", account: plainAccount(account), positions: positions.map(plainPosition) }),
        () => positionTable(positions),
      );
    }),
  );
  trading(program.command("positions").description("Show what is held.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      await connect(context, session);
      const positions = await session.broker.getPositions(context.signal);
      asked(
        flags,
        () => ({ schema: "quantdesk.positions/1", positions: positions.map(plainPosition) }),
        () => positionTable(positions),
      );
    }),
  );
  trading(program.command("orders").description("List orders, newest first."))
    .option("--status <which>", "open, closed or all", oneOf("--status", ["open", "closed", "all"]), "open")
    .action((flags: CommonFlags & { status: "open" | "closed" | "all" }) =>
      withSession(context, flags, async (session) => {
        await connect(context, session);
        const orders = await session.broker.getOrders({ status: flags.status }, context.signal);
        asked(
          flags,
          () => ({ schema: "quantdesk.orders/1", orders: orders.map(plainOrder) }),
          () => orderTable(orders),
        );
      }),
    );
  trading(program.command("order <id>").description("Show one order.")).action((id: string, flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      await connect(context, session);
      const order = await session.broker.getOrder(id, context.signal);
      asked(
        flags,
        () => ({ schema: "quantdesk.order/1", order: plainOrder(order) }),
        () => orderTable([order]),
      );
    }),
  );
  trading(program.command("price <symbol>").description("Show the latest quote.")).action((name: string, flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      await connect(context, session);
      const quote = await session.broker.getCurrentPrice(symbol(name), context.signal);
      asked(
        flags,
        () => ({ schema: "quantdesk.price/1", ...plainQuote(quote), simulated: session.data.simulated }),
        () => `${quote.symbol}  bid ${money(quote.bid)}  ask ${money(quote.ask)}`,
      );
    }),
  );
  orderCommand(program, context, "buy");
  orderCommand(program, context, "sell");
  trading(program.command("cancel [id]").description("Cancel one order, or all open ones."))
    .option("--all", "all open orders")
    .action((id: string | undefined, flags: CommonFlags & { all?: boolean }) => {
      if ((id === undefined) === (flags.all !== true)) throw badInput("bad-usage", "cancel takes an order id or --all.");
      return withSession(context, flags, async (session) => {
        await connect(context, session);
        if (id !== undefined) {
          const order = await session.broker.cancelOrder(id, context.signal);
          asked(
            flags,
            () => ({ schema: "quantdesk.order/1", order: plainOrder(order) }),
            () => orderTable([order]),
          );
          return;
        }
        const cancelled = await session.broker.cancelAll(context.signal);
        asked(
          flags,
          () => ({ schema: "quantdesk.cancel/1", cancelled }),
          () => `${cancelled} orders are being cancelled.`,
        );
      });
    });
}

interface OrderFlags extends CommonFlags {
  readonly qty?: Big;
  readonly notional?: Big;
  readonly limit?: Big;
  readonly stop?: Big;
  readonly takeProfit?: Big;
  readonly stopLoss?: Big;
  readonly stopLossLimit?: Big;
  readonly trailPercent?: Big;
  readonly trailPrice?: Big;
  readonly tif: TimeInForce;
  readonly extendedHours?: boolean;
  readonly clientOrderId?: string;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly short?: boolean;
}

function orderCommand(program: Command, context: Context, side: Side): void {
  const command = trading(
    program.command(`${side} <symbol> [qty]`).description(`${side === "buy" ? "Buy" : "Sell"} shares; market order unless a price is given.`),
  )
    .option("--qty <n>", "shares", positiveDecimal("--qty"))
    .option("--notional <usd>", "US dollars instead of shares", positiveDecimal("--notional"))
    .option("--limit <price>", "limit price", positiveDecimal("--limit"))
    .option("--stop <price>", "stop price", positiveDecimal("--stop"))
    .option("--take-profit <price>", "bracket: limit price of the exit with a profit", positiveDecimal("--take-profit"))
    .option("--stop-loss <price>", "bracket: stop price of the exit with a loss", positiveDecimal("--stop-loss"))
    .option("--stop-loss-limit <price>", "limit price of that stop", positiveDecimal("--stop-loss-limit"))
    .option("--trail-percent <p>", "trailing stop, percent", positiveDecimal("--trail-percent"))
    .option("--trail-price <p>", "trailing stop, US dollars", positiveDecimal("--trail-price"))
    .option("--tif <tif>", "time in force", oneOf("--tif", ["day", "gtc", "opg", "cls", "ioc", "fok"]), "day")
    .option("--extended-hours", "also before the open and after the close")
    .option("--client-order-id <id>", "your own id; an equal one never places a second order")
    .option("--again", "send it although an equal order was just sent")
    .option("--dry-run", "show what would be sent, send nothing")
    .option("--wait", "wait until the order can no longer change");
  if (side === "sell") command.option("--short", "allow selling more than is held");
  command.action((name: string, qty: string | undefined, flags: OrderFlags) => {
    const intent = readIntent(side, name, qty, flags);
    return withSession(context, flags, async (session) => {
      await connect(context, session);
      if (flags.dryRun === true) return preview(context, session, intent, flags);
      return place(context, session, intent, flags);
    });
  });
}

function readIntent(side: Side, name: string, positional: string | undefined, flags: OrderFlags): OrderIntent {
  const shares = positional === undefined ? flags.qty : positiveDecimal("The quantity")(positional);
  const amounts = [positional, flags.qty, flags.notional].filter((amount) => amount !== undefined);
  if (amounts.length !== 1) throw badInput("bad-quantity", `${side} needs exactly one of a quantity, --qty and --notional; ${amounts.length} were given.`);
  const trails = flags.trailPercent !== undefined || flags.trailPrice !== undefined;
  if (flags.trailPercent !== undefined && flags.trailPrice !== undefined) throw badInput("bad-usage", "Give --trail-percent or --trail-price, not both.");
  if (trails && (flags.limit !== undefined || flags.stop !== undefined)) throw badInput("bad-usage", "A trailing stop takes neither --limit nor --stop.");
  if (flags.stopLossLimit !== undefined && flags.stopLoss === undefined) throw badInput("bad-usage", "--stop-loss-limit needs --stop-loss.");
  const type: OrderType = trails
    ? "trailing_stop"
    : flags.limit !== undefined
      ? flags.stop !== undefined
        ? "stop_limit"
        : "limit"
      : flags.stop !== undefined
        ? "stop"
        : "market";
  const exits = [flags.takeProfit, flags.stopLoss].filter((price) => price !== undefined).length;
  return {
    symbol: symbol(name),
    side,
    type,
    timeInForce: flags.tif,
    orderClass: exits === 2 ? "bracket" : exits === 1 ? "oto" : "simple",
    origin: "cli",
    ...(shares === undefined ? {} : { qty: shares }),
    ...(flags.notional === undefined ? {} : { notional: flags.notional }),
    ...(flags.limit === undefined ? {} : { limitPrice: flags.limit }),
    ...(flags.stop === undefined ? {} : { stopPrice: flags.stop }),
    ...(flags.trailPrice === undefined ? {} : { trailPrice: flags.trailPrice }),
    ...(flags.trailPercent === undefined ? {} : { trailPercent: flags.trailPercent }),
    ...(flags.takeProfit === undefined ? {} : { takeProfit: { limitPrice: flags.takeProfit } }),
    ...(flags.stopLoss === undefined
      ? {}
      : { stopLoss: { stopPrice: flags.stopLoss, ...(flags.stopLossLimit === undefined ? {} : { limitPrice: flags.stopLossLimit }) } }),
    ...(flags.extendedHours === true ? { extendedHours: true } : {}),
    ...(flags.clientOrderId === undefined ? {} : { clientOrderId: flags.clientOrderId as ClientOrderId }),
    ...(flags.again === true ? { again: true } : {}),
    ...(flags.short === true ? { allowShort: true } : {}),
  };
}

async function preview(context: Context, session: Session, intent: OrderIntent, flags: OrderFlags): Promise<void> {
  const previewed = await session.broker.preview(intent, context.signal);
  if (!previewed.allowed) throw new TradingError(previewed.code, previewed.message, { kind: "refused", hint: previewed.hint });
  const document = {
    schema: "quantdesk.order-preview/1",
    sent: false,
    symbol: intent.symbol,
    side: intent.side,
    type: intent.type,
    qty: intent.qty?.toFixed() ?? null,
    notional: intent.notional?.toFixed() ?? null,
    estimatedPrice: previewed.price?.toFixed(2) ?? null,
    estimatedValue: previewed.value?.toFixed(2) ?? null,
    buyingPower: previewed.buyingPower.toFixed(),
    warnings: previewed.warnings,
    mode: session.broker.mode,
    simulated: session.data.simulated,
  };
  for (const warning of previewed.warnings) context.io.say(`${context.io.style("yellow", "Note:")} ${warning}`);
  if (flags.json === true) context.io.json(document);
  else
    context.io.data(
      `Would ${intent.side} ${intent.qty?.toFixed() ?? money(intent.notional ?? null)} ${intent.symbol} (${intent.type}) at about ${money(previewed.price)}, ${money(previewed.value)} in all. Nothing was sent.`,
    );
}

async function place(context: Context, session: Session, intent: OrderIntent, flags: OrderFlags): Promise<void> {
  const placed = await session.placeOrder(intent, context.signal);
  if (!placed.placed) throw new TradingError(placed.code, placed.message, { kind: "refused", hint: placed.hint });
  for (const warning of placed.warnings) context.io.say(`${context.io.style("yellow", "Note:")} ${warning}`);
  const order =
    flags.wait === true
      ? await withDeadline("Waiting for the order's end", WAIT_FOR_FILL_MS, context.signal, (signal) => session.broker.waitForEnd(placed.order.id, signal))
      : placed.order;
  if (flags.json === true) context.io.json({ schema: "quantdesk.order/1", order: plainOrder(order), simulated: session.data.simulated });
  else context.io.data(orderTable([order]));
}

function positionTable(positions: readonly Position[]): string {
  if (positions.length === 0) return "No positions.";
  return table(
    ["Symbol", "Qty", "Average price", "Price", "Value", "Profit"],
    positions.map((p) => [p.symbol, p.qty.toFixed(), money(p.avgEntryPrice), money(p.currentPrice), money(p.marketValue), money(p.unrealizedPl)]),
  );
}

export function orderTable(orders: readonly Order[]): string {
  if (orders.length === 0) return "No orders.";
  return table(
    ["Order", "Symbol", "Side", "Type", "Qty", "Status", "Filled", "Price"],
    orders.map((o) => [
      o.id,
      o.symbol,
      o.side,
      o.orderClass === "simple" ? o.type : `${o.type} (${o.orderClass})`,
      o.qty?.toFixed() ?? money(o.notional),
      o.status,
      o.filledQty.toFixed(),
      money(o.filledAvgPrice),
    ]),
  );
}
