/** An output's own room, which neither the notebook's styles nor other outputs reach. */
import { h } from "../dom.ts";

export function shadowOf(element: HTMLElement, css: string): ShadowRoot {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  root.replaceChildren(h("style", {}, css));
  return root;
}
