/** HTML of results: every value is escaped, every rule is scoped to our own class, every colour is the theme's. */

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | ReadonlyArray<string | Html>;

/** Escapes what is put in, but for other Html. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, i) => text + (i < parts.length ? partText(parts[i] as Part) : "")).join(""));
}

function partText(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map((inner) => partText(inner)).join("");
  return String(part).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export const SIMULATED = html`<span class="qd-chip">SIMULATED</span>`;
export const NOTHING = html``;

const STYLE = `.qd{--fg:var(--vscode-foreground,#3b3b3b);--dim:var(--vscode-descriptionForeground,#717171);--grid:color-mix(in srgb,var(--fg) 13%,transparent);--axis:color-mix(in srgb,var(--fg) 32%,transparent);--up:color-mix(in srgb,var(--vscode-charts-blue,#0063d3) 72%,var(--fg));--orange:rgb(from var(--vscode-charts-orange,#d18616) r g b/1);--down:color-mix(in srgb,var(--orange) 52%,var(--fg));--warn:var(--vscode-charts-yellow,#bf8803);color:var(--fg);font:12px/18px var(--vscode-font-family,system-ui,sans-serif);font-variant-numeric:tabular-nums lining-nums;max-width:920px}
.qd p{margin:0 0 4px}.qd b{font-weight:600}.qd .qd-dim{color:var(--dim)}.qd .qd-s{font-size:11px;line-height:16px}.qd .qd-up{color:var(--up)}.qd .qd-down{color:var(--down)}
.qd .qd-head{font-size:16px;line-height:24px;font-weight:600;margin:0}.qd .qd-box{border-left:3px solid var(--axis);padding:2px 0 2px 14px}.qd .qd-chip{display:inline-block;font-size:11px;line-height:16px;font-weight:600;letter-spacing:.04em;padding:0 6px;border:1px solid currentColor;border-radius:2px;vertical-align:middle}
.qd .qd-scroll{overflow-x:auto}.qd table{color:inherit;border-collapse:collapse;width:100%;font-size:12px;line-height:18px;border:0;margin:0}.qd th{font-weight:400;color:var(--dim);font-size:11px;text-align:left;vertical-align:bottom;padding:0 0 3px 12px;border:0;border-bottom:1px solid var(--axis);background:none}.qd td{padding:2px 0 2px 12px;text-align:left;vertical-align:top;border:0;border-bottom:1px solid var(--grid);background:none}.qd tr,.qd thead{background:none!important}.qd th:first-child,.qd td:first-child{padding-left:0}.qd th.qd-n,.qd td.qd-n{text-align:right;white-space:nowrap}.qd tr:last-child>td{border-bottom:0}
.qd dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:0 24px;margin:4px 0}.qd dl>div{display:flex;justify-content:space-between;gap:8px;border-bottom:1px solid var(--grid);padding:2px 0}.qd dt{color:var(--dim);font-weight:400;margin:0;padding:0;width:auto;float:none}.qd dd{margin:0;font-weight:600;white-space:nowrap}
.qd .qd-note{border-left:3px solid var(--warn);background:color-mix(in srgb,var(--warn) 9%,transparent);padding:4px 10px;margin:4px 0}
.qd pre{margin:0 0 4px;padding:0;background:none;color:inherit;font:12px/18px var(--vscode-editor-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere}.qd summary{cursor:pointer}.qd summary:focus-visible{outline:1px solid var(--vscode-focusBorder,currentColor);outline-offset:1px}
.qd .qd-bar{display:flex;align-items:center;gap:4px 12px;flex-wrap:wrap}.qd .qd-meter{flex:0 1 240px;height:6px;background:var(--grid)}.qd .qd-meter i{display:block;height:100%;background:color-mix(in srgb,var(--fg) 62%,transparent)}.qd .qd-meter i.qd-done{background:color-mix(in srgb,var(--fg) 32%,transparent)}.qd .qd-meter i.qd-stopped,.qd .qd-meter i.qd-interrupted{background:var(--warn)}`;

/** One output: what it says first, then its parts. */
export function page(...parts: readonly Html[]): string {
  return `<div class="qd"><style>${STYLE}</style>${parts.map((part) => part.text).join("")}</div>`;
}

export interface Column {
  readonly title: string;
  /** Right-aligned. */
  readonly isNumber?: boolean;
}

export function table(label: string, columns: readonly Column[], rows: ReadonlyArray<ReadonlyArray<string | Html>>): Html {
  const align = (i: number): Html => (columns[i]?.isNumber === true ? html` class="qd-n"` : NOTHING);
  return html`<div class="qd-scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${columns.map((c, i) => html`<th scope="col"${align(i)}>${c.title}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td${align(i)}>${cell}</td>`)}</tr>`)}</tbody></table></div>`;
}

export function facts(pairs: ReadonlyArray<readonly [string, string | Html]>): Html {
  return html`<dl>${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function warning(text: string): Html {
  return html`<div class="qd-note" role="note"><b>Note:</b> ${text}</div>`;
}

/** The same table for fronts without HTML. */
export function textTable(titles: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(titles), line(widths.map((w) => "-".repeat(w))), ...rows.map(line)].join("\n");
}
