/** Numbers for people, as the field writes them. Missing is "–", never 0 or NaN. */
import type { Big } from "../core/base/decimal.ts";

export function money(value: Big | number | null): string {
  if (value === null) return "–";
  const amount = typeof value === "number" ? value : value.toNumber();
  return amount.toLocaleString("en-US", { style: "currency", currency: "USD" }).replace("-", "−");
}

export function percent(value: number | null, digits = 1): string {
  return value === null ? "–" : `${value > 0 ? "+" : ""}${fixed(value, digits)} %`;
}

/** A part of something, never negative: no sign. */
export function share(value: number | null, digits = 1): string {
  return value === null ? "–" : `${fixed(value, digits)} %`;
}

export function fixed(value: number | null, digits = 2): string {
  return value === null ? "–" : value.toFixed(digits).replace("-", "−");
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** The table line of a set of parameters: "fast 10, slow 20". */
export function paramsText(params: Readonly<Record<string, number>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
