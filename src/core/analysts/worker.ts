/** Entry of the analysts' thread: LangGraph takes 0.3 s to load, which no session's loop should spend. */
import { parentPort, workerData } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { createAnalysts } from "./analystRunner.ts";
import type { AnalysisAsked, AnalystWorkerData } from "./analystThread.ts";
import { dataOver } from "./dataOverChannel.ts";

const port = parentPort;
if (port === null) throw new Error("The analysts' thread is started by the session.");

const { simulated, selected } = workerData as AnalystWorkerData;
const channel = new Channel({ post: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) });
const analysts = createAnalysts({ data: dataOver(channel, simulated), provider: "rules", selected, log: silentLog, clock: systemClock });

channel.handle("analyze", (argument, signal) => {
  const { id, symbol, analysts: chosen } = argument as AnalysisAsked;
  return analysts.analyze(symbol, { ...(chosen === undefined ? {} : { analysts: chosen }), onLine: (line) => channel.emit("line", { id, line }) }, signal);
});
