/** A panel: title, one sentence with the finding, a body, and where there is a picture its numbers behind "Table". */
import { h } from "../dom.ts";

export interface PanelBox {
  readonly root: HTMLElement;
  readonly say: HTMLElement;
  readonly body: HTMLElement;
  /** The table twin; absent in panels that are tables themselves. */
  readonly twin: HTMLElement | undefined;
}

export interface PanelOptions {
  readonly id: string;
  readonly title: string;
  readonly tools?: readonly HTMLElement[];
  readonly twin?: { readonly open: boolean; readonly onToggle: (open: boolean) => void };
}

export function panelBox({ id, title, tools = [], twin }: PanelOptions): PanelBox {
  const say = h("p", { class: "say", id: `${id}-say` });
  const body = h("div", { id: `${id}-body` });
  const table =
    twin === undefined ? undefined : h("div", { id: `${id}-table`, class: "scroll tall", tabindex: 0, role: "region", "aria-label": `${title}, as a table` });
  const buttons = [...tools];
  if (table !== undefined && twin !== undefined) {
    const toggle = h("button", { class: "link", "aria-controls": `${id}-table` });
    const show = (open: boolean) => {
      table.hidden = !open;
      body.hidden = open;
      toggle.textContent = open ? "Chart" : "Table";
      toggle.setAttribute("aria-expanded", String(open));
      toggle.setAttribute("aria-label", `${title}: ${open ? "chart" : "table"}`);
    };
    toggle.addEventListener("click", () => {
      show(table.hidden === true || table.hidden === "until-found");
      twin.onToggle(table.hidden === false);
    });
    show(twin.open);
    buttons.push(toggle);
  }
  const root = h(
    "section",
    { class: "panel", "aria-labelledby": `${id}-title` },
    h("header", {}, h("h2", { id: `${id}-title` }, title), h("span", { class: "tools" }, ...buttons)),
    say,
    body,
    table ?? null,
  );
  return { root, say, body, twin: table };
}
