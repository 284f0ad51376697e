/** What the troubleshooting part of docs/features.md advises, decided from figures: `quantdesk doctor` names it. */
import { HEALTH_LIMITS } from "./health.ts";

export interface FeatureFigures {
  readonly cores: number;
  readonly workers: number;
  readonly queueSize: number;
  /** Of the caller's loop while workers compute. */
  readonly lagP95Ms: number;
  readonly opsPerSecond: number;
}

/** A burst that a scan of a watch list makes. */
const SMALL_QUEUE = 100;

/** One sentence for each figure that is out of its place; none when all is well. */
export function featureAdvice({ cores, workers, queueSize, lagP95Ms, opsPerSecond }: FeatureFigures): readonly string[] {
  const advice: string[] = [];
  if (workers > cores)
    advice.push(`features.workers is ${workers} on ${cores} cores: give ${cores} for computing, at most ${cores * 2} for functions that mostly wait.`);
  if (lagP95Ms > HEALTH_LIMITS.lagP95Ms)
    advice.push(`High loop lag (P95 ${lagP95Ms.toFixed(1)} ms) while workers compute: give fewer workers, or end other programs that use all cores.`);
  if (opsPerSecond < HEALTH_LIMITS.opsPerSecond)
    advice.push(`Low throughput (${opsPerSecond.toFixed(0)} a second): ask for fewer bars per request, or give the machine more cores.`);
  if (queueSize < SMALL_QUEUE)
    advice.push(`features.queueSize is ${queueSize}: a burst ends in "Task queue full". Raise it to ${SMALL_QUEUE} or more, or have callers wait for a place.`);
  return advice;
}
