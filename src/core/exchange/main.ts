/**
 * The process of the paper exchange. Takes the flags of `quantdesk paper`, prints one JSON line when it serves, and ends
 * on SIGINT or SIGTERM, when idle, or with its starter. `paper stop` is the command line's own.
 */
import { TradingError } from "../base/errors.ts";
import { startExchange, type RunningExchange } from "./paper.ts";
import { parsePaperArgs, type PaperOptions } from "./paperOptions.ts";

/** Longest that closing may take before the process ends anyway. */
const CLOSE_MS = 2000;

async function main(): Promise<number> {
  const interrupted = signalled();
  let options: PaperOptions | undefined;
  let exchange: RunningExchange;
  try {
    options = parsePaperArgs(process.argv.slice(2));
    exchange = await startExchange(options);
  } catch (error) {
    // Told apart from other failures by whoever starts an exchange and may find that another one was quicker.
    const isEmbedded = options?.idleMs !== undefined || options?.endsWithStdin === true;
    const code = complain(error);
    return isEmbedded && error instanceof TradingError && error.code === "home-in-use" ? EXIT_HOME_IN_USE : code;
  }
  process.stdout.on("error", () => undefined); // whoever started us may be gone
  process.stdout.write(`${JSON.stringify(exchange.ready)}\n`);
  const reason = await Promise.race([interrupted, exchange.ended, ...(options.endsWithStdin ? [stdinEnd()] : [])]);
  setTimeout(() => process.exit(1), CLOSE_MS).unref();
  try {
    await exchange.close();
  } catch (error) {
    return complain(error);
  }
  if (reason instanceof TradingError) return complain(reason);
  return reason === "SIGINT" ? 130 : reason === "SIGTERM" ? 143 : 0;
}

function complain(error: unknown): number {
  const failure = TradingError.from(error, "exchange-failed");
  process.stderr.write(`${failure.message}${failure.hint === undefined ? "" : ` ${failure.hint}`}\n`);
  return failure.kind === "usage" ? 2 : 1;
}

/** embedded.ts knows it. */
const EXIT_HOME_IN_USE = 75;

function signalled(): Promise<"SIGINT" | "SIGTERM"> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve("SIGINT"));
    process.once("SIGTERM", () => resolve("SIGTERM"));
  });
}

function stdinEnd(): Promise<"stdin"> {
  return new Promise((resolve) => {
    process.stdin
      .once("end", () => resolve("stdin"))
      .once("close", () => resolve("stdin"))
      .once("error", () => resolve("stdin"));
    process.stdin.resume();
  });
}

process.exitCode = await main();
process.exit();
