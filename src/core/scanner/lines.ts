/** The progress lines of a scan, for people. */
import type { TradingError } from "../base/errors.ts";
import type { ScannerRun } from "../domain/research.ts";

export function startLine(count: number, mode: { readonly concurrent: boolean; readonly maxWorkers: number }): string {
  const scanners = `${count} scanner${count === 1 ? "" : "s"}`;
  return mode.concurrent ? `Running ${scanners} concurrently (max ${mode.maxWorkers} workers)...` : `Running ${scanners} sequentially...`;
}

export function finishLine(run: ScannerRun, timeoutMs: number): string {
  switch (run.status) {
    case "ok":
      return `✓ ${run.name}: ${run.candidates} candidate${run.candidates === 1 ? "" : "s"}`;
    case "timeout":
      return `⏱️ ${run.name}: timeout after ${timeoutMs / 1000}s`;
    case "error":
      return `⚠️ ${run.name}: ${run.error}`;
    case "skipped":
      return `⏭️ ${run.name}: skipped (${(run.error ?? "").split(": ", 1)[0]})`;
    case "open-circuit":
      return `⛔ ${run.name}: circuit open${run.circuit.openUntil === null ? "" : ` until ${hourAndMinute(run.circuit.openUntil)}`}`;
  }
}

/** What a scanner says of a failure: the source's status where it has one (its last, when it is not asked again for a while), else the first line of the message. */
export function brief(error: TradingError): string {
  const status = error.data["status"] ?? error.data["failedStatus"];
  if (typeof status === "number" && status >= 400) return `HTTP ${status} error`;
  return withoutControls((error.message.split("\n", 1)[0] as string).slice(0, 300));
}

/** What scanners and sources say must not steer the terminal that shows it. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, "�");
}

/** In the person's own time zone. */
function hourAndMinute(at: string): string {
  const time = new Date(at);
  return `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
}
