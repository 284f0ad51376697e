/** The table of commands. Each file of commands/ adds its own. */
import { Command, Option } from "commander";
import { TradingError } from "../core/base/errors.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../core/base/entry.ts";
import type { Context } from "./context.ts";
import { notYet } from "./failure.ts";
import { folder } from "./parse.ts";
import { addAnalyzeCommand } from "./commands/analyze.ts";
import { addBacktestCommand } from "./commands/backtest.ts";
import { addConfigCommands } from "./commands/config.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addFeatureCommands } from "./commands/features.ts";
import { addPaperCommand } from "./commands/paper.ts";
import { addRunCommand } from "./commands/run.ts";
import { addScanCommand } from "./commands/scan.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addTradingCommands } from "./commands/trading.ts";

/** Of CONTRACTS.md, in later versions. */
const LATER = ["ask", "sweep", "walk-forward", "research", "test", "gap", "mcp", "chat", "worker", "kernel", "bench", "replace", "close", "provider"];

export function buildProgram(context: Context): Command {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  const program = new Command("quantdesk")
    .description("A trading-research workbench: scan, analyze, backtest in parallel, trade on paper.\nSimulated results, not investment advice.")
    .version(version)
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr: (text) => {
        if (text.startsWith("Usage:")) context.io.say(text.trimEnd()); // a group named without a command; errors are told by main.ts
      }, writeOut: (text) => context.io.data(text) })
    .exitOverride();
  addDemoCommand(program, context);
  addPaperCommand(program, context);
  addTradingCommands(program, context);
  addScanCommand(program, context);
  addAnalyzeCommand(program, context);
  addBacktestCommand(program, context);
  addFeatureCommands(program, context);
  addServeCommand(program, context);
  addRunCommand(program, context);
  addConfigCommands(program, context);
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

/** A command with the flags that all commands have. */
export function common(command: Command): Command {
  return command
    .option("--json", "print one JSON document on standard output")
    .option("--home <dir>", "state folder", folder("--home"))
    .option("--verbose", "say more, and show where an error came from");
}

/** A command that looks at or changes an account. */
export function trading(command: Command): Command {
  return common(command)
    .option("--live", "at Alpaca with real money; asks for a confirmation before each order")
    .option("--yes-live <account>", "the account number, instead of typing it");
}

/** A command that reads an account's market data and places no order: --live lets it use live keys. */
export function reading(command: Command): Command {
  return common(command).addOption(new Option("--live", "read with live keys; no order is placed").hideHelp());
}

/** A command that trades by itself: it never does so with real money, and says so instead of "unknown option". */
export function neverLive(command: Command): Command {
  return common(command)
    .addOption(new Option("--live").hideHelp())
    .addOption(new Option("--yes-live <account>").hideHelp())
    .hook("preAction", (_this, called) => {
      const { live, yesLive } = called.opts<{ live?: boolean; yesLive?: string }>();
      if (live === true || yesLive !== undefined) {
        throw new TradingError("never-live", `quantdesk ${called.name()} never trades live.`, { kind: "refused", hint: "Leave out --live. Orders with real money are placed one by one: buy, sell." });
      }
    });
}
