/** quantdesk runs [HASH]: the trial ledger, and one run with everything needed to run it again. */
import type { Command } from "commander";
import { ADJUSTMENTS } from "../../core/domain/bars.ts";
import { badInput } from "../../core/base/errors.ts";
import { canonicalJson } from "../../core/base/canonical.ts";
import type { RunRecord, RunRow } from "../../core/domain/ports.ts";
import type { BacktestSpec } from "../../core/session.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { common } from "../flags.ts";
import { duration, fixed, paramsText, percent } from "../format.ts";
import { table } from "../io.ts";
import { oneOf, wholeNumber } from "../parse.ts";

interface RunsFlags extends CommonFlags {
  readonly limit: number;
  readonly offset: number;
  readonly strategy?: string;
  readonly data?: string;
  readonly front?: string;
  readonly sort: "recent" | "sharpe";
}

export function addRunsCommand(program: Command, context: Context): void {
  common(program.command("runs [hash]").description("Show the trial ledger, newest first; with the beginning of a run's hash, all that is known of it."))
    .option("--limit <n>", "how many", wholeNumber("--limit", 1, 10_000), 50)
    .option("--offset <n>", "leave out so many before them", wholeNumber("--offset", 0, 1e9), 0)
    .option("--strategy <name>", "only of this strategy")
    .option("--data <name>", "only on this data set: its name or its hash")
    .option("--front <name>", "only from there: cli, kernel, extension, demo, sweep, walk-forward")
    .option("--sort <by>", "recent, or sharpe for the highest first", oneOf("--sort", ["recent", "sharpe"]), "recent")
    .action((hash: string | undefined, flags: RunsFlags) => (hash === undefined ? list(context, flags) : one(context, flags, hash)));
}

function list(context: Context, flags: RunsFlags): Promise<void> {
  return withSession(context, flags, async (session) => {
    const { limit, offset, sort, strategy, data, front } = flags;
    const given = Object.fromEntries(Object.entries({ strategy, data, front }).filter(([, value]) => value !== undefined));
    const rows = await session.store.runs({ limit, offset, sort, ...given }, context.signal);
    if (flags.json === true) {
      const { statistics } = await session.store.dashboard(null, context.signal);
      context.io.json({ schema: "quantdesk.runs/1", results: statistics.results, trials: statistics.trials, runs: rows.map(plainRow) });
      return;
    }
    context.io.data(
      rows.length === 0
        ? "No runs."
        : table(
            ["When", "Run", "From", "Strategy", "Parameters", "Data", "Trials", "Sharpe", "Return"],
            rows.map((row) => [
              new Date(row.at).toISOString().slice(0, 19),
              row.runHash.slice(0, 12),
              row.origin ?? row.front,
              row.strategy,
              wordsOf(row),
              row.dataset + (row.simulated ? " SIMULATED" : ""),
              String(row.trials ?? 1),
              fixed(row.sharpe),
              percent(row.totalReturnPct),
            ]),
          ),
    );
  });
}

function one(context: Context, flags: RunsFlags, hash: string): Promise<void> {
  if (!/^[0-9a-f]{6,64}$/.test(hash))
    throw badInput("bad-hash", `"${hash}" is no beginning of a run's hash.`, "Give at least 6 of its digits; quantdesk runs shows 12.");
  return withSession(context, flags, async (session) => {
    const records = await session.store.runsByHash(hash, context.signal);
    const [record] = records;
    if (record === undefined) throw badInput("unknown-run", `The ledger has no run ${hash}.`, "quantdesk runs lists them.");
    const others = new Set(records.map(({ runHash }) => runHash));
    if (others.size > 1) throw badInput("ambiguous-run", `${hash} begins the hashes of ${others.size} runs.`, "Give more of its digits.");
    const orders = (await session.store.journalledOrders(null, MOST_ORDERS, context.signal)).filter(
      (order) => order.why?.startsWith(`run:`) === true && isOf(order.why, record.runHash),
    );
    const again = againCommand(record);
    if (flags.json === true) {
      context.io.json({
        schema: "quantdesk.run/1",
        ...plainRow(record),
        details: record.details,
        again,
        times: records.map(({ at, front, origin, trials = 1 }) => ({ at: new Date(at).toISOString(), front, origin: origin ?? null, trials })),
        orders: orders.map(({ clientOrderId, orderId, account, at, status, why }) => ({
          clientOrderId,
          orderId,
          account,
          at: new Date(at).toISOString(),
          status,
          why,
        })),
      });
      return;
    }
    context.io.data(
      table(
        ["Run", record.runHash],
        [
          ["When", records.map(({ at, front, origin }) => `${new Date(at).toISOString().slice(0, 19)} (${origin ?? front})`).join(", ")],
          ["Strategy", `${record.strategy}${record.codeHash === undefined ? "" : `, code ${record.codeHash.slice(0, 12)}`}`],
          ["Parameters", wordsOf(record)],
          ["Data", `${record.dataset}, ${record.datasetHash.slice(0, 12)}${record.simulated ? ", SIMULATED" : ""}`],
          ["Sharpe", fixed(record.sharpe)],
          ["Return", percent(record.totalReturnPct)],
          ["Worst fall", percent(record.maxDrawdownPct === 0 ? 0 : -record.maxDrawdownPct)],
          ["Trades", String(record.trades)],
          ["Took", duration(record.durationMs)],
          ["Orders", orders.length === 0 ? "none" : orders.map(({ clientOrderId, status }) => `${clientOrderId} (${status ?? "unknown"})`).join(", ")],
          ["Again", again ?? "not known: it was run by an older version"],
        ],
      ),
    );
  });
}

const MOST_ORDERS = 10_000;

function isOf(why: string, runHash: string): boolean {
  const id = /^run:(\S+)/.exec(why)?.[1] ?? "";
  return id.length >= 6 && runHash.startsWith(id);
}

function plainRow({ at, params, trials = 1, ...row }: RunRow): object {
  const { details: _apart, ...rest } = row as RunRecord;
  return { ...rest, trials, at: new Date(at).toISOString(), params: JSON.parse(params) as object };
}

function wordsOf({ params }: RunRow): string {
  return paramsText(JSON.parse(params) as Record<string, number>);
}

/** The command that gives the same result; null when the ledger does not know how it was asked for. */
export function againCommand({ details }: Pick<RunRecord, "details">): string | null {
  if (details === null) return null;
  const { request } = details;
  const {
    data,
    strategy,
    params: _filledIn,
    equity: _shown,
    origin: _who,
    sizing: _text,
    fresh: _how,
    ...spec
  } = details.spec as BacktestSpec & Record<string, unknown>;
  const strategyRef = request.strategy.kind === "file" ? request.strategy.path : strategy;
  const values: Record<string, unknown> = {
    data,
    strategy: strategyRef,
    params: Object.entries(request.params)
      .map(([name, value]) => `${name}=${value}`)
      .join(","),
    ...spec,
    // A setting or flag, and of symbols only.
    adjustment: (ADJUSTMENTS as readonly string[]).includes(details.dataset.adjustment) ? details.dataset.adjustment : undefined,
    feeRate: request.costs.feeRate,
    slippageBps: request.costs.slippageBps,
    cash: request.cash,
    fill: request.fill,
    engine: request.engine,
    sizing:
      "units" in request.sizing ? `fixed:${request.sizing.units}` : "percent" in request.sizing ? `percent:${request.sizing.percent}` : request.sizing.kind,
  };
  const flags = Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== "" && value !== false)
    .map(([name, value]) => {
      const flag =
        name === "timeZone" ? "--tz" : name === "checkLookAhead" ? "--check-lookahead" : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      return value === true ? flag : `${flag} ${quoted(typeof value === "string" ? value : canonicalJson(value))}`;
    });
  return `quantdesk ${details.kind} ${flags.join(" ")}`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
