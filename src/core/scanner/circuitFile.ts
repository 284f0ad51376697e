/**
 * The circuits of a state folder's scanners, kept between commands: a scanner that fails three times in a row is off for
 * the next command too. Whoever writes last wins; a file that cannot be read means that all are closed.
 */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { writeWhole } from "../base/files.ts";
import type { Circuit } from "./breaker.ts";

const Stored = v.record(v.string(), v.object({ failures: v.pipe(v.number(), v.integer(), v.minValue(1)), openUntil: v.pipe(v.number(), v.minValue(0)) }));
const MAX_CHARS = 1_000_000;

export async function readCircuits(path: string, now: number, longestMs: number): Promise<ReadonlyMap<string, Circuit>> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (text === "" || text.length > MAX_CHARS) return new Map();
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return new Map();
  }
  const parsed = v.safeParse(Stored, raw);
  if (!parsed.success) return new Map();
  // A clock that was set back must not keep one open for years.
  return new Map(Object.entries(parsed.output).map(([key, circuit]) => [key, { ...circuit, openUntil: Math.min(circuit.openUntil, now + longestMs) }]));
}

export async function writeCircuits(path: string, circuits: ReadonlyMap<string, Circuit>): Promise<void> {
  await writeWhole(path, JSON.stringify(Object.fromEntries(circuits)), 0o600);
}
