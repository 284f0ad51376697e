/** What is already there: replace an order, close positions, stop trading. */
import type { Command } from "commander";
import type { Big } from "../../core/base/decimal.ts";
import { badInput, TradingError } from "../../core/base/errors.ts";
import { withDeadline } from "../../core/base/scope.ts";
import type { Placed, TimeInForce } from "../../core/domain/orders.ts";
import type { Session } from "../../core/session.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { trading } from "../flags.ts";
import { table } from "../io.ts";
import { plainOrder } from "../../core/domain/plain.ts";
import { exchangeId } from "../orderOrigin.ts";
import { oneOf, orderId, positiveDecimal, symbol } from "../parse.ts";
import { orderTable } from "../orderTable.ts";

const REASON = { origin: "cli" } as const;
const CLOSE_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

export function addManageCommands(program: Command, context: Context): void {
  replaceCommand(program, context);
  closeCommand(program, context);
  killSwitchCommand(program, context);
}

interface ReplaceFlags extends CommonFlags {
  readonly qty?: Big;
  readonly limit?: Big;
  readonly stop?: Big;
  readonly trail?: Big;
  readonly tif?: TimeInForce;
}

function replaceCommand(program: Command, context: Context): void {
  trading(program.command("replace <id>").description("Put a changed order in the place of a working one."))
    .option("--qty <n>", "shares", positiveDecimal("--qty"))
    .option("--limit <price>", "limit price", positiveDecimal("--limit"))
    .option("--stop <price>", "stop price", positiveDecimal("--stop"))
    .option("--trail <p>", "trail of a trailing stop", positiveDecimal("--trail"))
    .option("--tif <tif>", "time in force", oneOf("--tif", ["day", "gtc", "opg", "cls", "ioc", "fok"]))
    .action((text: string, flags: ReplaceFlags) => {
      const id = orderId(text);
      const change = {
        ...(flags.qty === undefined ? {} : { qty: flags.qty }),
        ...(flags.limit === undefined ? {} : { limitPrice: flags.limit }),
        ...(flags.stop === undefined ? {} : { stopPrice: flags.stop }),
        ...(flags.trail === undefined ? {} : { trail: flags.trail }),
        ...(flags.tif === undefined ? {} : { timeInForce: flags.tif }),
      };
      if (Object.keys(change).length === 0)
        throw badInput("bad-usage", "replace changes nothing.", "Give at least one of --qty, --limit, --stop, --trail and --tif.");
      return withSession(context, flags, async (session) => {
        await connect(context, session);
        show(context, flags, session, await session.replaceOrder(await exchangeId(session, id, context.signal), change, REASON, context.signal));
      });
    });
}

function closeCommand(program: Command, context: Context): void {
  trading(program.command("close [symbol]").description("Close a position, a part of it, or all of them; orders that bind it are cancelled first."))
    .option("--qty <n>", "so many shares of it", positiveDecimal("--qty"))
    .option("--percent <p>", "so much of it", positiveDecimal("--percent"))
    .option("--all", "every position")
    .action((name: string | undefined, flags: CommonFlags & { qty?: Big; percent?: Big; all?: boolean }) => {
      if ((name === undefined) === (flags.all !== true)) throw badInput("bad-usage", "close takes a symbol or --all.");
      if (flags.qty !== undefined && flags.percent !== undefined) throw badInput("bad-usage", "Give --qty or --percent, not both.");
      if (flags.all === true && (flags.qty !== undefined || flags.percent !== undefined))
        throw badInput("bad-usage", "--all closes whole positions: leave out --qty and --percent.");
      if (flags.percent?.gt(100) === true) throw badInput("bad-number", `--percent is ${flags.percent.toFixed()}, but at most 100 can be closed.`);
      const wanted = name === undefined ? undefined : symbol(name);
      return withSession(context, flags, async (session) => {
        await connect(context, session);
        if (wanted !== undefined) {
          const part = { ...(flags.qty === undefined ? {} : { qty: flags.qty }), ...(flags.percent === undefined ? {} : { percent: flags.percent }) };
          show(
            context,
            flags,
            session,
            await within(context, CLOSE_WITHIN_MS, "Closing the position", (signal) => session.closePosition(wanted, part, REASON, signal)),
          );
          return;
        }
        const closed = await within(context, CLOSE_WITHIN_MS, "Closing the positions", (signal) => session.broker.closeAll(REASON, signal));
        const rows = closed.map(({ symbol: one, result }) =>
          result.placed ? { symbol: one, order: plainOrder(result.order) } : { symbol: one, error: { code: result.code, message: result.message } },
        );
        if (closed.some(({ result }) => !result.placed)) context.exitCode = 1;
        if (flags.json === true) context.io.json({ schema: "quantdesk.close/1", positions: rows, simulated: session.data.simulated });
        else if (closed.length === 0) context.io.data("No positions.");
        else
          context.io.data(
            table(
              ["Symbol", "Result"],
              closed.map(({ symbol: one, result }) => [one, result.placed ? `order ${result.order.id}, ${result.order.status}` : result.message]),
            ),
          );
      });
    });
}

function killSwitchCommand(program: Command, context: Context): void {
  trading(
    program.command("kill-switch <change>").description("Block new orders and cancel the open ones (on), allow them again (off), or show which (status)."),
  )
    .option("--flatten", "with on: close all positions too")
    .action((change: string, flags: CommonFlags & { flatten?: boolean }) => {
      const wanted = oneOf("kill-switch", ["on", "off", "status"])(change);
      if (flags.flatten === true && wanted !== "on") throw badInput("bad-usage", "--flatten goes with kill-switch on.");
      return withSession(context, flags, async (session) => {
        const account = await connect(context, session);
        const number = account.accountNumber;
        if (wanted === "status") {
          const { on, unconfirmed } = await session.broker.getKillSwitch(context.signal);
          const left = unconfirmed.length === 0 ? "" : ` ${unconfirmed.length} orders are not confirmed as cancelled: ${unconfirmed.join(", ")}.`;
          report(
            context,
            flags,
            { account: number, on, cancelled: 0, unconfirmedIds: unconfirmed, simulated: account.simulated },
            on ? `Trading is stopped for ${number}.${left}` : `Trading is allowed for ${number}.`,
          );
          return;
        }
        const result = await within(context, STOP_WITHIN_MS, "The kill switch", (signal) =>
          session.setKillSwitch(wanted, { ...REASON, ...(flags.flatten === true ? { flatten: true } : {}) }, signal),
        );
        if (result.unconfirmed.length > 0) context.exitCode = 1;
        const rest =
          result.unconfirmed.length === 0
            ? ""
            : ` ${result.unconfirmed.length} could not be confirmed: ${result.unconfirmed.map((order) => order.id).join(", ")}.`;
        report(
          context,
          flags,
          {
            account: number,
            on: result.on,
            cancelled: result.canceled,
            unconfirmed: result.unconfirmed.map(plainOrder),
            unconfirmedIds: result.unconfirmed.map((order) => order.id),
            closed: result.closed?.map((one) => one.symbol) ?? null,
            simulated: account.simulated,
          },
          result.on ? `Trading is stopped for ${number}; ${result.canceled} open orders cancelled.${rest}` : `Trading is allowed for ${number}.`,
        );
      });
    });
}

function report(context: Context, flags: CommonFlags, document: object, text: string): void {
  if (flags.json === true) context.io.json({ schema: "quantdesk.kill-switch/1", ...document });
  else context.io.data(text);
}

function show(context: Context, flags: CommonFlags, session: Session, placed: Placed): void {
  if (!placed.placed) throw new TradingError(placed.code, placed.message, { kind: "refused", hint: placed.hint });
  for (const warning of placed.warnings) context.io.say(`${context.io.style("yellow", "Note:")} ${warning}`);
  if (flags.json === true) context.io.json({ schema: "quantdesk.order/1", order: plainOrder(placed.order), simulated: session.data.simulated });
  else context.io.data(orderTable([placed.order]));
}

function within<T>(context: Context, ms: number, what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return withDeadline(what, ms, context.signal, work);
}
