/** The verdict on how the feature work goes, after the four alerts of the performance targets. */
import type { Clock } from "../base/clock.ts";
import type { Alert, AlertCode, HealthReport, QueueState } from "../domain/performance.ts";
import type { Metrics } from "./operations.ts";

/** Limits of the alerts, and how long a condition must last before it is one. */
export const HEALTH_LIMITS = {
  lagP95Ms: 10,
  successRate: 0.95,
  /** Share of the queue. */
  queueShare: 0.8,
  queueForMs: 5_000,
  opsPerSecond: 50,
  loadForMs: 5_000,
  /** Success and throughput are taken over the operations that ended this recently. */
  windowMs: 10_000,
} as const;

export interface HealthInput {
  readonly endedSince: (now: number, windowMs: number) => ReturnType<Metrics["endedSince"]>;
  readonly lagP95Ms: () => number;
  readonly queue: () => QueueState;
  readonly workers: () => number;
  readonly clock: Pick<Clock, "now">;
}

/** Looks at the state each time it is asked (about once a second): an alert's `since` is the look that first saw it. */
export function createHealth(input: HealthInput): { check(): HealthReport } {
  const since = new Map<AlertCode, number>();
  return {
    check: () => {
      const now = input.clock.now();
      const queue = input.queue();
      const { ended, failed } = input.endedSince(now, HEALTH_LIMITS.windowMs);
      const alerts: Alert[] = [];
      const watch = (code: AlertCode, holds: boolean, lastsMs: number, value: number, limit: number, reason: string) => {
        if (!holds) {
          since.delete(code);
          return;
        }
        const began = since.get(code) ?? now;
        since.set(code, began);
        if (now - began >= lastsMs) alerts.push({ code, value, limit, since: new Date(began).toISOString(), reason });
      };
      const lag = input.lagP95Ms();
      watch(
        "loop-lag",
        lag > HEALTH_LIMITS.lagP95Ms,
        0,
        lag,
        HEALTH_LIMITS.lagP95Ms,
        `The event loop turns ${lag.toFixed(1)} ms late (P95): something computes in it. Move that work to computeFeatures or executeBlocking.`,
      );
      const success = ended === 0 ? 1 : (ended - failed) / ended;
      watch(
        "success-rate",
        success < HEALTH_LIMITS.successRate,
        0,
        success,
        HEALTH_LIMITS.successRate,
        `${failed} of the last ${ended} operations failed. The metrics list says with which error.`,
      );
      const share = queue.depth / queue.capacity;
      watch(
        "queue-filling",
        share > HEALTH_LIMITS.queueShare,
        HEALTH_LIMITS.queueForMs,
        share,
        HEALTH_LIMITS.queueShare,
        `${queue.depth} of ${queue.capacity} places in the queue are taken. Ask for less at once, or raise features.queueSize.`,
      );
      const rate = (ended * 1000) / HEALTH_LIMITS.windowMs;
      watch(
        "low-throughput",
        queue.depth > 0 && rate < HEALTH_LIMITS.opsPerSecond,
        Math.max(HEALTH_LIMITS.loadForMs, HEALTH_LIMITS.windowMs),
        rate,
        HEALTH_LIMITS.opsPerSecond,
        `${rate.toFixed(1)} operations a second end while ${queue.depth} wait. Fewer bars per request, or more cores, help.`,
      );
      const reason = alerts.length === 0 ? null : alerts.map((alert) => alert.reason).join(" ");
      return { schema: "quantdesk.health/1", status: statusOf(alerts), reason, alerts, workers: input.workers(), queue };
    },
  };
}

/** Late or filling up is degraded; work that fails, or a loop that stands, is failing. */
function statusOf(alerts: readonly Alert[]): HealthReport["status"] {
  if (alerts.some((alert) => alert.code === "success-rate" || alert.code === "loop-blocked")) return "failing";
  return alerts.length > 0 ? "degraded" : "ok";
}
