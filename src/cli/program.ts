/** The table of commands. Each file of commands/ adds its own. */
import { Command } from "commander";
import { productVersion } from "../core/base/entry.ts";
import type { Context } from "./context.ts";
import { notYet } from "./failure.ts";
import { addAlarmsCommand } from "./commands/alarms.ts";
import { addAnalyzeCommand } from "./commands/analyze.ts";
import { addBacktestCommand } from "./commands/backtest.ts";
import { addChatCommand } from "./commands/chat.ts";
import { addConfigCommand } from "./commands/config.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addExportCommand } from "./commands/export.ts";
import { addFeatureCommands } from "./commands/features.ts";
import { addLimitCommands } from "./commands/limits.ts";
import { addKernelCommand } from "./commands/kernel.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addManageCommands } from "./commands/manage.ts";
import { addOrderCommands } from "./commands/order.ts";
import { addPaperCommand } from "./commands/paper.ts";
import { addProviderCommand } from "./commands/provider.ts";
import { addRunCommand } from "./commands/run.ts";
import { addScanCommand } from "./commands/scan.ts";
import { addSensitivityCommand } from "./commands/sensitivity.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addSweepCommand } from "./commands/sweep.ts";
import { addGapCommand } from "./commands/gap.ts";
import { addRunsCommand } from "./commands/runs.ts";
import { addTestCommand } from "./commands/test.ts";
import { addTradingCommands } from "./commands/trading.ts";
import { addWalkForwardCommand } from "./commands/walkForward.ts";

/** Of CONTRACTS.md, in later versions. */
const LATER = ["ask", "research", "mcp", "worker", "bench"];

export function buildProgram(context: Context): Command {
  const program = new Command("quantdesk")
    .description("A trading-research workbench: scan, analyze, backtest in parallel, trade on paper.\nSimulated results, not investment advice.")
    .version(productVersion())
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeErr: (text) => {
        if (text.startsWith("Usage:")) context.io.say(text.trimEnd()); // a group named without a command; errors are told by main.ts
      },
      writeOut: (text) => context.io.data(text),
    })
    .exitOverride();
  addDemoCommand(program, context);
  addPaperCommand(program, context);
  addTradingCommands(program, context);
  addOrderCommands(program, context);
  addManageCommands(program, context);
  addLimitCommands(program, context);
  addAlarmsCommand(program, context);
  addExportCommand(program, context);
  addChatCommand(program, context);
  addScanCommand(program, context);
  addAnalyzeCommand(program, context);
  addProviderCommand(program, context);
  addBacktestCommand(program, context);
  addSweepCommand(program, context);
  addWalkForwardCommand(program, context);
  addSensitivityCommand(program, context);
  addFeatureCommands(program, context);
  addServeCommand(program, context);
  addRunsCommand(program, context);
  addTestCommand(program, context);
  addGapCommand(program, context);
  addRunCommand(program, context);
  addKernelCommand(program, context);
  addConfigCommand(program, context);
  addDoctorCommand(program, context);
  addLogsCommand(program, context);
  for (const name of LATER) {
    program
      .command(name, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .option("--json")
      .action(() => {
        throw notYet(`quantdesk ${name}`);
      });
  }
  return program;
}
