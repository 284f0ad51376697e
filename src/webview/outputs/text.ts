/** A long text: its beginning, then a piece at a time. */
import type { ShownText } from "../../core/domain/shown.ts";
import { h } from "../dom.ts";
import type { Asker } from "./asker.ts";

export function showText({ id, text, characters, lines }: ShownText, asker: Asker): HTMLElement {
  const pre = h("pre", { tabindex: 0, role: "region", "aria-label": "Text" }, text);
  const note = h("p", { class: "dim s", hidden: true, role: "status" });
  let shown = text.length;
  const more = h("button", { type: "button", click: () => void grow() }, "");
  const fold = h("button", { type: "button", hidden: true, click: () => refold() }, "Show less");
  const label = (): void => {
    more.textContent = `Show more (${(characters - shown).toLocaleString("en-US")} characters)`;
    more.hidden = shown >= characters;
    fold.hidden = shown <= text.length;
  };
  const refold = (): void => {
    pre.textContent = text;
    shown = text.length;
    label();
    more.focus();
  };
  const grow = async (): Promise<void> => {
    more.disabled = true;
    try {
      const looked = id === null ? ({ what: "gone" } as const) : await asker.ask({ what: "text", id, from: shown });
      note.hidden = looked.what === "text";
      if (looked.what === "text") {
        pre.append(looked.text);
        shown += looked.text.length;
      } else note.textContent = "Run the cell again to read the rest: its kernel has let the text go.";
    } catch (error) {
      note.textContent = error instanceof Error ? error.message : String(error);
      note.hidden = false;
    } finally {
      more.disabled = false;
      label();
    }
  };
  label();
  const size = `Text of ${characters.toLocaleString("en-US")} characters${lines > 1 ? ` in ${lines.toLocaleString("en-US")} lines` : ""}`;
  return h("div", { class: "qd" }, h("p", {}, h("b", {}, size)), pre, h("div", { class: "foot s dim" }, more, fold), note);
}
