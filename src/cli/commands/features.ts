/** quantdesk features bench */
import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultHome } from "../../core/base/home.ts";
import { workersOf } from "../../core/config/ceilings.ts";
import { loadConfig } from "../../core/config/load.ts";
import { logFor, type CommonFlags, type Context } from "../context.ts";
import { fixed } from "../format.ts";
import { table } from "../io.ts";
import { wholeNumber } from "../parse.ts";
import { common } from "../flags.ts";

export function addFeatureCommands(program: Command, context: Context): void {
  const features = program.command("features").description("Feature computation.");
  common(features.command("bench").description("Measure loop lag and throughput, in the loop and offloaded."))
    .option("--operations <n>", "feature computations", wholeNumber("--operations", 1, 5000), 500)
    .option("--workers <n>", "workers; by default as the setting features.workers says", wholeNumber("--workers", 1, 64))
    .action(async (flags: CommonFlags & { operations: number; workers?: number }) => {
      const { runLatencyBenchApart } = await import("../../core/session.ts");
      const overrides = flags.workers === undefined ? [] : [{ key: "features.workers", value: flags.workers, source: "flag" } as const];
      const loaded = await loadConfig({ workspace: process.cwd(), home: resolve(flags.home ?? defaultHome()), env: process.env, overrides });
      const options = {
        operations: flags.operations,
        workers: workersOf(loaded, "features.workers"),
        useProcessPool: loaded.config["features.useProcessPool"],
      };
      // In a process of its own: the first half stands still for seconds, and Ctrl-C would have to wait for it.
      const result = await runLatencyBenchApart(options, context.signal, logFor(context.io, flags));
      if (flags.json === true) {
        context.io.json(result);
        return;
      }
      const row = (name: string, side: typeof result.before) => [
        name,
        fixed(side.lagMs.p50),
        fixed(side.lagMs.p95),
        fixed(side.lagMs.p99),
        fixed(side.lagMs.max),
        fixed(side.opsPerSecond, 0),
        `${fixed(side.successRate * 100, 1)} %`,
      ];
      context.io.data(table(["", "Lag P50 ms", "P95", "P99", "Max", "Ops/s", "Success"], [row("in the loop", result.before), row("offloaded", result.after)]));
      context.io.say(`${result.workers} workers; throughput ${fixed(result.speedup)} times the loop's.`);
    });
}
