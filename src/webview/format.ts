/** Numbers as people read them here: true minus, plus on every change, no-break space before a unit. Used by webviews and trees alike. */

const formats = (digits: number) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const MISSING = "–";

/** Magnitude with thousands separators; the sign is left to the caller. */
export function number(value: number, digits = 2): string {
  return formats(digits).format(Math.abs(value));
}

/** With a true minus sign, no plus; "–" for what is not there. */
export function plain(value: number | null, digits = 2): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  return `${isNegative(value, digits) ? "−" : ""}${number(value, digits)}`;
}

/** A change: plus or true minus; zero has no sign. */
export function signed(value: number | null, digits = 2, unit = ""): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  const sign = Number(value.toFixed(digits)) === 0 ? "" : value > 0 ? "+" : "−";
  return `${sign}${number(value, digits)}${unit === "" ? "" : `\u00a0${unit}`}`;
}

export function arrow(value: number | null): "▲" | "▼" | "" {
  if (value === null || value === 0) return "";
  return value > 0 ? "▲" : "▼";
}

export function usd(value: number | null, digits = 2): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  return `${isNegative(value, digits) ? "−" : ""}$${number(value, digits)}`;
}

/** 4 ms, 1.42 s, 3 min 48 s. */
export function duration(ms: number): string {
  if (ms < 1000) return `${number(ms, ms < 10 ? 1 : 0)}\u00a0ms`;
  if (ms < 60_000) return `${number(ms / 1000)}\u00a0s`;
  return `${Math.floor(ms / 60_000)}\u00a0min ${Math.round((ms % 60_000) / 1000)}\u00a0s`;
}

/** 20 Nov 15:41, in the reader's own time zone. */
export function moment(at: number): string {
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(at).replace(",", "");
}

export function timeOfDay(at: number): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

function isNegative(value: number, digits: number): boolean {
  return value < 0 && Number(value.toFixed(digits)) !== 0;
}
