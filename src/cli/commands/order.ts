/** buy and sell */
import type { Command } from "commander";
import type { Big } from "../../core/base/decimal.ts";
import { badInput, TradingError } from "../../core/base/errors.ts";
import { withDeadline } from "../../core/base/scope.ts";
import type { Order, OrderIntent, Side, TimeInForce } from "../../core/domain/orders.ts";
import { intentOf } from "../../core/domain/orderTerms.ts";
import { plainOrder } from "../../core/domain/plain.ts";
import { plainPreview } from "../../core/domain/plainPreview.ts";
import type { Session } from "../../core/session.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { trading } from "../flags.ts";
import { orderTable } from "../orderTable.ts";
import { oneOf, orderId, positiveDecimal, shortText, symbol } from "../parse.ts";
import { previewText } from "../previewText.ts";

const WAIT_FOR_FILL_MS = 60_000;
export const TIFS = ["day", "gtc", "opg", "cls", "ioc", "fok"] as const;
export const TIF_WORDS = "day, gtc (until cancelled), opg (at the open), cls (at the close), ioc (now or not) or fok (all now or nothing)";

export function addOrderCommands(program: Command, context: Context): void {
  orderCommand(program, context, "buy");
  orderCommand(program, context, "sell");
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
  readonly why?: string;
  readonly proposedBy?: string;
}

function orderCommand(program: Command, context: Context, side: Side): void {
  const verb = side === "buy" ? "Buy" : "Sell";
  const command = trading(program.command(`${side} <symbol> [qty]`).description(`${verb} shares; a market order unless a price is given.`))
    .option("--qty <n>", "shares", positiveDecimal("--qty"))
    .option("--notional <usd>", "US dollars instead of shares", positiveDecimal("--notional"))
    .option("--limit <price>", "limit price", positiveDecimal("--limit"))
    .option("--stop <price>", "stop price; with --limit a stop-limit order", positiveDecimal("--stop"))
    .option("--take-profit <price>", "bracket: limit price of the exit with a profit", positiveDecimal("--take-profit"))
    .option("--stop-loss <price>", "bracket: stop price of the exit with a loss", positiveDecimal("--stop-loss"))
    .option("--stop-loss-limit <price>", "limit price of that stop", positiveDecimal("--stop-loss-limit"))
    .option("--trail-percent <p>", "trailing stop, percent", positiveDecimal("--trail-percent"))
    .option("--trail-price <p>", "trailing stop, US dollars", positiveDecimal("--trail-price"))
    .option("--tif <tif>", `time in force: ${TIF_WORDS}`, oneOf("--tif", TIFS), "day")
    .option("--extended-hours", "also before the open and after the close (limit orders)")
    .option("--client-order-id <id>", "your own id; an equal one never places a second order", orderId)
    .option("--again", "send it although an equal order was just sent")
    .option("--dry-run", "show the order preview: cost, limits left, worst days; send nothing")
    .option("--wait", "wait until the order can no longer change, 60 s at most (then exit code 1; the order stays)")
    .option("--why <text>", "your reason; kept in the audit log", shortText("--why"))
    .option("--proposed-by <what>", "run:HASH, analysis:NAME or cell:NOTEBOOK#CELL; kept in the audit log", proposer);
  if (side === "sell") command.option("--short", "allow selling more than is held");
  command.addHelpText(
    "after",
    `\nExamples:\n  quantdesk ${side} AAPL 10 --limit 231.40 --tif gtc\n  quantdesk ${side} AAPL --notional 500 --dry-run\n  quantdesk ${side} AAPL 10 --take-profit 246 --stop-loss 224.10 --wait --json\n\nMoney is only ever given by --notional. Exit code 2: bad input, nothing was done; 3: refused by a guard.`,
  );
  command.action((name: string, qty: string | undefined, flags: OrderFlags) => {
    const intent = readIntent(side, name, qty, flags);
    return withSession(context, flags, async (session) => {
      await connect(context, session);
      if (flags.dryRun === true) return preview(context, session, intent, flags);
      return place(context, session, intent, flags);
    });
  });
}

function proposer(text: string): string {
  if (!/^(run|analysis|agent):\S+$|^cell:\S+#\S+$/.test(text) || text.length > 200)
    throw badInput("bad-usage", `--proposed-by is "${text}".`, "Write it like run:3f9c, analysis:AAPL or cell:research.ipynb#7.");
  return text;
}

function readIntent(side: Side, name: string, positional: string | undefined, flags: OrderFlags): OrderIntent {
  const shares = positional === undefined ? flags.qty : positiveDecimal("The quantity")(positional);
  const amounts = [positional, flags.qty, flags.notional].filter((amount) => amount !== undefined);
  if (amounts.length !== 1) throw badInput("bad-quantity", `${side} needs exactly one of a quantity, --qty and --notional; ${amounts.length} were given.`);
  if (flags.dryRun === true && flags.wait === true) throw badInput("bad-usage", "--dry-run sends nothing, so there is nothing to --wait for.");
  const why = [flags.proposedBy, flags.why].filter((part) => part !== undefined).join(" ");
  const flag = (term: string) => `--${term.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return intentOf(side, symbol(name), { ...flags, qty: shares, ...(why === "" ? { why: undefined } : { why }) }, "cli", flag);
}

async function preview(context: Context, session: Session, intent: OrderIntent, flags: OrderFlags): Promise<void> {
  const previewed = await session.previewOrder(intent, context.signal);
  if (!previewed.allowed) throw new TradingError(previewed.code, previewed.message, { kind: "refused", hint: previewed.hint });
  for (const warning of previewed.preview.warnings) context.io.say(`${context.io.style("yellow", "Note:")} ${warning}`);
  if (flags.json === true) context.io.json({ schema: "quantdesk.order-preview/1", ...plainPreview(previewed.preview) });
  else context.io.data(previewText(previewed.preview));
}

async function place(context: Context, session: Session, intent: OrderIntent, flags: OrderFlags): Promise<void> {
  const placed = await session.placeOrder(intent, context.signal);
  if (!placed.placed) throw new TradingError(placed.code, placed.message, { kind: "refused", hint: placed.hint });
  for (const warning of placed.warnings) context.io.say(`${context.io.style("yellow", "Note:")} ${warning}`);
  const show = (order: Order) => {
    if (flags.json === true) context.io.json({ schema: "quantdesk.order/1", order: plainOrder(order), simulated: session.data.simulated });
    else context.io.data(orderTable([order]));
  };
  if (flags.wait !== true) show(placed.order);
  else await waitForEnd(context, session, placed.order, show);
}

/** Whatever ends the wait, the order is there and is told: who sent it must not have to look for it. */
async function waitForEnd(context: Context, session: Session, placed: Order, show: (order: Order) => void): Promise<void> {
  try {
    show(await withDeadline("Waiting for the order's end", WAIT_FOR_FILL_MS, context.signal, (signal) => session.broker.waitForEnd(placed.id, signal)));
  } catch (error) {
    if (context.signal.aborted) {
      show(placed);
      throw error;
    }
    if (TradingError.from(error, "failed").code !== "timeout") throw error;
    show(await session.broker.getOrder(placed.id, context.signal));
    context.io.say(`${context.io.style("yellow", "Note:")} the order is still open after ${WAIT_FOR_FILL_MS / 1000} s; it stays at the exchange.`);
    context.exitCode = EXIT.failed;
  }
}
