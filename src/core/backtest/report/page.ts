/** The page around a report: palette, style, the chart library, all inline; its content policy allows no network. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../base/entry.ts";
import { TradingError } from "../../base/errors.ts";
import { escapeHtml } from "./format.ts";
import { DRAW } from "./draw.ts";

export interface Page {
  readonly title: string;
  readonly body: string;
  /** Given to the drawing script. */
  readonly charts: unknown;
}

export function page({ title, body, charts }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><div class="wrap">${body}</div>
<script>${chartLibrary()}</script>
<script type="application/json" id="charts">${JSON.stringify(charts).replace(/</g, "\\u003c")}</script>
<script>${DRAW}</script>
</body>
</html>
`;
}

/** lightweight-charts as one script: beside the bundles, or in a clone's node_modules. */
function chartLibrary(): string {
  const places = [
    join(packageRoot(), "node_modules", "lightweight-charts", "dist", "lightweight-charts.standalone.production.js"),
    join(packageRoot(), "dist", "lightweight-charts.js"),
  ];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new TradingError("no-chart-library", "The chart library for reports is not installed.", { hint: "Run npm ci." });
  return readFileSync(found, "utf8")
    .replace(/<\/script/gi, "<\\/script")
    .replace(/^\/\/# sourceMappingURL=.*$/m, "");
}

/** The roles of the house's look; only the two palettes hold literal colours. The canvas of the charts needs plain ones (--c-*). */
export const STYLE = `
:root{color-scheme:light dark;--font:"Segoe WPC","Segoe UI","Inter","Ubuntu",system-ui,sans-serif;--mono:"Cascadia Mono","SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
--fg:#3b3b3b;--dim:#616161;--bg:#ffffff;--rule:#e5e5e5;--code:#f8f8f8;--warn:#bf8803;--blue:#0063d3;--orange:#d18616;--link:#005fb8;--hover:#f2f2f2;--warn-text:#7a5600;
--c-series:#3b3b3b;--c-other:#a6a6a6;--c-up:#0063d3;--c-down:#b67b1d;--c-fill:#d1861640;--c-grid:#e5e5e5;--c-dim:#616161;--c-bg:#ffffff}
@media (prefers-color-scheme:dark){:root{--fg:#cccccc;--dim:#9d9d9d;--bg:#1f1f1f;--rule:#3a3a3a;--code:#2b2b2b;--warn:#cca700;--blue:#59a4f9;--orange:#d18616;--link:#4daafc;--hover:#2a2d2e;--warn-text:#e0bf3c;
--c-series:#cccccc;--c-other:#7a7a7a;--c-up:#59a4f9;--c-down:#d18616;--c-fill:#d1861640;--c-grid:#363636;--c-dim:#9d9d9d;--c-bg:#1f1f1f}}
:root{--grid:color-mix(in srgb,var(--fg) 13%,transparent);--axis:color-mix(in srgb,var(--fg) 32%,transparent);--up:var(--blue);--down:color-mix(in srgb,var(--orange) 82%,var(--fg));--up-text:color-mix(in srgb,var(--blue) 72%,var(--fg));--down-text:color-mix(in srgb,var(--orange) 52%,var(--fg))}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:13px/1.45 var(--font);font-variant-numeric:tabular-nums lining-nums;overflow-wrap:break-word}
.wrap{max-width:900px;margin:0 auto;padding:20px 16px 24px}
h1,h2,h3,p,dl,dd{margin:0;padding:0}h1{font-size:20px;line-height:28px;font-weight:600;letter-spacing:-.01em}h2{font-size:13px;line-height:20px;font-weight:600}h3{font-size:11px;line-height:16px;font-weight:600;border-bottom:1px solid var(--axis);padding-bottom:2px}
b{font-weight:600}small{font-size:11px}a{color:var(--link);text-underline-offset:2px}
.sim{font-size:11px;letter-spacing:.06em;color:var(--dim)}.chip{font-weight:600;border:1px solid currentColor;border-radius:2px;padding:0 6px;color:var(--fg)}
.meta{margin-top:4px;font-size:12px;line-height:18px;color:var(--dim)}.meta b{color:var(--fg)}.meta b.none{color:var(--warn-text)}.lead{margin-top:8px;font-size:14px;line-height:21px;text-wrap:pretty}
.mono{font-family:var(--mono);font-size:.92em}.up{color:var(--up-text)}.down{color:var(--down-text)}.nw{white-space:nowrap}
.note{display:flex;gap:8px;padding:6px 10px;margin:8px 0 0;font-size:12px;line-height:18px;border-left:3px solid var(--warn);background:color-mix(in srgb,var(--warn) 9%,transparent)}
.sign{color:var(--warn-text)}
.panel{position:relative;border-top:1px solid var(--rule);margin-top:18px;padding-top:8px}.tool{position:absolute;top:8px;right:0;padding:0 2px;border:0;background:none;color:var(--link);font:12px/20px var(--font);cursor:pointer}.tool:hover{text-decoration:underline}.tool[aria-expanded=true]{font-weight:600}.panel>h2:has(+.tool){padding-right:48px}
.read{position:absolute;z-index:3;top:18px;left:4px;max-width:calc(100% - 70px);font-size:11px;line-height:16px;color:var(--fg);pointer-events:none}.numbers{max-height:320px;overflow:auto}.numbers thead th{position:sticky;top:0;background:var(--bg)}[hidden]{display:none}.say{color:var(--dim);font-size:12px;line-height:18px;margin-bottom:6px;text-wrap:pretty}.say b{color:var(--fg)}
.chart{position:relative}.names{position:absolute;z-index:3;top:2px;left:4px;font-size:11px;line-height:16px;color:var(--dim);pointer-events:none}.names b{color:var(--fg)}
.cols{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:8px 24px;margin-top:14px}
dl.stats{font-size:12px}dl.stats>div{display:flex;justify-content:space-between;gap:8px;border-bottom:1px solid var(--grid);padding:2px 0;line-height:18px}dl.stats>div:last-child{border:0}dl.stats dt{color:var(--dim)}dl.stats dd{font-weight:600;white-space:nowrap}dl.stats small{font-weight:400;color:var(--dim)}
.scroll{position:relative;overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:12px;line-height:18px}
th{font-weight:400;color:var(--dim);font-size:11px;text-align:left;vertical-align:bottom;padding:0 0 3px 12px;border-bottom:1px solid var(--axis)}td{padding:2px 0 2px 12px;border-bottom:1px solid var(--grid)}th,td{white-space:nowrap}th:first-child,td:first-child{padding-left:0}th.n,td.n{text-align:right;white-space:nowrap}tbody tr:hover{background:var(--hover)}tr:last-child>td{border-bottom:0}tr.best td{font-weight:600}
table.heat{table-layout:fixed;min-width:600px;font-size:11px}table.heat th{border:0;padding:0 2px 2px;text-align:center}table.heat tbody th{text-align:right;padding:0 6px 0 0;vertical-align:middle}table.heat td{padding:0;height:22px;text-align:center;border:1px solid var(--bg);background:color-mix(in srgb,var(--c) var(--m),var(--bg))}table.heat td.no{background:none;color:var(--dim)}table.heat td.sum{font-weight:600}table.heat td.here{outline:2px dashed var(--fg);outline-offset:-2px;font-weight:600}
pre{margin:6px 0 0;padding:8px 10px;background:var(--code);font:11px/17px var(--mono);overflow-x:auto;white-space:pre-wrap}
.foot{border-top:1px solid var(--rule);margin-top:20px;padding-top:8px;font-size:11px;color:var(--dim)}
:focus-visible{outline:1px solid var(--link);outline-offset:2px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@page{size:A4;margin:14mm}
@media print{:root{--fg:#222222;--dim:#555555;--bg:#ffffff;--rule:#bbbbbb;--code:#f5f5f5;--blue:#0063d3;--orange:#d18616;--warn:#bf8803;--warn-text:#7a5600;--link:#005fb8;--hover:transparent;--c-series:#222222;--c-other:#999999;--c-up:#0063d3;--c-down:#b67b1d;--c-grid:#e5e5e5;--c-dim:#555555;--c-bg:#ffffff;color-scheme:light}.wrap{padding:0;max-width:none}.tool,.read{display:none}.numbers{max-height:none}.panel,tr,.note{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}table{font-size:10px}td,th,th.n,td.n{padding-left:7px}table.heat{min-width:0;font-size:9px}pre{white-space:pre-wrap;overflow-wrap:anywhere}*{print-color-adjust:exact}}
`;
