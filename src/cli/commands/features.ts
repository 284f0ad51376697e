/** quantdesk features bench */
import type { Command } from "commander";
import { logFor, type CommonFlags, type Context } from "../context.ts";
import { fixed } from "../format.ts";
import { table } from "../io.ts";
import { wholeNumber } from "../parse.ts";
import { common } from "../flags.ts";

export function addFeatureCommands(program: Command, context: Context): void {
  const features = program.command("features").description("Feature computation.");
  common(features.command("bench").description("Measure loop lag and throughput, in the loop and offloaded."))
    .option("--operations <n>", "feature computations", wholeNumber("--operations", 1, 5000), 500)
    .option("--workers <n>", "workers", wholeNumber("--workers", 1, 64))
    .action(async (flags: CommonFlags & { operations: number; workers?: number }) => {
      const { runLatencyBenchApart } = await import("../../core/session.ts");
      // In a process of its own: the first half stands still for seconds, and Ctrl-C would have to wait for it.
      const options = { operations: flags.operations, ...(flags.workers === undefined ? {} : { workers: flags.workers }) };
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
