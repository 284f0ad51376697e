/** quantdesk sensitivity --strategy NAME: what past sweeps say about its parameters. */
import type { Command } from "commander";
import { badInput } from "../../core/base/errors.ts";
import type { Params } from "../../core/domain/backtest.ts";
import { sensitivitySentence, sparkline } from "../../core/domain/sensitivity.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { reading } from "../flags.ts";
import { table } from "../io.ts";
import { params } from "../parse.ts";

interface SensitivityFlags extends CommonFlags {
  readonly strategy?: string;
  readonly params?: Params;
  readonly data?: string;
}

export function addSensitivityCommand(program: Command, context: Context): void {
  reading(program.command("sensitivity").description("How the Sharpe ratio moves with each parameter around its value, out of past sweeps: plateau or spike."))
    .option("--strategy <name>", "the name by which the strategy calls itself")
    .option("--params <k=v,…>", "the values to look at; those of the best otherwise", params)
    .option("--data <name>", "the name of a data set, as results have it; all otherwise")
    .action((flags: SensitivityFlags) => {
      const { strategy, params: values, data } = flags;
      if (strategy === undefined) throw badInput("bad-usage", "sensitivity needs --strategy.", "quantdesk strategies lists the built-in ones.");
      const query = { strategy, ...(values === undefined ? {} : { params: values }), ...(data === undefined ? {} : { data }) };
      return withSession(context, flags, async (session) => {
        const report = await session.sensitivity(query, context.signal);
        if (flags.json === true) {
          context.io.json(report);
          return;
        }
        if (report.parameters.length === 0)
          context.io.say(`No sweep of ${strategy} is kept${data === undefined ? "" : ` on ${data}`}: quantdesk sweep runs one.`);
        else
          context.io.data(
            table(
              ["Parameter", "Value", "Sharpe along it", "What that says"],
              report.parameters.map((one) => [one.name, String(one.value), sparkline(one), sensitivitySentence(one)]),
            ),
          );
      });
    });
}
