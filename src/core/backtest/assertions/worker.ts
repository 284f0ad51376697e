/** Entry of an assertion file's own process: imports the file, then holds its assertions against results that it is sent. */
import { Channel } from "../../base/channel.ts";
import { badInput, TradingError } from "../../base/errors.ts";
import { resolveOwnLibrary, userFileUrl } from "../../base/ownLibrary.ts";
import { collectExpectations } from "../../domain/assertions.ts";
import type { BacktestResult } from "../../domain/backtest.ts";
import { lineOf } from "../engines.ts";

const send = process.send?.bind(process);
if (send === undefined) throw new Error("An assertion file's process is started by quantdesk test.");
process.once("disconnect", () => process.exit(0));

resolveOwnLibrary();
const declared = collectExpectations();
const channel = new Channel({
  post: (message) => void send(message, undefined, undefined, () => undefined),
  onMessage: (listener) => process.on("message", listener),
});

channel.handle("load", async (path) => {
  try {
    await import(userFileUrl(path as string, "1"));
  } catch (error) {
    const line = error instanceof Error ? lineOf(error, path as string) : undefined;
    const first = (error instanceof Error ? `${error.name === "TradingError" ? "" : `${error.name}: `}${error.message}` : String(error)).split("\n", 1)[0];
    throw badInput("bad-assertion-file", `${path as string}${line === undefined ? "" : `:${line}`} could not be loaded: ${first}`);
  }
  return declared.map(({ spec, checks }) => ({ spec, checks: checks.map(({ name, line }) => ({ name, line })) }));
});

channel.handle("check", (argument) => {
  const { expectation, result } = argument as { readonly expectation: number; readonly result: BacktestResult };
  const found = declared[expectation];
  if (found === undefined) throw new TradingError("no-expectation", "There is no such expectation.");
  return found.checks.map(({ look }) => {
    try {
      const finding = look(result);
      return finding === null ? { status: "passed" } : { status: "failed", ...finding };
    } catch (error) {
      return { status: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  });
});
channel.emit("ready", null);
