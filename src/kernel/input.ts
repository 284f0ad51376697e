/** `input` of cells: a question to whoever runs the notebook. An interrupt ends the waiting. */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { Channel } from "../core/base/channel.ts";
import type { RunningCell } from "./cellRun.ts";
import type { Input } from "./deskTypes.d.ts";
import type { Question } from "./protocol.ts";

export function createInput(channel: Channel, current: AsyncLocalStorage<RunningCell>): Input {
  const never = new AbortController().signal;
  return async (prompt = "", options = {}) => {
    const cell = current.getStore();
    const question = { prompt: String(prompt), password: options.password === true, run: cell?.run ?? 0 } satisfies Question;
    return (await channel.ask("input", question, cell?.controller.signal ?? never)) as string;
  };
}
