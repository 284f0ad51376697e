/** Limits and thresholds of the settings, as the rooms want them. */
import type { RiskCeilings } from "../domain/orders.ts";
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

/** `scanners.<name>.<threshold>`, by threshold. */
export function thresholdsOf(config: Config, scanner: string): Readonly<Record<string, number>> {
  const prefix = `scanners.${scanner}.`;
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => (key.startsWith(prefix) && typeof value === "number" ? [[key.slice(prefix.length), value]] : [])),
  );
}
