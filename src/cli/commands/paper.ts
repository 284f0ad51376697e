/** quantdesk paper: the exchange in the foreground, in a process of its own with these very flags. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { childEnv } from "../../core/base/childEnv.ts";
import { entryPath } from "../../core/base/entry.ts";
import { TradingError } from "../../core/base/errors.ts";
import { defaultHome } from "../../core/base/home.ts";
import type { CommonFlags, Context } from "../context.ts";
import { folder } from "../parse.ts";

export function addPaperCommand(program: Command, context: Context): void {
  const paper = program
    .command("paper")
    .description(
      "Run the paper exchange in the foreground: Alpaca's API, SIMULATED prices.\nFlags: --port N --host 127.0.0.1 --seed N --speed X --data DIR|FILE --tls --home DIR --accounts N --cash 100000 --rate-limit 200|off --stream-limit off|1 --market-hours always|nyse --start TIME --borrow-rate PCT --margin-rate PCT --fault SPEC --ready-file F --json",
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .argument("[flags...]")
    .action(async (flags: readonly string[]) => {
      context.exitCode = await runExchange(flags, context.signal);
    });
  resetCommand(paper, context);
  paper
    .command("stop")
    .description("End the embedded exchange of --home.")
    .allowExcessArguments(false)
    .option("--home <dir>", "state folder", folder("--home"))
    .option("--json", "print one JSON document on standard output")
    .action(async (flags: CommonFlags) => {
      const { stopExchange } = await import("../../core/session.ts");
      const stopped = await stopExchange(resolve(flags.home ?? defaultHome()), context.signal);
      if (flags.json === true) context.io.json({ schema: "quantdesk.paper-stop/1", stopped });
      else context.io.data(stopped ? "The embedded exchange has ended." : "No embedded exchange was running.");
    });
}

function resetCommand(paper: Command, context: Context): void {
  paper
    .command("reset")
    .description("Begin anew: end the embedded exchange of --home and put its account, orders and positions aside.")
    .allowExcessArguments(false)
    .option("--home <dir>", "state folder", folder("--home"))
    .option("--json", "print one JSON document on standard output")
    .option("--yes", "do not ask")
    .action(async (flags: CommonFlags & { yes?: boolean }) => {
      const home = resolve(flags.home ?? defaultHome());
      if (flags.yes !== true && !(await isSure(context, home)))
        throw new TradingError("not-confirmed", "Nothing was reset.", { kind: "refused", hint: "Add --yes." });
      const { resetExchange } = await import("../../core/session.ts");
      const reset = await resetExchange(home, context.signal);
      if (flags.json === true) context.io.json({ schema: "quantdesk.paper-reset/1", reset });
      else context.io.data(reset ? "The embedded exchange begins anew at its next use." : "There was nothing to reset.");
    });
}

async function isSure({ io, signal }: Context, home: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return false;
  const ask = createInterface({ input: process.stdin, output: process.stderr, terminal: io.canMoveCursor });
  try {
    return (await ask.question(io.style("yellow", `The simulated account in ${home} ends here. Type yes to reset it: `), { signal })).trim() === "yes";
  } finally {
    ask.close();
  }
}

const KEPT_CODES: ReadonlySet<number> = new Set([0, 2, 130, 143]);

/** Flags pass through unchanged: the exchange checks them. An interrupt is passed on and its end awaited; it ends with us, however we end. */
async function runExchange(flags: readonly string[], signal: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entryPath("exchange"), "--ends-with-stdin", ...flags], {
    stdio: ["pipe", "inherit", "inherit"],
    env: childEnv(),
  });
  child.stdin?.on("error", () => undefined);
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<number>((done, fail) => {
      child.once("error", (error) => fail(new TradingError("exchange-not-started", `The paper exchange did not start: ${error.message}.`)));
      // Codes of its own are for those who start it in the background.
      child.once("exit", (code) => done(code !== null && KEPT_CODES.has(code) ? code : 1));
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
