/** quantdesk gap --from D --to D */
import type { Command } from "commander";
import { Big } from "../../core/base/decimal.ts";
import { badInput } from "../../core/base/errors.ts";
import { GAP_PARTS } from "../../core/domain/gap.ts";
import type { GapReport } from "../../core/session.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { reading } from "../flags.ts";
import { money } from "../format.ts";
import { table } from "../io.ts";

interface GapFlags extends CommonFlags {
  readonly from?: string;
  readonly to?: string;
  readonly run?: string;
}

export function addGapCommand(program: Command, context: Context): void {
  reading(program.command("gap").description("Split the difference between days of trading and the backtest of the same days into its causes."))
    .option("--from <date>", "first day, New York")
    .option("--to <date>", "last day")
    .option(
      "--run <hash>",
      "hold all fills of these days against this run; otherwise the run that each order names (--proposed-by run:HASH), else the newest of its symbol before it",
    )
    .action((flags: GapFlags) => {
      const { from, to, run } = flags;
      if (from === undefined || to === undefined) throw badInput("bad-usage", "gap needs --from and --to.", "For example --from 2026-11-02 --to 2026-11-06.");
      if (run !== undefined && !/^[0-9a-f]{6,64}$/.test(run))
        throw badInput("bad-hash", `--run is "${run}", which is no beginning of a run's hash.`, "quantdesk runs shows them.");
      return withSession(context, flags, async (session) => {
        const report = await session.gap({ from, to, ...(run === undefined ? {} : { run }) }, context.signal);
        if (flags.json === true) context.io.json(report);
        else print(context, report);
      });
    });
}

const WORDS = { code: "Code change", data: "Data", missed: "Missed fills", timing: "Timing", slippage: "Slippage", fees: "Fees" } as const;

function print({ io }: Context, report: GapReport): void {
  for (const { account, symbol, fills } of report.unattributed)
    io.say(
      `${io.style("yellow", "Note:")} ${fills === 1 ? "1 fill" : `${fills} fills`} of ${symbol} in account ${account}: no backtest to hold against; in no sum.`,
    );
  const dollars = (text: string) => money(new Big(text));
  for (const run of report.runs) {
    io.say(`${report.simulated ? "SIMULATED " : ""}${run.strategy} on ${run.symbol}, run ${run.runHash.slice(0, 12)}, account ${run.account}`);
    for (const note of run.notes) io.say(`${io.style("yellow", "Note:")} ${note}`);
    io.data(
      table(
        ["Day", "Backtest", "Actual", "Difference", ...GAP_PARTS.map((part) => WORDS[part])],
        [...run.days.map((day) => [day.date, day] as const), ["All", run] as const].map(([name, line]) => [
          name,
          dollars(line.backtest),
          dollars(line.actual),
          dollars(line.difference),
          ...GAP_PARTS.map((part) => dollars(line.parts[part])),
        ]),
      ),
    );
  }
}
