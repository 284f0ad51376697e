/** The flags that commands share. */
import { Option, type Command } from "commander";
import { TradingError } from "../core/base/errors.ts";
import { folder } from "./parse.ts";

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
        throw new TradingError("never-live", `quantdesk ${called.name()} never trades live.`, {
          kind: "refused",
          hint: "Leave out --live. Orders with real money are placed one by one: buy, sell.",
        });
      }
    });
}
