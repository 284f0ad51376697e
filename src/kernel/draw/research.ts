/** Candidates of a scan, opinions of an analysis. */
import type { Analysis, ScanResult } from "../deskTypes.d.ts";
import type { MimeBundle } from "../protocol.ts";
import { number, percent, plural } from "./format.ts";
import { facts, html, NOTHING, page, SIMULATED, table, textTable, warning } from "./html.ts";

const MAX_CANDIDATES = 25;

export function drawScan(scan: ScanResult): MimeBundle {
  const fresh = scan.candidates.filter((c) => c.new).length;
  const finished = scan.scanners.filter((s) => s.status === "ok").length;
  const say = `${plural(scan.candidates.length, "candidate")}, ${fresh} new; ${finished} of ${plural(scan.scanners.length, "scanner")} finished in ${number(scan.durationMs / 1000)} s.`;
  const shown = scan.candidates.slice(0, MAX_CANDIDATES);
  const titles = ["Symbol", "Score", "Why"];
  const failed = scan.scanners
    .filter((s) => s.status !== "ok")
    .map((s) => warning(`${s.name} gave nothing (${s.status}${s.error === null ? "" : `: ${s.error}`}).`));
  return {
    "text/html": page(
      html`<p><b>${say}</b> ${scan.simulated ? SIMULATED : NOTHING}</p>`,
      shown.length === 0
        ? NOTHING
        : table(
            "Candidates",
            titles.map((title, i) => ({ title, isNumber: i === 1 })),
            shown.map((c) => [
              html`<b>${c.symbol}</b>${c.new ? html` <span class="qd-s">new</span>` : NOTHING}`,
              number(c.score),
              html`${c.reasons.map((r) => html`<div>${r.text} <span class="qd-dim qd-s">${r.scanner}</span></div>`)}`,
            ]),
          ),
      scan.candidates.length > shown.length ? html`<p class="qd-s qd-dim">The first ${shown.length} of ${scan.candidates.length}.</p>` : NOTHING,
      ...failed,
    ),
    "text/plain": `${say}${scan.simulated ? " SIMULATED" : ""}\n${textTable(
      titles,
      shown.map((c) => [c.symbol, number(c.score), c.reasons.map((r) => `${r.text} (${r.scanner})`).join("; ")]),
    )}`,
  };
}

export function drawAnalysis(analysis: Analysis): MimeBundle {
  const say = `${analysis.action} ${analysis.symbol}, confidence ${percent(analysis.confidence * 100, 0)}`;
  const titles = ["Analyst", "Says", "Confidence", "Because"];
  const rows = analysis.opinions.map((o) => [o.analyst, o.stance, percent(o.confidence * 100, 0), o.text]);
  const plan: Array<readonly [string, string]> = [
    ["Size", `${percent(analysis.size * 100, 1)} of equity`],
    ["Stop", number(analysis.stop)],
    ["Target", number(analysis.target)],
  ];
  return {
    "text/html": page(
      html`<div class="qd-box"><p class="qd-head">${say} ${analysis.simulated ? SIMULATED : NOTHING}</p><p>${analysis.reasons.join(" ")}</p>${facts(plan)}</div>`,
      table(
        "Opinions",
        titles.map((title, i) => ({ title, isNumber: i === 2 })),
        rows,
      ),
      analysis.missing.length === 0 ? NOTHING : warning(`Without ${analysis.missing.join(", ")}.`),
    ),
    "text/plain": `${say}${analysis.simulated ? " SIMULATED" : ""}\n${analysis.reasons.join("\n")}\n${textTable(titles, rows)}`,
  };
}
