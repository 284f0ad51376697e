/** Limits and thresholds of the settings, as the rooms want them. */
import { availableParallelism } from "node:os";
import type { RiskCeilings } from "../domain/orders.ts";
import type { LoadedConfig } from "./load.ts";
import type { Config } from "./schema.ts";

export function ceilingsOf(config: Config): RiskCeilings {
  return {
    maxOrderValue: config["risk.maxOrderValue"],
    maxPositionValue: config["risk.maxPositionValue"],
    maxOrdersPerMinute: config["risk.maxOrdersPerMinute"],
    maxDailyLoss: config["risk.maxDailyLoss"],
    symbols: config["risk.symbols"],
  };
}

/** A number given outright is obeyed; by default as many as there are cores, up to the setting's own. */
export function workersOf({ config, sources }: LoadedConfig, key: "backtest.workers" | "features.workers"): number {
  return sources[key] === "default" ? Math.min(config[key], availableParallelism()) : config[key];
}

/** `scanners.<name>.<threshold>`, by threshold. */
export function thresholdsOf(config: Config, scanner: string): Readonly<Record<string, number>> {
  const prefix = `scanners.${scanner}.`;
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => (key.startsWith(prefix) && typeof value === "number" ? [[key.slice(prefix.length), value]] : [])),
  );
}
