/**
 * outputs: draws the tables, trees and long texts of cells. What is not in an output is asked from the kernel that made it,
 * through the extension; where there is none any more, it shows what it has and says so.
 */
import { TABLE_MIME, TEXT_MIME, TREE_MIME, type ShownTable, type ShownText, type ShownTree } from "../../core/domain/shown.ts";
import { Asker, type RendererContext } from "./asker.ts";
import { shadowOf } from "./shadow.ts";
import css from "./outputs.css";
import { showTable } from "./table.ts";
import { showText } from "./text.ts";
import { showTree } from "./tree.ts";

interface OutputItem {
  readonly mime: string;
  json(): unknown;
}

export function activate(context: RendererContext): { readonly renderOutputItem: (item: OutputItem, element: HTMLElement) => void } {
  const asker = new Asker(context);
  return {
    renderOutputItem: (item, element) => {
      const root = shadowOf(element, css);
      switch (item.mime) {
        case TABLE_MIME:
          root.append(showTable(item.json() as ShownTable, asker));
          return;
        case TREE_MIME:
          root.append(showTree(item.json() as ShownTree, asker));
          return;
        case TEXT_MIME:
          root.append(showText(item.json() as ShownText, asker));
          return;
      }
    },
  };
}
