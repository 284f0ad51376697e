/** The performance API of this window's session: one at a time, gone with the session. */
import type * as vscode from "vscode";
import type { PerformanceServer } from "../core/session.ts";
import type { Desk } from "./desk.ts";

const START_WITHIN_MS = 15_000;

export class PerformanceApiHolder implements vscode.Disposable {
  readonly #desk: Desk;
  readonly #stopWatching: () => void;
  #server: PerformanceServer | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#stopWatching = desk.onStatus(() => {
      if (desk.openSession === undefined) this.#end();
    });
  }

  get url(): string | undefined {
    return this.#server?.url;
  }

  /** Starts it, in the place of the one that runs. */
  async start(port: number): Promise<{ readonly url: string; readonly tokenFile: string | null }> {
    const { servePerformance } = await import("../core/session.ts");
    const session = await this.#desk.session();
    await this.#server?.close();
    this.#server = undefined;
    this.#server = await servePerformance(session, { port }, AbortSignal.timeout(START_WITHIN_MS));
    return { url: this.#server.url, tokenFile: this.#server.tokenFile };
  }

  dispose(): void {
    this.#stopWatching();
    this.#end();
  }

  #end(): void {
    const server = this.#server;
    this.#server = undefined;
    server?.close().catch((error: unknown) => this.#desk.log.warn(`The performance API did not close cleanly: ${String(error)}`));
  }
}
