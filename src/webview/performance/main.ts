/** The performance view: one number large, a logarithmic meter with its limit, two minutes as a line, then the operations. */
import "./performance.css";
import { h, showOnChange, svg } from "../dom.ts";
import { number, plain } from "../format.ts";
import { openHost } from "../host.ts";
import type { LagFigures, PerformanceFrame } from "../protocol.ts";

const LIMIT_MS = 10;
const POINTS = 120;

start();

function start(): void {
  const host = openHost();
  const app = document.getElementById("app") as HTMLElement;
  const draw = (frame: PerformanceFrame) => {
    const width = Math.max(160, Math.floor(app.clientWidth) - 24);
    showOnChange(app, { frame: { ...frame, at: 0 }, width }, () =>
      frame.running && frame.lag !== null ? figures(frame, frame.lag, width) : [notStarted(() => host.run("startSession"))],
    );
  };
  let last: PerformanceFrame | undefined;
  host.onFrame<PerformanceFrame>((frame) => {
    last = frame;
    draw(frame);
  });
  new ResizeObserver(() => {
    if (last !== undefined) draw(last);
  }).observe(app);
  host.ready();
}

function notStarted(begin: () => void): HTMLElement {
  return h(
    "div",
    { class: "empty" },
    h("p", {}, "Figures appear here when a session is running: how long the loop waits, and the operations it ran."),
    h("p", {}, h("button", { class: "p", click: begin }, "Start Session")),
  );
}

function figures(frame: PerformanceFrame, lag: LagFigures, width: number): HTMLElement[] {
  const over = lag.p95 > LIMIT_MS;
  const sentence = over
    ? h("p", { class: "say" }, h("b", {}, "Over the limit."), ` P95 is above the ${LIMIT_MS}\u00a0ms limit.`)
    : h("p", { class: "say" }, `Calm. P95 is under the ${LIMIT_MS}\u00a0ms limit.`);
  const words = `Loop lag of the extension host: P50 ${number(lag.p50, 1)} milliseconds, P95 ${number(lag.p95, 1)}, P99 ${number(lag.p99, 1)}, limit ${LIMIT_MS}`;
  return [
    h("h2", {}, "Loop lag"),
    h(
      "div",
      { class: "big" },
      h("b", {}, `${number(lag.p50, 1)}\u00a0ms`),
      h("span", { class: "dim" }, `P95 ${number(lag.p95, 1)} · P99 ${number(lag.p99, 1)}\u00a0ms`),
    ),
    sentence,
    ...frame.alerts.map((alert) => h("p", { class: "say" }, h("b", {}, "Attention."), ` ${alert}`)),
    h("div", { role: "img", "aria-label": `${words}, on a logarithmic scale` }, meter(lag, over, width) as unknown as HTMLElement),
    h("div", { role: "img", "aria-label": "Loop lag over the last two minutes" }, line(frame.history, width) as unknown as HTMLElement),
    operations(frame),
  ];
}

function operations({ operations: done, lag }: PerformanceFrame): HTMLElement {
  const row = (name: string, value: string, unit = "") => h("div", {}, h("dt", {}, name), h("dd", {}, value, unit === "" ? null : h("small", {}, ` ${unit}`)));
  // Cut, not rounded: 99.97 % must not read 100.
  const rate = done?.successRate ?? null;
  return h(
    "dl",
    { class: "rows" },
    row("Longest wait", `${number(lag?.max ?? 0, 1)}\u00a0ms`),
    row("Operations", plain(done?.perSecond ?? null, 1), "/s"),
    row("Operations in all", number(done?.total ?? 0, 0)),
    row(
      "Success",
      rate === null ? "–" : `${number(Math.floor(rate * 1000) / 10, 1)}\u00a0%`,
      done !== null && done.failed > 0 ? `${number(done.failed, 0)} failed` : "",
    ),
  );
}

/** 0.1 to 100 ms, logarithmic: filled to P95, strokes at P95 and P99, a dot at P50, the limit dashed. */
function meter(lag: LagFigures, over: boolean, width: number): SVGElement {
  const x = (ms: number) => Math.max(0, Math.min(width, ((Math.log10(Math.max(ms, 0.1)) + 1) / 3) * width));
  const stroke = (ms: number) => svg("line", { x1: x(ms), x2: x(ms), y1: 12, y2: 26, class: "mark" });
  const at95 = x(lag.p95);
  const at99 = Math.max(x(lag.p99), at95 + 4);
  const label = (ms: number, text: string) => svg("text", { x: x(ms), y: 38, "text-anchor": ms <= 0.1 ? "start" : ms >= 100 ? "end" : "middle" }, text);
  return svg(
    "svg",
    { width, height: 42, viewBox: `0 0 ${width} 42`, "aria-hidden": "true" },
    svg("rect", { x: 0, y: 16, width, height: 6, class: "track" }),
    svg("rect", { x: 0, y: 16, width: at95, height: 6, class: over ? "fill over" : "fill" }),
    svg("line", { x1: x(LIMIT_MS), x2: x(LIMIT_MS), y1: 12, y2: 26, class: "limit" }),
    stroke(lag.p95),
    stroke(lag.p99),
    svg("circle", { cx: Math.max(4, x(lag.p50)), cy: 19, r: 4, class: "now" }),
    svg("text", { x: at95 - 3, y: 9, "text-anchor": at95 < 30 ? "start" : "end" }, at95 < 30 ? "" : "P95"),
    svg("text", { x: Math.min(at99 + 1, width - 24), y: 9 }, "P99"),
    label(0.1, "0.1"),
    label(1, "1"),
    label(LIMIT_MS, `${LIMIT_MS} limit`),
    label(100, "100 ms"),
  );
}

function line(history: readonly number[], width: number): SVGElement {
  const height = 56;
  const right = width - 44;
  const top = Math.max(12, ...history);
  const y = (ms: number) => height - 2 - (ms / top) * (height - 8);
  const x = (index: number) => ((POINTS - history.length + index) / (POINTS - 1)) * right;
  const path = history.map((ms, index) => `${index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(ms).toFixed(1)}`).join("");
  const last = history.at(-1);
  return svg(
    "svg",
    { width, height: height + 16, viewBox: `0 0 ${width} ${height + 16}`, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: right, y1: y(LIMIT_MS), y2: y(LIMIT_MS), class: "limit" }),
    svg("text", { x: right + 5, y: y(LIMIT_MS) + 4 }, `${LIMIT_MS} ms`),
    svg("line", { x1: 0, x2: right, y1: height - 1, y2: height - 1, class: "base" }),
    svg("text", { x: right + 5, y: height }, "0"),
    svg("text", { x: 0, y: height + 12 }, "2 min ago"),
    svg("text", { x: right, y: height + 12, "text-anchor": "end" }, "now"),
    ...(path === "" ? [] : [svg("path", { d: path, class: "line" })]),
    ...(last === undefined ? [] : [svg("circle", { cx: right, cy: y(last), r: 2.2, class: "now" })]),
  );
}
