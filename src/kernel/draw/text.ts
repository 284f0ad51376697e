/** A long text: its beginning, and the rest folded away. */
import { TEXT_MIME, type ShownText } from "../../core/domain/shown.ts";
import type { MimeBundle } from "../protocol.ts";
import type { Hold } from "../shown/held.ts";
import { plural } from "./format.ts";
import { html, NOTHING, page } from "./html.ts";

const HEAD_LINES = 10;
const HEAD_CHARACTERS = 1000;
/** Of the HTML's folded part. */
const MAX_FOLDED = 200_000;

export function drawText(text: string, plain: string, hold: Hold): MimeBundle {
  const head = headOf(text);
  const lines = lineCount(text);
  const shown: ShownText = { schema: "quantdesk.text/1", id: hold({ what: "text", text }), text: head, characters: text.length, lines };
  const folded = text.slice(head.length, head.length + MAX_FOLDED);
  const left = text.length - head.length - folded.length;
  const say = `Text of ${plural(text.length, "character")}${lines > 1 ? ` in ${plural(lines, "line")}` : ""}`;
  return {
    "text/html": page(
      html`<p><b>${say}</b></p><pre>${head}</pre><details><summary>The rest</summary><pre>${folded}</pre>${left > 0 ? html`<p class="qd-dim">… ${plural(left, "more character", "more characters")}; slice() shows them.</p>` : NOTHING}</details>`,
    ),
    "text/plain": plain,
    [TEXT_MIME]: shown,
  };
}

function headOf(text: string): string {
  const head = text.slice(0, HEAD_CHARACTERS);
  let at = -1;
  for (let line = 0; line < HEAD_LINES; line++) {
    at = head.indexOf("\n", at + 1);
    if (at < 0) return head;
  }
  return head.slice(0, at + 1);
}

function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
