/** How a command ends: exit codes and the error document of CONTRACTS.md. */
import { inspect } from "node:util";
import { TradingError } from "../core/base/errors.ts";
import type { Io } from "./io.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, interrupted: 130, terminated: 143 } as const;

/** The flag or command exists in CONTRACTS.md, but not in this version. */
export function notYet(what: string): TradingError {
  return new TradingError("not-yet", `${what} is not there yet.`, { kind: "usage" });
}

/** Says what went wrong, once, and answers the exit code. */
export function reportFailure(error: unknown, io: Io, how: { readonly json: boolean; readonly verbose: boolean; readonly terminated: boolean }): number {
  const failure = TradingError.from(error, "failed");
  if (failure.kind === "interrupted") {
    io.say(how.terminated ? "Terminated." : "Interrupted.");
    return how.terminated ? EXIT.terminated : EXIT.interrupted;
  }
  if (how.json && !io.hasPrinted) io.json(failure.toDocument());
  io.say(`${io.style("red", "Error:")} ${oneLine(`${failure.message}${failure.hint === undefined ? "" : ` ${failure.hint}`}`)}`);
  if (how.verbose) io.say(inspect(failure));
  return failure.kind === "usage" ? EXIT.usage : failure.kind === "refused" ? EXIT.refused : EXIT.failed;
}

/** What fits on a screen; a file or an argument that is quoted may have megabytes. */
const LONGEST = 2000;

/** Messages quote files, cells and servers: what they say must not steer or flood the terminal. The document has them as they are. */
function oneLine(text: string): string {
  const line = text.replace(/\s*\n\s*/g, " ").replace(/\p{Cc}/gu, "�");
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST / 2)} … ${line.slice(-LONGEST / 2)}`;
}
