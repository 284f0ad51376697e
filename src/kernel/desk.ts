/**
 * `desk` inside the runner: every method asks the session through the front, with the cell that asks, and ends with it.
 * Knows no key and no broker; what comes back is plain data that knows how to draw itself.
 */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { Channel } from "../core/base/channel.ts";
import { TradingError } from "../core/base/errors.ts";
import { BarFrame, type BarColumns } from "./barFrame.ts";
import type { RunningCell } from "./cellRun.ts";
import { withStrategyAsText } from "./cellStrategy.ts";
import { createDanfo } from "./danfo.ts";
import { createLocalDesk, withScannersAsText, type LocalTools } from "./deskLocal.ts";
import { DESK_METHODS, type DeskAnswer, type DeskCall } from "./deskProtocol.ts";
import { runningWork } from "./deskRunning.ts";
import type { Bars, Desk, DisplayProgress, ScanOptions } from "./deskTypes.d.ts";
import { tagged } from "./drawValue.ts";

export function createDesk(channel: Channel, current: AsyncLocalStorage<RunningCell>, tools: LocalTools & { readonly progressBar: DisplayProgress }): Desk {
  const never = new AbortController().signal;
  const danfo = createDanfo();
  const call = async (name: DeskCall["name"], args: readonly unknown[], site: Error): Promise<unknown> => {
    const cell = current.getStore();
    try {
      const answer = (await channel.ask("desk", { name, args, run: cell?.run ?? 0 } satisfies DeskCall, cell?.controller.signal ?? never)) as DeskAnswer;
      return answer.kind === "bars" ? tagged("bars", new BarFrame(answer.value as BarColumns, danfo)) : tagged(answer.kind, answer.value);
    } catch (error) {
      throw at(site, error);
    }
  };
  /** What is sent as source goes as text; the others' arguments go as they are. */
  const withStrategies = async ([spec, ...rest]: readonly unknown[]) => [await withStrategyAsText(spec, tools.openBlocking), ...rest];
  const asText: Partial<Record<DeskCall["name"], (args: readonly unknown[]) => Promise<readonly unknown[]>>> = {
    backtest: withStrategies,
    backtests: withStrategies,
    scan: async ([options]) => [await withScannersAsText(options as ScanOptions | undefined, tools.openBlocking)],
  };
  const desk: Record<string, (...args: unknown[]) => Promise<unknown>> = {};
  for (const name of DESK_METHODS) {
    const toText = asText[name];
    const method = async (...args: unknown[]): Promise<unknown> => {
      const site = new Error("site");
      Error.captureStackTrace(site, method); // before anything is awaited: the cell is on the stack now
      const given = toText === undefined ? args : await atSite(site, toText(args));
      return await call(name, given, site);
    };
    desk[name] = method;
  }
  const long = (name: "sweep" | "walkForward") => {
    const method = (spec: unknown): unknown => {
      const site = new Error("site");
      Error.captureStackTrace(site, method);
      return runningWork(call, name, atSite(site, withStrategyAsText(spec, tools.openBlocking)), { site, progressBar: tools.progressBar });
    };
    return method;
  };
  const fromDanfo: Desk["fromDanfo"] = (frame, options) => tagged("bars", new BarFrame(danfo.fromDanfo(frame, options), danfo)) as Bars;
  Object.assign(desk, createLocalDesk(current, tools), { fromDanfo, sweep: long("sweep"), walkForward: long("walkForward") });
  // A misspelt method is a type error before it gets here; untyped code gets the sentence instead of "not a function".
  return Object.freeze(desk) as unknown as Desk;
}

async function atSite<T>(site: Error, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw at(site, error);
  }
}

/** The error as if it had been thrown where the cell called: an answer's own stack shows nothing of the cell. */
function at(site: Error, error: unknown): unknown {
  if (!(error instanceof TradingError)) return error;
  const frames = String(site.stack).split("\n").slice(1).join("\n");
  error.stack = `${error.name}: ${error.message}${error.hint === undefined ? "" : ` ${error.hint}`}\n${frames}`;
  return error;
}
