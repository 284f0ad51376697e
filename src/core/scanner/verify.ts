/** `scan --verify`: proof on this machine that side by side finds what one after another finds, and that a bad scanner harms only itself. */
import { canonicalJson } from "../base/canonical.ts";
import type { ScanResult, ScanVerification } from "../domain/research.ts";
import { defineScanner, type ScannerDefinition } from "../domain/scanner.ts";
import { Breaker } from "./breaker.ts";
import { BUILTIN_SCANNERS } from "./builtin/table.ts";
import { MAX_CANDIDATES } from "./candidates.ts";
import { scanCache, scanWith, type ScanRunnerOptions } from "./scanOnce.ts";

/** Deadline of the probes: short, so that the whole check stays under 20 s. */
const PROBE_TIMEOUT_MS = 400;
const PROBE_WAIT_MS = 100;
/** The built-in scanners, twice, each time within this. */
const SCAN_TIMEOUT_MS = 6000;

interface Limits {
  readonly maxWorkers: number;
  readonly timeoutMs: number;
  readonly onLine: (line: string) => void;
}

export async function verifyScanners(options: ScanRunnerOptions, limits: Limits, signal: AbortSignal): Promise<ScanVerification> {
  const startedAt = performance.now();
  // One cache for both: the market moves on between two scans, and that is no difference between the modes.
  const timeoutMs = Math.min(limits.timeoutMs, SCAN_TIMEOUT_MS);
  const cache = scanCache(timeoutMs);
  const run = async (scanners: readonly ScannerDefinition[], concurrent: boolean, deadlineMs: number, onLine: (line: string) => void) =>
    (
      await scanWith(
        scanners,
        options,
        { concurrent, maxWorkers: limits.maxWorkers, timeoutMs: deadlineMs, breaker: new Breaker(options.clock), cache, onLine, anySymbol: true },
        signal,
      )
    ).result;
  const checks: Array<ScanVerification["checks"][number]> = [];
  const check = (name: string, ok: boolean, text: string) => {
    checks.push({ name, ok, text });
    limits.onLine(`${ok ? "✓" : "⚠️"} ${name}: ${text}`);
  };

  const enabled = BUILTIN_SCANNERS.filter(({ name }) => options.settings.enabled(name));
  const concurrent = await run(enabled, true, timeoutMs, limits.onLine);
  const sequential = await run(enabled, false, timeoutMs, limits.onLine);
  const isSame = found(concurrent) === found(sequential);
  check(
    "same candidates",
    isSame,
    isSame ? `${concurrent.candidates.length} candidates, equal and in the same order in both modes` : "concurrent and sequential scans differ",
  );
  const failed = concurrent.scanners.filter(({ status }) => status !== "ok" && status !== "skipped");
  check("built-in scanners", failed.length === 0, failed.length === 0 ? "none failed" : failed.map(({ name, error }) => `${name}: ${error}`).join("; "));

  const waiting = Array.from({ length: 8 }, (_, i) => probe(`probe_${i + 1}`, (tools) => wait(PROBE_WAIT_MS, tools.signal)));
  const quick = await run(waiting, true, PROBE_TIMEOUT_MS, () => {});
  const slow = await run(waiting, false, PROBE_TIMEOUT_MS, () => {});
  const speedup = Math.round((slow.durationMs / quick.durationMs) * 100) / 100;
  check(
    "speed",
    found(quick) === found(slow),
    `eight scanners that wait ${PROBE_WAIT_MS} ms each: ${Math.round(quick.durationMs)} ms at once, ${Math.round(slow.durationMs)} ms one after another, ${speedup} times`,
  );

  const bad = [
    probe("sound", () => Promise.resolve()),
    probe("slow_scanner", () => new Promise<never>(() => {})),
    probe("broken_scanner", () => Promise.reject(new Error("HTTP 500 error"))),
    defineScanner({
      name: "flooding_scanner",
      pipeline: "verify",
      needs: [],
      scan: () => Promise.resolve(new Array(MAX_CANDIDATES + 1).fill({ symbol: "A", score: 1, reason: "flood" })),
    }),
    probe("sound_too", () => Promise.resolve()),
  ];
  const expected = "ok,timeout,error,error,ok";
  for (const mode of [true, false]) {
    const result = await run(bad, mode, PROBE_TIMEOUT_MS, mode ? limits.onLine : () => {});
    const statuses = result.scanners.map(({ status }) => status).join();
    const isolated =
      statuses === expected && result.candidates.some(({ symbol }) => symbol === "SOUND") && result.candidates.some(({ symbol }) => symbol === "SOUNDTOO");
    check(
      `isolation, ${result.mode}`,
      isolated,
      isolated ? "a hanging, a failing and a flooding scanner harmed only themselves" : `statuses ${statuses}, expected ${expected}`,
    );
  }
  return {
    schema: "quantdesk.scan-verify/1",
    ok: checks.every(({ ok }) => ok),
    checks,
    concurrentMs: concurrent.durationMs,
    sequentialMs: sequential.durationMs,
    speedup,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

function probe(name: string, work: (tools: { readonly signal: AbortSignal }) => Promise<unknown>): ScannerDefinition {
  const symbol = name.replace(/_/g, "").slice(0, 10).toUpperCase();
  return defineScanner({ name, pipeline: "verify", needs: [], scan: async (_state, tools) => (await work(tools), [{ symbol, score: 0.5, reason: "probe" }]) });
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}

/** What must be equal between the modes: candidates and each scanner's outcome, without times. */
function found(result: ScanResult): string {
  return canonicalJson({
    candidates: result.candidates,
    scanners: result.scanners.map(({ name, status, candidates, error }) => ({ name, status, candidates, error })),
  });
}
