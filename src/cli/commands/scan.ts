/** quantdesk scan */
import type { Command } from "commander";
import type { ConfigOverride } from "../../core/config/load.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { badInput } from "../../core/base/errors.ts";
import { EXIT } from "../failure.ts";
import { fixed } from "../format.ts";
import { table } from "../io.ts";
import { finiteNumber, list, wholeNumber } from "../parse.ts";
import { common, reading } from "../flags.ts";

interface ScanFlags extends CommonFlags {
  readonly scanners?: readonly string[];
  readonly pipeline?: string;
  readonly scanner?: readonly string[];
  readonly sequential?: boolean;
  readonly workers?: number;
  readonly timeout?: number;
  readonly every?: number;
  readonly asOf?: string;
  readonly data?: string;
  readonly verify?: boolean;
  readonly strict?: boolean;
}

export function addScanCommand(program: Command, context: Context): void {
  reading(program.command("scan").description("Run scanners side by side and rank their candidates."))
    .option("--scanners <a,b>", "only these", list)
    .option("--pipeline <p>", "only this pipeline")
    .option("--scanner <file>", "a scanner file of yours, repeatable", (file: string, before: readonly string[] = []) => [...before, file])
    .option("--sequential", "one after another; finds the same candidates")
    .option("--workers <n>", "scanners at once", wholeNumber("--workers", 1, 64))
    .option("--timeout <s>", "seconds for each scanner", finiteNumber("--timeout", 0.01, 3600))
    .option("--every <s>", "again every so many seconds while the market is open, until interrupted", finiteNumber("--every", 1, 86_400))
    .option("--as-of <date>", "as on that day, its close included, on the prices of --data")
    .option("--data <dir>", "folder of CSV or Parquet files, one symbol each, for --as-of")
    .option("--verify", "compare concurrent with sequential, and the timeout and error cases")
    .option("--strict", "exit code 1 when any scanner fails")
    .action((flags: ScanFlags) => {
      checkTogether(flags);
      const overrides: ConfigOverride[] = [];
      if (flags.workers !== undefined) overrides.push({ key: "scanners.maxWorkers", value: flags.workers, source: "flag" });
      if (flags.timeout !== undefined) overrides.push({ key: "scanners.timeoutSeconds", value: flags.timeout, source: "flag" });
      return withSession(context, flags, (session) => work(context, session, flags), { overrides });
    });

  common(program.command("scanners").description("List the scanners.")).action((flags: CommonFlags) =>
    withSession(context, flags, async (session) => {
      const names = session.scanner.names;
      if (flags.json === true) context.io.json({ schema: "quantdesk.scanners/1", scanners: names });
      else context.io.data(names.join("\n"));
    }),
  );
}

type Session = import("../../core/session.ts").Session;

function checkTogether(flags: ScanFlags): void {
  if ((flags.asOf === undefined) !== (flags.data === undefined))
    throw badInput(
      "bad-usage",
      flags.data === undefined ? "--as-of needs the prices of that time." : "--data is for a scan of the past.",
      flags.data === undefined ? "Add --data DIR, a folder of CSV or Parquet files." : "Add --as-of DATE.",
    );
  if (flags.every !== undefined && flags.asOf !== undefined) throw badInput("bad-usage", "--every and --as-of do not go together: the past stays as it was.");
  if (flags.verify !== true) return;
  const other = (["scanners", "pipeline", "scanner", "sequential", "every", "asOf", "strict"] as const).find((name) => flags[name] !== undefined);
  if (other !== undefined)
    throw badInput("bad-usage", `--verify runs all scanners in both modes: --${other === "asOf" ? "as-of" : other} does not go with it.`);
}

async function work(context: Context, session: Session, flags: ScanFlags): Promise<void> {
  if (flags.verify === true) return await verify(context, session, flags);
  if (flags.every === undefined) return await scan(context, session, flags);
  const { watchScans } = await import("../../core/session.ts");
  const { systemClock } = await import("../../core/base/clock.ts");
  let isFirst = true;
  await watchScans(
    {
      everyMs: flags.every * 1000,
      scan: async () => {
        await scan(context, session, flags, { onlyNew: !isFirst });
        isFirst = false;
      },
      market: async (signal) => {
        if (session.broker.state === "disconnected") await session.connect(signal);
        return session.broker.getClock(signal);
      },
      clock: systemClock,
      onLine: (line) => context.io.say(line),
    },
    context.signal,
  );
}

async function scan(context: Context, session: Session, flags: ScanFlags, show: { readonly onlyNew: boolean } = { onlyNew: false }): Promise<void> {
  const { io } = context;
  const past = flags.asOf === undefined || flags.data === undefined ? undefined : await session.pricesAsOf(flags.data, flags.asOf, context.signal);
  const result = await session.scan(
    {
      onLine: (line) => io.say(line),
      ...(past === undefined ? {} : { past }),
      ...(flags.scanners === undefined ? {} : { scanners: flags.scanners }),
      ...(flags.pipeline === undefined ? {} : { pipeline: flags.pipeline }),
      ...(flags.scanner === undefined ? {} : { files: flags.scanner }),
      ...(flags.sequential === true ? { sequential: true } : {}),
    },
    context.signal,
  );
  const failed = result.scanners.filter((scanner) => scanner.status !== "ok" && scanner.status !== "skipped");
  if (!result.scanners.some((scanner) => scanner.status === "ok") || (flags.strict === true && failed.length > 0)) context.exitCode = EXIT.failed;
  if (flags.json === true) {
    io.json({ schema: "quantdesk.scan/1", ...result });
    return;
  }
  if (result.simulated) io.say(io.style("bold", "SIMULATED market"));
  const fresh = result.candidates.filter((candidate) => candidate.new).map(({ symbol }) => symbol);
  const shown = show.onlyNew ? result.candidates.filter((candidate) => candidate.new) : result.candidates;
  if (past !== undefined) io.say(`As of ${result.asOf}: ${past.symbols.length} symbols`);
  else io.say(`New since the last scan: ${some(fresh)}${result.gone.length === 0 ? "" : `. No longer: ${some(result.gone)}`}`);
  io.data(
    shown.length === 0
      ? show.onlyNew
        ? "No new candidates."
        : "No candidates."
      : table(
          ["Symbol", "Score", "New", "Why"],
          shown.slice(0, 25).map((c) => [c.symbol, fixed(c.score), c.new ? "new" : "", c.reasons.map((r) => `${r.scanner}: ${r.text}`).join("; ")]),
        ),
  );
}

function some(symbols: readonly string[]): string {
  return symbols.length === 0 ? "none" : `${symbols.slice(0, 20).join(", ")}${symbols.length > 20 ? ` and ${symbols.length - 20} more` : ""}`;
}

async function verify(context: Context, session: Session, flags: ScanFlags): Promise<void> {
  const result = await session.scanner.verify({ onLine: (line) => context.io.say(line) }, context.signal);
  if (!result.ok) context.exitCode = EXIT.failed;
  if (flags.json === true) context.io.json(result);
  else context.io.data(result.ok ? "Concurrent and sequential agree; timeouts and errors stay with their scanner." : "Concurrent and sequential differ.");
}
