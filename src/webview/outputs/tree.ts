/** A value as a tree, by mouse and by the keys that trees have everywhere; branches that are not here are asked for. */
import type { ShownPart, ShownTree } from "../../core/domain/shown.ts";
import { h } from "../dom.ts";
import type { Asker } from "./asker.ts";

interface Branch {
  readonly item: HTMLElement;
  readonly open: () => void;
  readonly close: () => void;
}

export function showTree({ id, root }: ShownTree, asker: Asker): HTMLElement {
  const branches = new WeakMap<Element, Branch>();
  const note = h("p", { class: "dim s", hidden: true, role: "status" });
  const say = (text: string): void => {
    note.textContent = text;
    note.hidden = text === "";
  };
  const tree = h("div", { role: "tree", class: "tree", "aria-label": root.type });

  const ask = async (path: readonly number[], from: number): Promise<readonly ShownPart[] | null> => {
    try {
      const looked = id === null ? ({ what: "gone" } as const) : await asker.ask({ what: "parts", id, path, from });
      say(looked.what === "parts" ? "" : "Run the cell again to open this: its kernel has let the value go.");
      return looked.what === "parts" ? looked.parts : null;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      return null;
    }
  };

  const branchOf = (part: ShownPart, path: readonly number[], level: number): HTMLElement => {
    const isOpenable = part.count > 0;
    const label = h(
      "div",
      { class: "label" },
      h("span", { class: "twist", "aria-hidden": "true" }, ""),
      part.key === "" ? null : h("span", { class: "key" }, `${part.key}: `),
      isOpenable ? h("span", {}, `${part.type} `) : null,
      h("span", { class: isOpenable ? "preview" : `leaf ${part.type === "string" ? "text" : ""}` }, part.text),
    );
    const item = h(
      "div",
      { role: "treeitem", "aria-level": level, tabindex: -1, "aria-label": `${part.key === "" ? "" : `${part.key}: `}${isOpenable ? part.type : part.text}` },
      label,
    );
    if (!isOpenable) return item;
    const group = h("div", { role: "group", hidden: true });
    item.append(group);
    item.setAttribute("aria-expanded", "false");
    let shown = 0;
    let isAsking = false;
    const add = (parts: readonly ShownPart[]): void => {
      group.querySelector(":scope > .more")?.remove();
      parts.forEach((one, i) => group.append(branchOf(one, [...path, shown + i], level + 1)));
      shown += parts.length;
      if (shown < part.count) group.append(more());
    };
    const grow = async (): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      const had = shown;
      const parts = await ask(path, shown);
      isAsking = false;
      if (parts === null || parts.length === 0) return;
      const hadFocus = group.querySelector(":scope > .more:focus") !== null;
      add(parts);
      if (hadFocus) focus(group.children[had] as HTMLElement);
    };
    const more = (): HTMLElement => {
      const rest = (part.count - shown).toLocaleString("en-US");
      const button = h("div", { role: "treeitem", class: "more", "aria-level": level + 1, tabindex: -1 }, `Show more (${rest})`);
      branches.set(button, { item: button, open: () => void grow(), close: () => undefined });
      return button;
    };
    const open = (): void => {
      if (item.getAttribute("aria-expanded") === "true") return;
      const unfold = (): void => {
        item.setAttribute("aria-expanded", "true");
        group.hidden = false;
      };
      if (shown === 0 && part.parts !== undefined) add(part.parts);
      if (shown > 0) unfold();
      else void grow().then(() => (shown > 0 ? unfold() : undefined));
    };
    const close = (): void => {
      item.setAttribute("aria-expanded", "false");
      group.hidden = true;
    };
    branches.set(item, { item, open, close });
    return item;
  };

  const top = branchOf(root, [], 1);
  tree.append(top);
  branches.get(top)?.open();
  top.tabIndex = 0;

  const focus = (item: HTMLElement): void => {
    for (const one of tree.querySelectorAll<HTMLElement>('[tabindex="0"]')) one.tabIndex = -1;
    item.tabIndex = 0;
    item.focus();
  };
  const toggle = (item: HTMLElement): void => {
    const branch = branches.get(item);
    if (item.getAttribute("aria-expanded") === "true") branch?.close();
    else branch?.open();
  };
  tree.addEventListener("click", (event) => {
    const item = (event.target as Element).closest<HTMLElement>('[role="treeitem"]');
    if (item === null) return;
    focus(item);
    toggle(item);
  });
  tree.addEventListener("keydown", (event) => {
    const item = (event.target as Element).closest<HTMLElement>('[role="treeitem"]');
    if (item === null) return;
    const seen = [...tree.querySelectorAll<HTMLElement>('[role="treeitem"]')].filter((one) => one.closest("[hidden]") === null);
    const at = seen.indexOf(item);
    const isOpen = item.getAttribute("aria-expanded") === "true";
    const to = (index: number): void => {
      const target = seen[Math.max(0, Math.min(seen.length - 1, index))];
      if (target !== undefined) focus(target);
    };
    switch (event.key) {
      case "ArrowDown":
        to(at + 1);
        break;
      case "ArrowUp":
        to(at - 1);
        break;
      case "Home":
        to(0);
        break;
      case "End":
        to(seen.length - 1);
        break;
      case "ArrowRight":
        if (isOpen) to(at + 1);
        else branches.get(item)?.open();
        break;
      case "ArrowLeft": {
        const above = item.parentElement?.closest<HTMLElement>('[role="treeitem"]') ?? null;
        if (isOpen) branches.get(item)?.close();
        else if (above !== null) focus(above);
        break;
      }
      case "Enter":
      case " ":
        toggle(item);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return h("div", { class: "qd" }, tree, note);
}
