/** The feature workers as `quantdesk doctor` tries them: a few computations, their throughput and what they do to this loop. */
import { availableParallelism } from "node:os";
import { openLagMeter } from "../../core/base/lagMeter.ts";
import { sliceBars } from "../../core/domain/bars.ts";
import { featureAdvice, type Session } from "../../core/session.ts";
import { withDeadline } from "../../core/base/scope.ts";

const COMPUTATIONS = 40;
const WITHIN_MS = 30_000;

/** What was found, and what docs/features.md advises about it; throws when a computation fails. */
export async function tryFeatures(session: Session, signal: AbortSignal): Promise<{ readonly detail: string; readonly remedy: string | null }> {
  const { features, config } = session;
  const { series } = await session.dataset("sample:simulated", {}, signal);
  const bars = series.time.length - COMPUTATIONS;
  return await withDeadline("Computing features", WITHIN_MS, signal, async (inner) => {
    await features.warm(inner);
    const meter = openLagMeter({ resolutionMs: 1 });
    try {
      const started = performance.now();
      // Each on bars of its own: equal ones would be computed once.
      await Promise.all(
        Array.from({ length: COMPUTATIONS }, (_, i) => features.computeFeatures(sliceBars(series, i, i + bars), inner, { whenFull: { waitMs: WITHIN_MS } })),
      );
      const opsPerSecond = (COMPUTATIONS * 1000) / (performance.now() - started);
      const lagP95Ms = meter.snapshot().p95;
      const { workers } = features;
      const queueSize = config["features.queueSize"];
      const advice = featureAdvice({ cores: availableParallelism(), workers, queueSize, lagP95Ms, opsPerSecond });
      return {
        detail: `${COMPUTATIONS} computations of ${bars} bars by ${workers} workers: ${opsPerSecond.toFixed(0)} a second, loop lag P95 ${lagP95Ms.toFixed(1)} ms.`,
        remedy: advice.length === 0 ? null : advice.join(" "),
      };
    } finally {
      meter.stop();
    }
  });
}
