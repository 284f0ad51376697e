/** The typed channel to the extension, from inside a webview, and the view state that VS Code keeps. */
import { Channel } from "../core/base/channel.ts";
import type { WebviewCommand } from "./protocol.ts";

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface Host {
  onFrame<T>(listener: (frame: T) => void): void;
  run(command: WebviewCommand): void;
  ready(): void;
  readonly state: { get(): unknown; set(state: unknown): void };
}

const COMMAND_MS = 15 * 60_000; // a person may take long over a ticket

export function openHost(): Host {
  const api = acquireVsCodeApi();
  const channel = new Channel({
    post: (message) => api.postMessage(message),
    onMessage: (listener) => addEventListener("message", (event) => listener(event.data)),
  });
  return {
    onFrame: (listener) => {
      channel.on("frame", (frame) => listener(frame as never));
    },
    run: (command) => {
      channel.ask("run", { command }, AbortSignal.timeout(COMMAND_MS)).catch(() => undefined);
    }, // the extension has shown why
    ready: () => channel.emit("ready", null),
    state: { get: () => api.getState(), set: (state) => api.setState(state) },
  };
}
