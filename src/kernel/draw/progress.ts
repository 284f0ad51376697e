/** A progress bar as it stands: how far, how fast, how long still; as text with a bar of blocks. */
import type { MimeBundle } from "../protocol.ts";
import { html, NOTHING, page } from "./html.ts";

export interface ProgressState {
  readonly label: string;
  readonly count: number;
  /** Undefined where nobody knows. */
  readonly total: number | undefined;
  readonly elapsedMs: number;
  readonly status: "running" | "done" | "stopped" | "interrupted";
}

const BLOCKS = 20;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/** Before that, a rate is a guess. */
const RATE_AFTER_MS = 300;

export function drawProgress(state: ProgressState): MimeBundle {
  const { label, count, total, status } = state;
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.max(0, Math.min(1, count / total));
  const percent = share === undefined ? "" : `${Math.floor(share * 100)} %`;
  const say = sentenceOf(state);
  const name = label === "" ? "Progress" : label;
  const meter =
    share === undefined
      ? NOTHING
      : html`<div class="qd-meter" role="progressbar" aria-label="${name}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${Math.floor(share * 100)}" aria-valuetext="${say}"><i class="qd-${status}" style="width:${(share * 100).toFixed(1)}%"></i></div>`;
  return {
    "text/html": page(
      html`<div class="qd-bar">${label === "" ? NOTHING : html`<b>${label}</b>`}${meter}<span>${status === "running" && percent !== "" ? `${percent}, ` : ""}${say}</span></div>`,
    ),
    "text/plain": `${label === "" ? "" : `${label}: `}${share === undefined || status === "done" ? "" : `${percent.padStart(5)} ${blocks(share)} `}${say}`,
  };
}

function sentenceOf({ count, total, elapsedMs, status }: ProgressState): string {
  const of = total === undefined ? whole(count) : `${whole(count)} of ${whole(total)}`;
  const rate = elapsedMs < RATE_AFTER_MS || count <= 0 ? "" : `, ${rateOf(count / (elapsedMs / 1000))} a second`;
  switch (status) {
    case "running": {
      const left = total === undefined || rate === "" || count >= total ? "" : `, ${duration((elapsedMs / count) * (total - count))} left`;
      return `${of}${rate}${left}`;
    }
    case "done":
      return `${of} in ${duration(elapsedMs)}${rate}`;
    case "stopped":
    case "interrupted":
      return `${status} at ${of} after ${duration(elapsedMs)}`;
  }
}

function blocks(share: number): string {
  const eighths = Math.round(share * BLOCKS * 8);
  return `${"█".repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ""}`.padEnd(BLOCKS, "·");
}

function whole(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

function rateOf(perSecond: number): string {
  return perSecond >= 100 ? whole(Math.round(perSecond)) : perSecond.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

/** 0.3 s, 42 s, 3 min 5 s, 2 h 10 min. */
function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`;
}
