/** A value as a tree: JSON for programs, branches that fold as HTML, and our renderer's, which opens the rest by asking. */
import { TREE_MIME, type ShownPart, type ShownTree } from "../../core/domain/shown.ts";
import type { MimeBundle } from "../protocol.ts";
import type { Hold } from "../shown/held.ts";
import { shownTree } from "../shown/shownTree.ts";
import { html, NOTHING, page, type Html } from "./html.ts";

export function drawTree(value: unknown, text: string, hold: Hold): MimeBundle {
  const root = shownTree(value);
  const shown: ShownTree = { schema: "quantdesk.tree/1", id: root.count === 0 ? null : hold({ what: "parts", value }), root };
  return { "text/html": page(branch(root, true)), "text/plain": text, [TREE_MIME]: shown };
}

function branch(part: ShownPart, isOpen: boolean): Html {
  const name = part.key === "" ? NOTHING : html`<span class="qd-dim">${part.key}:</span> `;
  if (part.count === 0) return html`<div>${name}${part.text}</div>`;
  const { parts = [] } = part;
  const rest = part.count - parts.length;
  return html`<details${isOpen ? html` open` : NOTHING}><summary>${name}${part.type} <span class="qd-dim">${isOpen ? "" : part.text}</span></summary><div style="padding-left:16px">${parts.map((inner) => branch(inner, false))}${rest > 0 ? html`<div class="qd-dim">… ${rest.toLocaleString("en-US")} more</div>` : NOTHING}</div></details>`;
}
