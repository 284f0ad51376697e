/** Wall times of a place to UTC, by the time zone data of the runtime. */
import { badInput } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

const DAY_MS = 86_400_000;

export interface TimeZone {
  readonly name: string;
  /**
   * The instants at which the wall shows `wall` (milliseconds as if it were UTC), in order: two in the hour that is
   * repeated when clocks go back, none in the hour that is left out when they go forward.
   */
  instants(wall: number): readonly number[];
}

/** Throws `bad-time-zone` for a name that is none. */
export function timeZone(name: string): TimeZone {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch {
    const near = nearest(name, Intl.supportedValuesOf("timeZone"));
    throw badInput("bad-time-zone", `There is no time zone "${name}".`, near === undefined ? "Write it like America/New_York." : `Did you mean ${near}?`);
  }
  const offsets = new Map<number, number>();
  /** Milliseconds that the wall is ahead of UTC, at the start of a UTC day kept. */
  const offsetAt = (utc: number): number => {
    if (utc % DAY_MS !== 0) return readOffset(format, utc);
    const known = offsets.get(utc) ?? readOffset(format, utc);
    offsets.set(utc, known);
    return known;
  };
  return {
    name,
    instants: (wall) => {
      // No offset is more than 15 hours: both ends of the days around hold what applies.
      const day = Math.floor(wall / DAY_MS) * DAY_MS;
      const [before, after] = [offsetAt(day - DAY_MS), offsetAt(day + 2 * DAY_MS)];
      if (before === after && offsetAt(day) === before && offsetAt(day + DAY_MS) === before) return [wall - before];
      const possible = [...new Set([before, offsetAt(day), offsetAt(day + DAY_MS), after])].map((offset) => wall - offset);
      return possible.filter((instant) => instant + readOffset(format, instant) === wall).sort((a, b) => a - b);
    },
  };
}

function readOffset(format: Intl.DateTimeFormat, utc: number): number {
  const name = format.formatToParts(utc).find((part) => part.type === "timeZoneName")?.value ?? "GMT";
  const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds = "0"] = match;
  return (sign === "-" ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
