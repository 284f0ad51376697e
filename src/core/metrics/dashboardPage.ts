/**
 * The page that `quantdesk serve` shows at its root: what the stream pushes, drawn. It is one file without data: it asks
 * for the token, keeps it for this browser tab only, and nothing else may load or run in it.
 */
import { createHash } from "node:crypto";
import { STREAM_PATH, STREAM_PROTOCOL, TOKEN_PROTOCOL } from "./apiNames.ts";

export interface DashboardPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function dashboardPage(): DashboardPage {
  const script = pageScript();
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(STYLE)}'`,
    // Browsers of some years ago do not count ws: as 'self'.
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Quantdesk performance</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Quantdesk performance</h1><span id="link" role="status">not connected</span></header>
<form id="enter"><label for="token">Token, from the file that <code>quantdesk serve</code> names</label>
<div><input id="token" type="password" autocomplete="off" spellcheck="false" required><button>Connect</button></div></form>
<main id="main" hidden>
<section id="verdict" aria-live="polite"></section>
<dl id="figures"></dl>
<figure><svg id="line" viewBox="0 0 600 80" preserveAspectRatio="none" role="img" aria-label="Loop lag, P95, over the last two minutes"></svg>
<figcaption>Loop lag P95 over the last two minutes; the dashed line is the limit of 10 ms</figcaption></figure>
<table><thead><tr><th>Operation</th><th>Ended</th><th>Success</th><th>P50 ms</th><th>P95 ms</th><th>P99 ms</th><th>Longest ms</th></tr></thead>
<tbody id="operations"></tbody></table>
</main>
<script>${script}</script>
</body>
</html>
`,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    },
  };
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

const STYLE = `
:root { --ink: light-dark(#1f2328, #d8dee4); --dim: light-dark(#59636e, #9198a1); --rule: light-dark(#d1d9e0, #3d444d);
  --ok: light-dark(#1a7f37, #3fb950); --bad: light-dark(#b35900, #e3a008); --worst: light-dark(#cf222e, #f85149); color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #0d1117); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
header { display: flex; justify-content: space-between; align-items: baseline; border-bottom: 1px solid var(--rule); }
h1 { font-size: 1.1rem; font-weight: 600; margin: 0 0 .5rem; }
#link, figcaption, dt, label { color: var(--dim); }
form { margin: 2rem 0; } form div { display: flex; gap: .5rem; margin-top: .25rem; } input { flex: 1; }
input, button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--rule); border-radius: 4px; padding: .3rem .6rem; }
#verdict { margin: 1rem 0; } #verdict b { text-transform: capitalize; } .ok b { color: var(--ok); } .degraded b { color: var(--bad); } .failing b { color: var(--worst); }
#verdict ul { margin: .25rem 0 0; padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; margin: 1rem 0; }
dt { font-size: .85rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } svg { width: 100%; height: 80px; border-bottom: 1px solid var(--rule); }
path { fill: none; stroke: var(--ink); stroke-width: 1.5; vector-effect: non-scaling-stroke; } line { stroke: var(--bad); stroke-dasharray: 4 4; vector-effect: non-scaling-stroke; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; } th { color: var(--dim); font-weight: 500; } :focus-visible { outline: 2px solid var(--ok); outline-offset: 1px; }
`;

/** Runs in the browser. What arrives becomes text, never markup. */
function pageScript(): string {
  return `"use strict";
const at = (id) => document.getElementById(id);
const KEEP = "quantdesk.token", LIMIT_MS = 10, POINTS = 120, lags = [];
const text = (value, digits) => value === null || value === undefined ? "\\u2013" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const share = (value) => value === null ? "\\u2013" : text(Math.floor(value * 1000) / 10, 1) + " %";
const make = (name, content) => { const node = document.createElement(name); if (content !== undefined) node.textContent = content; return node; };
let wait = 1000, socket;

function connect(token) {
  const encoded = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  socket = new WebSocket(location.origin.replace("http", "ws") + "${STREAM_PATH}", ["${STREAM_PROTOCOL}", "${TOKEN_PROTOCOL}" + encoded]);
  let opened = false;
  socket.onopen = () => { opened = true; wait = 1000; at("link").textContent = "connected"; sessionStorage.setItem(KEEP, token); at("enter").hidden = true; at("main").hidden = false; };
  socket.onmessage = (event) => draw(JSON.parse(event.data));
  socket.onclose = async () => {
    at("link").textContent = "not connected";
    if (!opened && await isRefused(token)) {
      sessionStorage.removeItem(KEEP);
      at("enter").hidden = false;
      at("main").hidden = true;
      at("link").textContent = "the token is wrong";
      return;
    }
    setTimeout(() => connect(token), wait);
    wait = Math.min(wait * 2, 30000);
  };
}

async function isRefused(token) {
  try {
    return (await fetch("/api/performance/health", { headers: { authorization: "Bearer " + token } })).status === 401;
  } catch { return false; }
}

function draw({ health, summary }) {
  const verdict = at("verdict");
  verdict.className = health.status;
  const reasons = make("ul");
  for (const alert of health.alerts) reasons.append(make("li", alert.reason + " Since " + new Date(alert.since).toLocaleTimeString() + "."));
  verdict.replaceChildren(make("b", health.status), reasons);
  const lag = summary === null ? null : summary.lagMs;
  const latency = summary === null ? null : summary.latencyMs;
  const rows = [
    ["Loop lag P50, ms", text(lag && lag.p50, 1)], ["Loop lag P95, ms", text(lag && lag.p95, 1)], ["Loop lag P99, ms", text(lag && lag.p99, 1)],
    ["Operations", text(summary && summary.operations, 0)], ["Success", share(summary && summary.successRate)], ["Per second", text(summary && summary.opsPerSecond, 1)],
    ["Latency P95, ms", text(latency && latency.p95, 1)], ["Waiting", text(health.queue.depth, 0) + " of " + text(health.queue.capacity, 0)], ["Workers", text(health.workers, 0)],
  ];
  at("figures").replaceChildren(...rows.map(([name, value]) => { const row = make("div"); row.append(make("dt", name), make("dd", value)); return row; }));
  if (lag !== null) lags.push(lag.p95);
  if (lags.length > POINTS) lags.shift();
  drawLine();
  const byOperation = Object.entries(summary === null ? {} : summary.byOperation);
  at("operations").replaceChildren(...byOperation.map(([name, one]) => {
    const row = make("tr");
    const ms = one.latencyMs;
    for (const cell of [name, text(one.operations, 0), share(one.successRate), text(ms && ms.p50, 2), text(ms && ms.p95, 2), text(ms && ms.p99, 2), text(ms && ms.max, 2)]) row.append(make("td", cell));
    return row;
  }));
}

function drawLine() {
  const top = Math.max(LIMIT_MS * 1.5, ...lags);
  const y = (ms) => 78 - (ms / top) * 74;
  const part = (name, attributes) => { const node = document.createElementNS("http://www.w3.org/2000/svg", name); for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value); return node; };
  const path = lags.map((ms, i) => (i === 0 ? "M" : "L") + (((POINTS - lags.length + i) / (POINTS - 1)) * 600).toFixed(1) + " " + y(ms).toFixed(1)).join("");
  at("line").replaceChildren(part("line", { x1: 0, x2: 600, y1: y(LIMIT_MS), y2: y(LIMIT_MS) }), part("path", { d: path }));
}

at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = at("token").value.trim();
  at("token").value = "";
  if (/^[\\x21-\\x7e]+$/.test(token)) connect(token);
  else at("link").textContent = "the token is wrong";
});
const kept = sessionStorage.getItem(KEEP);
if (kept !== null) connect(kept);
`;
}
