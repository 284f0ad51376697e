/** A table of a cell: page by page, by any column, narrowed by a text. Small ones are all here; of others the kernel is asked. */
import { cellText, digitsOf, type Cell, type Look, type Looked, type ShownColumn, type ShownTable } from "../../core/domain/shown.ts";
import { h } from "../dom.ts";
import type { Asker } from "./asker.ts";
import { orderedPlaces } from "./localRows.ts";

const PAGE_SIZES = [20, 50, 100, 200];
/** After so long without a key the filter is asked for. */
const TYPED_MS = 250;
/** An answer that comes sooner changes nothing but the rows. */
const PATIENCE_MS = 200;
const LONG_MS = 5000;

interface Page {
  readonly rowCount: number;
  readonly matching: number;
  readonly rows: ReadonlyArray<readonly Cell[]>;
  readonly places: readonly number[];
}

interface Wanted {
  readonly from: number;
  readonly sort: Extract<Look, { what: "rows" }>["sort"];
  readonly filter: string;
  readonly size: number;
}

export function showTable(table: ShownTable, asker: Asker): HTMLElement {
  const { columns } = table;
  const isWhole = table.rows.length === table.rowCount;
  let isGone = table.id === null;
  const from = table.from === 0 ? 0 : Math.max(0, table.from + table.rows.length - table.pageSize);
  const first: Wanted = { from, sort: null, filter: "", size: table.pageSize };
  let wanted = first;
  let page: Page = local(wanted);
  let asked = 0;

  const body = h("tbody");
  const buttons = columns.map((column, i) => h("button", { type: "button", click: () => sortBy(i) }, column.name === "" ? "(no name)" : column.name));
  const heads = columns.map((column, i) => h("th", { scope: "col", class: column.isNumber ? "n" : null }, buttons[i] ?? null));
  const hasPlaces = table.rowCount > table.pageSize;
  const place = hasPlaces ? [h("th", { scope: "col", class: "n dim" }, h("span", { class: "sr" }, "Row"))] : [];
  const region = h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": table.say === "" ? `Table of ${count(table.rowCount, "row")}` : table.say },
    h("table", {}, h("thead", {}, h("tr", {}, ...place, ...heads)), body),
  );
  const filter = h("input", { type: "search", placeholder: "Filter", "aria-label": "Show only rows that contain", spellcheck: "false" });
  const where = h("span", { role: "status" });
  const step = (label: string, to: () => number) => h("button", { type: "button", click: () => go({ ...wanted, from: to() }) }, label);
  const steps = [
    step("First", () => 0),
    step("Previous", () => Math.max(0, wanted.from - wanted.size)),
    step("Next", () => wanted.from + wanted.size),
    step("Last", () => Math.max(0, (Math.ceil(page.matching / wanted.size) - 1) * wanted.size)),
  ];
  const sizes = h(
    "select",
    { "aria-label": "Rows on a page", change: () => go({ ...wanted, from: 0, size: Number(sizes.value) }) },
    ...[...new Set([table.pageSize, ...PAGE_SIZES])]
      .sort((a, b) => a - b)
      .map((size) => h("option", { value: size, selected: size === table.pageSize }, `${size} rows`)),
  );
  const note = h("p", { class: "dim s", hidden: true, role: "status" });
  const foot = h("div", { class: "foot s dim" }, where, ...steps, sizes, filter);
  foot.hidden = table.rowCount <= Math.min(table.pageSize, table.rows.length);

  let typing: ReturnType<typeof setTimeout> | undefined;
  filter.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => go({ ...wanted, from: 0, filter: filter.value }), TYPED_MS);
  });

  function sortBy(column: number): void {
    const now = wanted.sort?.column === column ? wanted.sort : null;
    const sort = now === null ? { column, descending: false } : now.descending ? null : { column, descending: true };
    go({ ...wanted, from: 0, sort });
  }

  /** Of what is at hand. */
  function local({ from, sort, filter: text, size }: Wanted): Page {
    const order = orderedPlaces(table.rows, sort, text);
    const start = isWhole ? from : Math.max(0, from - table.from);
    const shown = order.slice(start, start + size);
    return {
      rowCount: table.rowCount,
      matching: isWhole ? order.length : table.rowCount,
      rows: shown.map((i) => table.rows[i] ?? []),
      places: shown.map((i) => table.from + i),
    };
  }

  function go(next: Wanted): void {
    wanted = next;
    const mine = ++asked;
    if (isWhole || isGone || table.id === null) {
      if (!isWhole) wanted = { ...next, from: Math.max(table.from, Math.min(next.from, table.from + table.rows.length - next.size)) };
      show(local(wanted));
      return;
    }
    const slow = [
      setTimeout(() => say("The kernel looks for it …"), PATIENCE_MS),
      setTimeout(() => say("The kernel is still at it, or a cell computes without a pause …"), LONG_MS),
    ];
    asker
      .ask({ what: "rows", id: table.id, from: next.from, count: next.size, sort: next.sort, filter: next.filter })
      .then(
        (looked) => {
          if (mine === asked) take(looked);
        },
        (error: unknown) => {
          if (mine === asked) say(error instanceof Error ? error.message : String(error));
        },
      )
      .finally(() => slow.forEach((timer) => clearTimeout(timer)));
  }

  function take(looked: Looked): void {
    if (looked.what === "rows") {
      show(looked);
      return;
    }
    isGone = true;
    wanted = { ...first, size: wanted.size };
    show(local(wanted));
  }

  function say(text: string): void {
    note.textContent = text;
    note.hidden = text === "";
  }

  function show(now: Page): void {
    page = now;
    const digits = columns.map((_, i) => digitsOf([...table.rows, ...page.rows].map((row) => row[i])));
    body.replaceChildren(
      ...page.rows.map((row, r) =>
        h(
          "tr",
          {},
          ...(hasPlaces ? [h("td", { class: "n dim" }, String(page.places[r] ?? ""))] : []),
          ...columns.map((column, i) => cellOf(row[i] ?? null, column, digits[i] ?? 0)),
        ),
      ),
    );
    if (page.rows.length === 0) body.append(h("tr", {}, h("td", { colspan: columns.length + (hasPlaces ? 1 : 0), class: "dim" }, "No row contains this.")));
    heads.forEach((head, i) => {
      const sort = wanted.sort?.column === i ? wanted.sort : null;
      head.setAttribute("aria-sort", sort === null ? "none" : sort.descending ? "descending" : "ascending");
      buttons[i]?.setAttribute("data-sort", sort === null ? "" : sort.descending ? "▼" : "▲");
      if (buttons[i] !== undefined) buttons[i].disabled = isGone && !isWhole;
    });
    const end = wanted.from + page.rows.length;
    const of = page.matching === page.rowCount ? count(page.rowCount, "row") : `${page.matching.toLocaleString("en-US")} of ${count(page.rowCount, "row")}`;
    where.textContent = page.rows.length === 0 ? of : `${(wanted.from + 1).toLocaleString("en-US")}–${end.toLocaleString("en-US")} of ${of}`;
    const start = isGone && !isWhole ? table.from : 0;
    const last = isGone && !isWhole ? table.from + table.rows.length : page.matching;
    steps.forEach((button, i) => {
      button.disabled = i < 2 ? wanted.from <= start : end >= last;
    });
    filter.disabled = isGone && !isWhole;
    say(isGone && !isWhole ? `Run the cell again to page through all ${count(table.rowCount, "row")}.` : "");
  }

  show(page);
  const cut = table.columnCount > columns.length ? `The first ${columns.length} of ${count(table.columnCount, "column")}; map() shows others.` : "";
  return h(
    "div",
    { class: "qd" },
    table.say === "" ? null : h("p", {}, h("b", {}, table.say), table.isSimulated ? h("span", { class: "chip" }, "SIMULATED") : null),
    region,
    cut === "" ? null : h("p", { class: "dim s" }, cut),
    foot,
    note,
  );
}

function cellOf(cell: Cell, column: ShownColumn, digits: number): HTMLElement {
  const isOdd = Array.isArray(cell) && (cell[0] === "u" || cell[0] === "o" || (cell[0] === "n" && cell[1] === "NaN"));
  const text = cellText(cell, typeof cell === "number" ? digits : undefined, column);
  return h(
    "td",
    {
      class: [column.isNumber ? "n" : "", isOdd ? "dim" : ""].join(" ").trim() || null,
      title: typeof cell === "number" && text !== cellText(cell) ? cellText(cell) : null,
    },
    text,
  );
}

function count(many: number, what: string): string {
  return `${many.toLocaleString("en-US")} ${what}${many === 1 ? "" : "s"}`;
}
