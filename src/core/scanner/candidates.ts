/** What a scanner answers, checked at the door, and how several scanners' candidates become one ranked list. */
import * as v from "valibot";
import { TradingError } from "../base/errors.ts";
import type { Candidate, MergedCandidate } from "../domain/research.ts";
import { withoutControls } from "./lines.ts";

/** More from one scanner is a flood, and refused. */
export const MAX_CANDIDATES = 500;

/** AAPL, BRK.B, BTC/USD. */
const SYMBOL = /^[A-Z0-9]{1,10}(?:[./-][A-Z0-9]{1,10})?$/;

const CandidateShape = v.object({
  symbol: v.pipe(v.string(), v.regex(SYMBOL, "is not a symbol like AAPL or BRK.B")),
  score: v.pipe(v.number(), v.finite("is not finite")),
  reason: v.pipe(v.string(), v.maxLength(500, "is longer than 500 characters"), v.transform(withoutControls)),
  value: v.optional(v.pipe(v.number(), v.finite("is not finite"))),
});

/** Throws one sentence that names the number or the field. Of a symbol given twice the higher score stays. */
export function parseCandidates(answer: unknown): readonly Candidate[] {
  if (!Array.isArray(answer)) throw new TradingError("scanner-garbage", `answered ${describe(answer)} instead of a list of candidates`);
  if (answer.length > MAX_CANDIDATES) {
    throw new TradingError("scanner-flood", `${answer.length} candidates, at most ${MAX_CANDIDATES} are taken`, { data: { candidates: answer.length } });
  }
  const best = new Map<string, Candidate>();
  for (const [index, raw] of answer.entries()) {
    const parsed = v.safeParse(CandidateShape, raw);
    if (!parsed.success) {
      const issue = parsed.issues[0];
      throw new TradingError(
        "scanner-garbage",
        `candidate ${index + 1}: ${v.getDotPath(issue) ?? "it"} ${issue.kind === "schema" ? `is not a ${issue.expected}` : issue.message}`,
      );
    }
    const { symbol, score, reason, value } = parsed.output;
    const known = best.get(symbol);
    if (known === undefined || score > known.score) best.set(symbol, { symbol, score, reason, ...(value === undefined ? {} : { value }) });
  }
  return [...best.values()];
}

function describe(answer: unknown): string {
  if (answer === null || answer === undefined) return "nothing";
  return typeof answer === "object" ? "an object" : `a ${typeof answer}`;
}

/**
 * One entry per symbol, best first, symbols in ABC order where scores are equal.
 * The score: each scanner's scores are divided by its highest where that is above 1 (scores compare within one scanner
 * only) and cut off at 0; several scanners' scores s1, s2 ... of one symbol become 1 - (1 - s1)(1 - s2)..., so that
 * agreement raises it and it stays within 0 and 1.
 */
export function mergeCandidates(
  found: ReadonlyArray<{ readonly scanner: string; readonly candidates: readonly Candidate[] }>,
  known: ReadonlySet<string>,
): readonly MergedCandidate[] {
  const merged = new Map<string, { doubt: number; reasons: Array<MergedCandidate["reasons"][number]> }>();
  for (const { scanner, candidates } of found) {
    const top = candidates.reduce((most, { score }) => Math.max(most, score), 1);
    for (const { symbol, score, reason, value } of candidates) {
      const entry = merged.get(symbol) ?? { doubt: 1, reasons: [] };
      merged.set(symbol, entry);
      entry.doubt *= 1 - Math.max(0, score / top);
      entry.reasons.push({ scanner, text: reason, value: value ?? null });
    }
  }
  return [...merged]
    .map(([symbol, { doubt, reasons }]) => ({ symbol, score: Math.round((1 - doubt) * 1e6) / 1e6, reasons, new: !known.has(symbol) }))
    .sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1));
}
