/** quantdesk limits and audit: what an account may do, and who did what on it. */
import type { Command } from "commander";
import type { Big } from "../../core/base/decimal.ts";
import { badInput } from "../../core/base/errors.ts";
import type { AccountLimits, LimitChange } from "../../core/domain/limits.ts";
import type { RiskCeilings } from "../../core/domain/orders.ts";
import { plainAuditEntry } from "../../core/domain/plain.ts";
import type { AuditRow } from "../../core/domain/ports.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { reading, trading } from "../flags.ts";
import { money } from "../format.ts";
import { table } from "../io.ts";
import { positiveDecimal, shortText, someSymbols, wholeNumber } from "../parse.ts";

export function addLimitCommands(program: Command, context: Context): void {
  limitsCommand(program, context);
  auditCommand(program, context);
}

interface LimitFlags extends CommonFlags {
  readonly maxOrderValue?: Big | "none";
  readonly maxPositionValue?: Big | "none";
  readonly maxOrdersPerMinute?: number | "none";
  readonly maxDailyLoss?: Big | "none";
  readonly symbols?: readonly string[];
  readonly clear?: boolean;
  readonly why?: string;
}

const NAMES = ["maxOrderValue", "maxPositionValue", "maxOrdersPerMinute", "maxDailyLoss"] as const;

function limitsCommand(program: Command, context: Context): void {
  const orNone =
    <T>(parse: (text: string) => T) =>
    (text: string) =>
      text === "none" ? text : parse(text);
  trading(program.command("limits").description("Show the account's risk limits, or set them for every window, cell and command on the state folder."))
    .option("--max-order-value <usd>", "largest value of one order, or none", orNone(positiveDecimal("--max-order-value")))
    .option("--max-position-value <usd>", "largest value of one position after an order, or none", orNone(positiveDecimal("--max-position-value")))
    .option("--max-orders-per-minute <n>", "orders a minute, or none", orNone(wholeNumber("--max-orders-per-minute", 0, 100_000)))
    .option("--max-daily-loss <usd>", "loss since the last close from which nothing more is opened, or none", orNone(positiveDecimal("--max-daily-loss")))
    .option("--symbols <a,b>", "symbols that may be traded, or all", symbolsOrAll)
    .option("--clear", "take all of the account's own limits away")
    .option("--why <text>", "the reason, kept in the audit log", shortText("--why"))
    .addHelpText(
      "after",
      "\nThe settings risk.* hold as well: of both, the tighter one. What is not named stays as it is.\nExample: quantdesk limits --max-order-value 2500 --symbols AAPL,MSFT",
    )
    .action((flags: LimitFlags) => {
      const change = changeOf(flags);
      if (flags.clear === true && Object.keys(change).length > 0) throw badInput("bad-usage", "--clear takes all limits away: leave out the others.");
      return withSession(context, flags, async (session) => {
        await connect(context, session);
        const reason = { origin: "cli", ...(flags.why === undefined ? {} : { why: flags.why }) };
        const isChange = flags.clear === true || Object.keys(change).length > 0;
        const limits = isChange ? await session.setLimits(flags.clear === true ? null : change, reason, context.signal) : await session.limits(context.signal);
        if (flags.json === true) context.io.json({ schema: "quantdesk.limits/1", ...limits, changed: isChange, simulated: session.data.simulated });
        else context.io.data(limitsTable(limits));
      });
    });
}

function symbolsOrAll(text: string): readonly string[] {
  return text === "all" ? [] : someSymbols("--symbols", "Write AAPL,MSFT, or all.")(text);
}

function changeOf(flags: LimitFlags): LimitChange {
  const money = (name: "maxOrderValue" | "maxPositionValue" | "maxDailyLoss") => {
    const value = flags[name];
    return value === undefined ? {} : { [name]: value === "none" ? null : value.toNumber() };
  };
  return {
    ...money("maxOrderValue"),
    ...money("maxPositionValue"),
    ...money("maxDailyLoss"),
    ...(flags.maxOrdersPerMinute === undefined ? {} : { maxOrdersPerMinute: flags.maxOrdersPerMinute === "none" ? null : flags.maxOrdersPerMinute }),
    ...(flags.symbols === undefined ? {} : { symbols: flags.symbols }),
  };
}

function limitsTable({ account, own, settings, holds }: AccountLimits): string {
  const cell = (limits: RiskCeilings | null, name: (typeof NAMES)[number]) => {
    const value = limits?.[name] ?? null;
    return value === null ? "–" : name === "maxOrdersPerMinute" ? String(value) : money(value);
  };
  const symbols = (limits: RiskCeilings | null) => (limits === null || limits.symbols.length === 0 ? "all" : limits.symbols.join(" "));
  const rows = NAMES.map((name) => [name, cell(holds, name), cell(own, name), cell(settings, name)]);
  return table([`Limit of ${account}`, "Holds", "Account's own", "Settings risk.*"], [...rows, ["symbols", symbols(holds), symbols(own), symbols(settings)]]);
}

const MOST_LINES = 10_000;

interface AuditFlags extends CommonFlags {
  readonly limit: number;
  readonly before?: number;
  readonly account?: string;
  readonly order?: string;
}

function auditCommand(program: Command, context: Context): void {
  reading(program.command("audit").description("Show the audit log: every order, its end, limits and the kill switch; who, when and why. Newest first."))
    .option("--limit <n>", "so many lines", wholeNumber("--limit", 1, MOST_LINES), 100)
    .option("--before <id>", "the page before this line", wholeNumber("--before", 1))
    .option("--account <number>", "of one account")
    .option("--order <id>", "of one order, by its id or client order id")
    .action((flags: AuditFlags) =>
      withSession(context, flags, async (session) => {
        // Lines of one order may lie far apart.
        const page = { limit: flags.order === undefined ? flags.limit : MOST_LINES, ...(flags.before === undefined ? {} : { before: flags.before }) };
        const rows = await session.store.audit(flags.account ?? null, page, context.signal);
        const wanted =
          flags.order === undefined ? rows : rows.filter((row) => row.orderId === flags.order || row.clientOrderId === flags.order).slice(0, flags.limit);
        if (flags.json === true) context.io.json({ schema: "quantdesk.audit/1", entries: wanted.map(plainAuditEntry) });
        else context.io.data(wanted.length === 0 ? "Nothing yet." : auditTable(wanted));
      }),
    );
}

function auditTable(rows: readonly AuditRow[]): string {
  return table(
    ["When", "Account", "Who", "What", "Order", "Why"],
    rows.map((row) => {
      const { symbol, side, qty, notional } = plainAuditEntry(row).order ?? {};
      const size = typeof qty === "string" ? qty : typeof notional === "string" ? `$${notional} of` : "";
      const words = typeof symbol === "string" && typeof side === "string" ? `${side} ${size} ${symbol}` : (row.orderId ?? row.clientOrderId ?? "");
      return [new Date(row.at).toISOString(), row.account, row.origin, row.what, words, row.why ?? ""];
    }),
  );
}
