/** quantdesk config, doctor and logs */
import { createReadStream, existsSync, statSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { badInput, TradingError } from "../../core/base/errors.ts";
import { isClone } from "../../core/base/entry.ts";
import { defaultHome } from "../../core/base/home.ts";
import { loadConfig } from "../../core/config/load.ts";
import { SETTINGS, type SettingValue } from "../../core/config/schema.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { table } from "../io.ts";
import { common } from "../flags.ts";

export function addConfigCommands(program: Command, context: Context): void {
  common(program.command("config").description("Show every setting and where it came from.")).action(async (flags: CommonFlags) => {
    const { config, sources } = await loadConfig({ workspace: process.cwd(), home: resolve(flags.home ?? defaultHome()), env: process.env, overrides: [] });
    const settings = SETTINGS.map(({ key }) => ({ key, value: shown(config[key]), source: sources[key] }));
    if (flags.json === true) context.io.json({ schema: "quantdesk.config/1", settings });
    else
      context.io.data(
        table(
          ["Setting", "Value", "From"],
          settings.map((s) => [s.key, JSON.stringify(s.value), s.source]),
        ),
      );
  });

  common(program.command("doctor").description("Check the machine, the keys and the connection.")).action((flags: CommonFlags) => doctor(context, flags));

  common(program.command("logs").description("Show the log file."))
    .option("--follow", "go on as lines arrive")
    .option("--grep <pattern>", "only lines that match")
    .action((flags: CommonFlags & { follow?: boolean; grep?: string }) => logs(context, flags));
}

/** An address that was given with a password is refused when it is used; here it is shown without. */
function shown(value: SettingValue): SettingValue {
  return typeof value === "string" ? value.replace(/\/\/[^/@]*@/, "//[secret]@") : value;
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string | null;
}

async function doctor(context: Context, flags: CommonFlags): Promise<void> {
  const checks: Check[] = [
    { name: "node", ok: Number(process.versions.node.split(".")[0]) >= 24, detail: `Node ${process.versions.node}`, remedy: "Install Node 24." },
    { name: "cores", ok: true, detail: `${availableParallelism()} cores`, remedy: null },
    { name: "sample", ok: true, detail: isClone() ? "sample:sp500 and sample:simulated" : "sample:simulated", remedy: null },
  ];
  try {
    await withSession(context, flags, async (session) => {
      checks.push({ name: "home", ok: true, detail: session.home, remedy: null });
      const account = await session.connect(context.signal);
      checks.push({
        name: "connection",
        ok: true,
        detail: `${account.simulated ? "SIMULATED" : account.mode.toUpperCase()} account ${account.accountNumber}`,
        remedy: null,
      });
    });
  } catch (error) {
    const failure = TradingError.from(error, "failed");
    if (failure.kind === "interrupted") throw error;
    checks.push({ name: "connection", ok: false, detail: failure.message, remedy: failure.hint ?? null });
  }
  const bad = checks.filter((check) => !check.ok);
  if (bad.length > 0) context.exitCode = EXIT.failed;
  if (flags.json === true) context.io.json({ schema: "quantdesk.doctor/1", ok: bad.length === 0, checks });
  else
    context.io.data(
      table(
        ["Check", "", "Found"],
        checks.map((c) => [c.name, c.ok ? "ok" : "problem", `${c.detail}${c.ok || c.remedy === null ? "" : ` ${c.remedy}`}`]),
      ),
    );
}

async function logs({ io, signal }: Context, flags: CommonFlags & { follow?: boolean; grep?: string }): Promise<void> {
  const path = join(resolve(flags.home ?? defaultHome()), "logs", "quantdesk.log");
  let pattern: RegExp;
  try {
    pattern = new RegExp(flags.grep ?? "");
  } catch (error) {
    throw badInput("bad-pattern", `--grep is not a regular expression: ${(error as Error).message}.`);
  }
  if (!existsSync(path)) {
    io.say("No log yet.");
    return;
  }
  const show = async (from: number) => {
    const end = statSync(path).size;
    if (end <= from) return end < from ? 0 : from;
    for await (const line of createInterface({ input: createReadStream(path, { start: from, end: end - 1 }) })) if (pattern.test(line)) io.data(line);
    return end;
  };
  let at = await show(0);
  if (flags.follow !== true) return;
  let busy = Promise.resolve();
  const watcher = watch(path, () => {
    busy = busy.then(async () => {
      at = await show(at);
    });
  });
  await new Promise<void>((done) => signal.addEventListener("abort", () => done(), { once: true }));
  watcher.close();
  await busy;
}
