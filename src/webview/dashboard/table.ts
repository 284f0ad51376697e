/** Tables: numbers right-aligned, the region focusable so that it scrolls by keys. */
import { h } from "../dom.ts";
import { arrow, signed } from "../format.ts";

export interface Column {
  readonly title: string;
  readonly numeric?: true;
  /** Goes away in a narrow panel. */
  readonly wide?: true;
  /** Takes what is left and is cut with dots. */
  readonly cut?: true;
}

export type Cell = string | HTMLElement;

export function table(label: string, columns: readonly Column[], rows: ReadonlyArray<readonly Cell[]>): HTMLElement {
  const classOf = (column: Column | undefined, cell: boolean) =>
    [column?.numeric === true ? "n" : "", column?.wide === true ? "wide" : "", cell && column?.cut === true ? "ell" : ""]
      .filter((name) => name !== "")
      .join(" ") || null;
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col", class: classOf(column, false) }, column.title)))),
      h(
        "tbody",
        {},
        ...rows.map((row) =>
          h(
            "tr",
            {},
            ...row.map((cell, index) => h("td", { class: classOf(columns[index], true), title: columns[index]?.cut === true ? textOf(cell) : null }, cell)),
          ),
        ),
      ),
    ),
  );
}

/** A change with its arrow and sign; the arrow is for the eye only. */
export function move(value: number | null, digits = 2, unit = ""): HTMLElement {
  const direction = value === null || value === 0 ? "" : value > 0 ? "up" : "down";
  return h(
    "span",
    { class: `${direction} nw` },
    h("span", { "aria-hidden": "true" }, arrow(value)),
    `${arrow(value) === "" ? "" : "\u00a0"}${signed(value, digits, unit)}`,
  );
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : (cell.textContent ?? "");
}
