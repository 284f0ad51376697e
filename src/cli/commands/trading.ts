/** Looking at accounts and orders, and cancelling: connect, account, portfolio, positions, orders, order, price, cancel. */
import type { Command } from "commander";
import { badInput } from "../../core/base/errors.ts";
import type { Account, Position } from "../../core/domain/orders.ts";
import type { Session } from "../../core/session.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { money } from "../format.ts";
import { table } from "../io.ts";
import { plainAccount, plainOrder, plainPosition, plainQuote } from "../../core/domain/plain.ts";
import { oneOf, orderId, symbol } from "../parse.ts";
import { trading } from "../flags.ts";
import { exchangeId, sentBy } from "../orderOrigin.ts";
import { orderTable } from "../orderTable.ts";

export function addTradingCommands(program: Command, context: Context): void {
  const { io } = context;
  /** "stale" while the order stream is down: what is shown was read just now, but nothing follows it. */
  const connectionOf = (session: Session) => session.status().connection;
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
        () => accountTable(account),
      );
    }),
  );
  trading(program.command("portfolio").description("Show the account with its positions.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const account = await connect(context, session);
      const positions = await session.broker.getPositions(context.signal);
      asked(
        flags,
        () => ({
          schema: "quantdesk.portfolio/1",
          account: plainAccount(account),
          positions: positions.map(plainPosition),
          connection: connectionOf(session),
          simulated: account.simulated,
        }),
        () => `${accountTable(account)}\n\n${positionTable(positions)}`,
      );
    }),
  );
  trading(program.command("positions").description("Show what is held.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const account = await connect(context, session);
      const positions = await session.broker.getPositions(context.signal);
      asked(
        flags,
        () => ({ schema: "quantdesk.positions/1", positions: positions.map(plainPosition), connection: connectionOf(session), simulated: account.simulated }),
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
        const sent = await sentBy(session, context.signal);
        asked(
          flags,
          () => ({
            schema: "quantdesk.orders/1",
            orders: orders.map((order) => ({ ...plainOrder(order), ...sent(order) })),
            connection: connectionOf(session),
            simulated: session.data.simulated,
          }),
          () => orderTable(orders, (order) => sent(order).origin ?? (order.external === true ? "elsewhere" : "–")),
        );
      }),
    );
  trading(program.command("order <id>").description("Show one order, by its id or client order id.")).action((text: string, flags: CommonFlags) => {
    const id = orderId(text);
    return withSession(context, flags, async (session) => {
      await connect(context, session);
      const order = await session.broker.getOrder(await exchangeId(session, id, context.signal), context.signal);
      const { origin, why } = (await sentBy(session, context.signal))(order);
      asked(
        flags,
        () => ({ schema: "quantdesk.order/1", order: { ...plainOrder(order), origin, why }, simulated: session.data.simulated }),
        () => `${orderTable([order], () => origin ?? (order.external === true ? "elsewhere" : "–"))}${why === null ? "" : `\n\nWhy: ${why}`}`,
      );
    });
  });
  trading(program.command("price <symbol>").description("Show the latest quote.")).action((name: string, flags: CommonFlags) => {
    const wanted = symbol(name);
    return withSession(context, flags, async (session) => {
      await connect(context, session);
      const quote = await session.broker.getCurrentPrice(wanted, context.signal);
      asked(
        flags,
        () => ({ schema: "quantdesk.price/1", ...plainQuote(quote), simulated: session.data.simulated }),
        () => `${quote.symbol}  bid ${money(quote.bid)}  ask ${money(quote.ask)}`,
      );
    });
  });
  trading(program.command("cancel [id]").description("Cancel one order, or all open ones."))
    .option("--all", "all open orders")
    .action((id: string | undefined, flags: CommonFlags & { all?: boolean }) => {
      if ((id === undefined) === (flags.all !== true)) throw badInput("bad-usage", "cancel takes an order id or --all.");
      const wanted = id === undefined ? undefined : orderId(id);
      return withSession(context, flags, async (session) => {
        await connect(context, session);
        if (wanted !== undefined) {
          const order = await session.broker.cancelOrder(await exchangeId(session, wanted, context.signal), context.signal);
          asked(
            flags,
            () => ({ schema: "quantdesk.order/1", order: plainOrder(order), simulated: session.data.simulated }),
            () => orderTable([order]),
          );
          return;
        }
        const cancelled = await session.broker.cancelAll(context.signal);
        asked(
          flags,
          () => ({ schema: "quantdesk.cancel/1", cancelled, simulated: session.data.simulated }),
          () => (cancelled === 1 ? "1 order is being cancelled." : `${cancelled} orders are being cancelled.`),
        );
      });
    });
}

function accountTable(account: Account): string {
  return table(
    ["Account", account.accountNumber],
    [
      ["Status", account.status],
      ["Equity", money(account.equity)],
      ["Since the last close", money(account.equity.minus(account.lastEquity))],
      ["Cash", money(account.cash)],
      ["Buying power", money(account.buyingPower)],
    ],
  );
}

function positionTable(positions: readonly Position[]): string {
  if (positions.length === 0) return "No positions.";
  return table(
    ["Symbol", "Qty", "Average price", "Price", "Value", "Profit"],
    positions.map((p) => [p.symbol, p.qty.toFixed(), money(p.avgEntryPrice), money(p.currentPrice), money(p.marketValue), money(p.unrealizedPl)]),
  );
}
