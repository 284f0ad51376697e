/** quantdesk logs: the log file of the state folder. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { systemClock } from "../../core/base/clock.ts";
import { badInput } from "../../core/base/errors.ts";
import { defaultHome } from "../../core/base/home.ts";
import type { CommonFlags, Context } from "../context.ts";
import { common } from "../flags.ts";

export function addLogsCommand(program: Command, context: Context): void {
  common(program.command("logs").description("Show the log file of the state folder."))
    .option("--follow", "go on as lines arrive, until interrupted")
    .option("--grep <pattern>", "only lines that match this regular expression")
    .addHelpText("after", "\n--json: each line as a document on a line of its own, quantdesk.log/1 with `at`, `level` and `text`.")
    .action((flags: LogFlags) => logs(context, flags));
}

interface LogFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly grep?: string;
}

/** How often a file that is followed is looked at. */
const LOOK_MS = 250;

async function logs(context: Context, flags: LogFlags): Promise<void> {
  const { io, signal } = context;
  const path = join(resolve(flags.home ?? defaultHome()), "logs", "quantdesk.log");
  const pattern = patternOf(flags.grep ?? "");
  const show = (line: string) => {
    if (!pattern.test(line)) return;
    if (flags.json === true) io.json(documentOf(line));
    else io.data(line);
  };
  let seen = await about(path);
  if (seen === undefined) {
    io.say("No log yet.");
    if (flags.follow !== true) return;
  } else await lines(path, 0, seen.size, show);
  if (flags.follow !== true) return;
  while (!signal.aborted) {
    await systemClock.sleep(LOOK_MS, signal).catch(() => undefined);
    const now = await about(path);
    if (now === undefined) continue;
    // Another file under the name, or a shorter one: the old one was put aside.
    const from = seen === undefined || now.id !== seen.id || now.size < seen.size ? 0 : seen.size;
    if (now.size > from) await lines(path, from, now.size, show);
    seen = now;
  }
}

function patternOf(text: string): RegExp {
  try {
    const pattern = new RegExp(text, "u");
    pattern.test(""); // compiled at its first use: one that is too large is told here
    return pattern;
  } catch (error) {
    throw badInput("bad-pattern", `--grep is not a regular expression: ${(error as Error).message}.`);
  }
}

async function about(path: string): Promise<{ readonly id: number; readonly size: number } | undefined> {
  try {
    const about = await stat(path);
    if (!about.isFile()) throw new Error(`${path} is no file`);
    return { id: about.ino, size: about.size };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw badInput("no-log", `The log cannot be read: ${(error as Error).message}.`);
  }
}

async function lines(path: string, from: number, to: number, show: (line: string) => void): Promise<void> {
  if (to <= from) return;
  for await (const line of createInterface({ input: createReadStream(path, { start: from, end: to - 1 }) })) show(line);
}

/** "2026-11-28T10:26:30.804Z info Session started" */
function documentOf(line: string): object {
  const parts = /^(\S+) (debug|info|warn|error) (.*)$/u.exec(line);
  return { schema: "quantdesk.log/1", at: parts?.[1] ?? null, level: parts?.[2] ?? null, text: parts?.[3] ?? line };
}
