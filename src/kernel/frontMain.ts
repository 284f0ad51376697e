/**
 * kernel front (entry): a worker thread of whoever owns the notebook, so that the owner's loop never transforms, checks
 * or parses output. Its environment is the owner's choice (childEnv), and what it starts inherits that.
 */
import { parentPort, workerData } from "node:worker_threads";
import * as v from "valibot";
import { Channel } from "../core/base/channel.ts";
import { TradingError } from "../core/base/errors.ts";
import { parseLook } from "./protocol.ts";
import { RunnerProcess } from "./runnerProcess.ts";

const port = parentPort;
if (port === null) throw new TradingError("not-a-worker", "The kernel front runs as a worker thread only.");
const options = v.parse(v.object({ folder: v.string(), warmSpare: v.boolean(), isRestricted: v.boolean(), keepsShown: v.boolean() }), workerData);

// Started before the rest of the front is loaded: the two take about as long.
const runner = RunnerProcess.start(options.folder, options);
const { Front } = await import("./front.ts");
const channel = new Channel({ post: (message) => port.postMessage(message), onMessage: (listener) => void port.on("message", listener) });
const front = new Front({
  ...options,
  runner,
  onOutput: (run, output) => channel.emit("output", { run, output }),
  onDesk: (call, signal) => channel.ask("desk", call, signal),
  onInput: (question, signal) => channel.ask("input", question, signal),
  onDeath: (reason) => channel.emit("death", reason),
});

const Execute = v.object({
  id: v.number(),
  code: v.string(),
  cellId: v.string(),
  executionCount: v.optional(v.number()),
  runsDespiteTypeErrors: v.optional(v.boolean(), false),
  ignoresTypes: v.optional(v.boolean(), false),
});
const At = v.object({ code: v.string(), offset: v.number() });
channel.handle("ready", (_none, signal) => front.ready(signal));
// An abort comes as an event of its own: the ask goes on, since its answer says how the cell ended.
const aborts = new Map<number, AbortController>();
channel.on("abort", (id) => aborts.get(id as number)?.abort());
channel.handle("execute", async (argument) => {
  const { id, code, cellId, executionCount, runsDespiteTypeErrors, ignoresTypes } = v.parse(Execute, argument);
  const abort = new AbortController();
  aborts.set(id, abort);
  try {
    return await front.execute(
      code,
      { onStart: (run) => channel.emit("started", { id, run }), executionCount, runsDespiteTypeErrors, ignoresTypes, cellId },
      abort.signal,
    );
  } finally {
    aborts.delete(id);
  }
});
channel.handle("interrupt", () => front.interrupt());
channel.handle("restart", () => front.restart());
channel.handle("diagnose", (argument, signal) => front.diagnose(v.parse(v.string(), argument), signal));
for (const question of ["complete", "hover", "signature", "definition"] as const)
  channel.handle(question, (argument, signal) => {
    const { code, offset } = v.parse(At, argument);
    return front[question](code, offset, signal);
  });
channel.handle("variables", (path, signal) => front.variables(v.parse(v.array(v.string()), path), signal));
channel.handle("look", (look, signal) => front.look(parseLook(look), signal));
channel.handle("close", async () => {
  await front.close();
  setImmediate(() => port.close());
});
