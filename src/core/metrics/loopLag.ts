/** The lag of a session's loop as the sidebar and `health` show it: of the last seconds, not of the whole life. */
import { openLagMeter, type LagMeter, type LagReading } from "../base/lagMeter.ts";

/**
 * A meter whose reading is about the last `windowMs` to 2 x `windowMs`, for displays that must move: it starts again
 * every window, and reads the finished window until the new one is half full.
 */
export function startLoopLag(options: { readonly windowMs?: number; readonly resolutionMs?: number } = {}): LagMeter {
  const windowMs = options.windowMs ?? 10_000;
  const meter = openLagMeter(options);
  let startedAt = performance.now();
  let finished: LagReading | undefined;
  const restart = () => {
    meter.reset();
    startedAt = performance.now();
  };
  const timer = setInterval(() => {
    finished = meter.snapshot();
    restart();
  }, windowMs);
  timer.unref();
  return {
    snapshot: () => (finished !== undefined && performance.now() - startedAt < windowMs / 2 ? worse(finished, meter.snapshot()) : meter.snapshot()),
    reset: () => {
      finished = undefined;
      restart();
    },
    stop: () => {
      clearInterval(timer);
      meter.stop();
    },
  };
}

/** The finished window, with the worst moment of the one that has just begun. */
function worse(finished: LagReading, current: LagReading): LagReading {
  return { ...finished, max: Math.max(finished.max, current.max) };
}
