/** Features of a symbol and signals read from them. */
import type { Features, TickerFeatures, TickerSignal } from "../deskTypes.d.ts";
import type { MimeBundle } from "../protocol.ts";
import { textOf } from "../drawValue.ts";
import { number, percent, plural } from "./format.ts";
import { facts, html, NOTHING, page, SIMULATED, table, textTable } from "./html.ts";

type Signalled = TickerSignal | { readonly symbol: string; readonly error: string };

/** One of the four shapes that the feature methods answer with. */
export function drawFeatures(value: unknown): MimeBundle {
  if (Array.isArray(value)) return drawSignals(value as readonly Signalled[]);
  if (value === null || typeof value !== "object") return { "text/plain": textOf(value) };
  if ("signal" in value) return drawSignals([value as TickerSignal]);
  if ("latest" in value) {
    const { symbol, bars, simulated, latest } = value as Features;
    return drawLatest(symbol, bars, simulated, latest);
  }
  const { symbol, bars, simulated, ...latest } = value as TickerFeatures;
  return drawLatest(symbol, bars, simulated, latest as Readonly<Record<string, number | null>>);
}

function drawLatest(symbol: string, bars: number, simulated: boolean, latest: Readonly<Record<string, number | null>>): MimeBundle {
  const say = `${symbol}: features of the last of ${plural(bars, "bar")}`;
  const pairs = Object.entries(latest).map(([name, value]) => [name, number(value)] as const);
  return {
    "text/html": page(html`<p><b>${say}</b> ${simulated ? SIMULATED : NOTHING}</p>`, facts(pairs)),
    "text/plain": `${say}${simulated ? " SIMULATED" : ""}\n${textTable(["Feature", "Value"], pairs)}`,
  };
}

function drawSignals(signals: readonly Signalled[]): MimeBundle {
  const simulated = signals.some((one) => "signal" in one && one.simulated);
  const count = (kind: TickerSignal["signal"]): number => signals.filter((one) => "signal" in one && one.signal === kind).length;
  const [only] = signals;
  const say =
    signals.length === 1 && only !== undefined && "signal" in only
      ? `${only.symbol}: ${only.signal}, strength ${percent(only.strength * 100, 0)}`
      : `${plural(signals.length, "symbol")}: ${count("buy")} buy, ${count("sell")} sell, ${count("hold")} hold`;
  const titles = ["Symbol", "Signal", "Strength", "Because"];
  const rows = signals.map((one) =>
    "signal" in one ? [one.symbol, one.signal, percent(one.strength * 100, 0), one.reasons.join(" ")] : [one.symbol, "–", "–", one.error],
  );
  return {
    "text/html": page(
      html`<p><b>${say}</b> ${simulated ? SIMULATED : NOTHING}</p>`,
      table(
        "Signals",
        titles.map((title, i) => ({ title, isNumber: i === 2 })),
        rows,
      ),
    ),
    "text/plain": `${say}${simulated ? " SIMULATED" : ""}\n${textTable(titles, rows)}`,
  };
}
