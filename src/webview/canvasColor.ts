/** Colours for what draws on a canvas. */
import { h } from "./dom.ts";

/** A colour role, as it is at `place`, as rgba text: the chart library cannot read color-mix(), a canvas can. */
export function canvasColor(role: string, place: HTMLElement): string {
  const probe = h("span");
  probe.style.color = `var(${role})`;
  place.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  const context = h("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  if (context === null) return color;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 255] = context.getImageData(0, 0, 1, 1).data;
  return `rgba(${r}, ${g}, ${b}, ${(a / 255).toFixed(3)})`;
}
