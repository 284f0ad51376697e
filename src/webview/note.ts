/** A note: icon, sentence, at most a few ways out. */
import { h } from "./dom.ts";
import { noteIcon, type NoteKind } from "./icons.ts";

export function note(kind: NoteKind, strong: string, text: string, ...actions: readonly HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: `note ${kind}`, role: kind === "bad" ? "alert" : "status" },
    noteIcon(kind) as unknown as HTMLElement,
    h("div", {}, h("p", {}, h("b", {}, strong), ` ${text}`), actions.length === 0 ? null : h("p", { class: "act" }, ...actions)),
  );
}
