/** Runs the built command line as a user does, on a state folder of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on standard output. */
  json<T = Record<string, unknown>>(): T;
}

export interface Desk {
  readonly home: string;
  run(args: readonly string[], env?: Readonly<Record<string, string>>, input?: string): Promise<Ran>;
  end(): Promise<void>;
}

/** A state folder, and commands on it; `end` stops the exchange that they may have started. */
export async function givenDesk(): Promise<Desk> {
  const home = await mkdtemp(join(tmpdir(), "quantdesk-cli-"));
  return {
    home,
    run: (args, env = {}, input) => quantdesk([...args, "--home", home], { env, ...(input === undefined ? {} : { input }) }),
    end: async () => {
      await quantdesk(["paper", "stop", "--home", home]);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function quantdesk(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly input?: string } = {},
): Promise<Ran> {
  const env: Record<string, string | undefined> = { ...process.env, ...options.env };
  for (const name of Object.keys(env)) if (/^(APCA_|ALPACA_|FORCE_COLOR)/.test(name) && options.env?.[name] === undefined) delete env[name];
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), ...args], { env, cwd: options.cwd ?? tmpdir(), stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => undefined); // the command may end before it has read
    child.stdin.end(options.input ?? "");
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", fail);
    child.once("close", (code) =>
      done({
        code,
        stdout,
        stderr,
        json: <T>() => {
          try {
            return JSON.parse(stdout) as T;
          } catch {
            throw new Error(`Standard output is not one JSON document:\n${stdout}\n--- standard error:\n${stderr}`);
          }
        },
      }),
    );
  });
}
