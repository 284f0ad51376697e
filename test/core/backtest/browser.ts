/** A headless Chromium for tests of pages, over its DevTools protocol; undefined where there is none on this machine. */
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const CHROMIUM = process.env["CHROMIUM"] ?? ["chromium", "chromium-browser", "google-chrome"].map(onPath).find((path) => path !== undefined);

function onPath(name: string): string | undefined {
  try {
    return execFileSync("which", [name], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

export interface Browser {
  open(address: string): Promise<void>;
  /** Value of an expression in the page; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  press(key: string): Promise<void>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "quantdesk-chromium-"));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(CHROMIUM as string, flags, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const gone = once(child, "exit");
  let address: string | undefined;
  for await (const line of createInterface({ input: child.stderr })) {
    address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) break;
  }
  child.stderr.resume();
  const socket = new WebSocket(address as string);
  await once(socket, "open");
  let next = 0;
  const waiting = new Map<number, (answer: { readonly result?: unknown; readonly error?: { readonly message: string } }) => void>();
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as { readonly id?: number; readonly result?: unknown };
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  const ask = <T>(method: string, params: object, sessionId?: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++next;
      waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result as T) : reject(new Error(`${method}: ${error.message}`))));
      socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  const { targetId } = await ask<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await ask<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await ask<{ result: { value: T }; exceptionDetails?: { exception?: { description?: string } } }>(
      "Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true },
      sessionId,
    );
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? "an exception in the page");
    return result.value;
  };
  return {
    open: async (url) => {
      await ask("Page.navigate", { url }, sessionId);
      await evaluate(`new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", () => done()))`);
    },
    evaluate,
    press: async (key) => {
      for (const type of ["keyDown", "keyUp"]) await ask("Input.dispatchKeyEvent", { type, key }, sessionId);
    },
    close: async () => {
      socket.close();
      process.kill(-(child.pid as number), "SIGKILL");
      await gone;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
