/** The two note icons. They repeat what the word says and are hidden from screen readers. */
import { svg } from "./dom.ts";

export type NoteKind = "info" | "warn" | "bad";

export function noteIcon(kind: NoteKind): SVGElement {
  const frame = kind === "warn" ? svg("path", { d: "M8 2 15 14H1Z", class: "icon-edge" }) : svg("circle", { cx: 8, cy: 8, r: 6.3, class: "icon-edge" });
  const mark = { warn: "M8 6v4M8 11.4v1.2", bad: "m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8", info: "M8 7v4.2M8 4.6V6" }[kind];
  return svg("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }, frame, svg("path", { d: mark, class: "icon-mark" }));
}
