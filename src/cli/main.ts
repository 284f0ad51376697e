/** Entry of the command line: the commands of CONTRACTS.md over one core session. */
import { CommanderError } from "commander";
import { badInput, TradingError } from "../core/base/errors.ts";
import type { Context } from "./context.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { processIo } from "./io.ts";
import { buildProgram } from "./program.ts";

const argv = process.argv.slice(2);
const io = processIo();
const how = { json: argv.includes("--json"), verbose: argv.includes("--verbose") };
const controller = new AbortController();
let terminated = false;
const stop = (signal: NodeJS.Signals) => {
  if (controller.signal.aborted) {
    if (signal === "SIGHUP") return; // told twice that the terminal is gone: by the kernel, and by the launcher
    process.exit(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated); // asked twice
  }
  terminated = signal !== "SIGINT";
  controller.abort(new TradingError("interrupted", "Interrupted.", { kind: "interrupted" }));
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
// The launcher that started us in this Node may be killed: then nobody waits for us any more.
process.channel?.unref();
process.once("disconnect", () => stop("SIGTERM"));
// Where standard output takes no more, the work ends in order, and with this code.
let unheard: number | undefined;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (unheard !== undefined) return;
  if (error.code === "EIO") return stop("SIGHUP"); // the terminal is gone
  // A reader that closed its end (`quantdesk runs | head`) is no failure.
  process.exitCode = unheard = error.code === "EPIPE" ? EXIT.done : EXIT.failed; // this may come after the last line below
  if (unheard !== EXIT.done) io.say(`${io.style("red", "Error:")} Standard output cannot be written: ${error.message}.`);
  controller.abort(new TradingError("interrupted", "Nobody reads the answer.", { kind: "interrupted" }));
});
// Nobody reads what is for people: that is no reason to stop.
process.stderr.on("error", () => undefined);
// A mistake of ours in some corner: one sentence, as for every other failure.
process.on("uncaughtException", (error) => process.exit(reportFailure(error, io, { ...how, terminated })));

const context: Context = { io, signal: controller.signal, exitCode: 0 };
try {
  await buildProgram(context).parseAsync(argv, { from: "user" });
  if (unheard === undefined && controller.signal.aborted) context.exitCode = terminated ? EXIT.terminated : EXIT.interrupted;
} catch (error) {
  if (unheard !== undefined) {
    // What the end of the work throws is its end.
  } else if (error instanceof CommanderError) {
    const isHelp = error.exitCode === 0;
    const message = error.code === "commander.help" ? "A command is missing." : error.message;
    context.exitCode = isHelp
      ? 0
      : reportFailure(badInput("bad-usage", message.replace(/^error: /, "").replace(/\n\(?(Did you mean .*?\?)\)?$/, ". $1")), io, { ...how, terminated });
  } else {
    context.exitCode = reportFailure(error, io, { ...how, terminated });
  }
}
process.exitCode = unheard ?? context.exitCode;
