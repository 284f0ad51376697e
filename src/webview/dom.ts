/** Elements made by calls: text is always text, so nothing that comes in a frame can become markup. */

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null | ((event: Event) => void)>>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag: string, attributes: Readonly<Record<string, string | number>> = {}, ...children: ReadonlyArray<SVGElement | string>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Puts `children` into `parent` only when `value` differs from what it shows, so that focus and selection stay. */
export function showOnChange(parent: HTMLElement, value: unknown, children: () => ReadonlyArray<Child>): boolean {
  const text = JSON.stringify(value);
  if (shown.get(parent) === text) return false;
  shown.set(parent, text);
  parent.replaceChildren(...children().filter((child) => child !== null));
  return true;
}

const shown = new WeakMap<HTMLElement, string>();
