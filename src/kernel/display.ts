/** `display`, `plot` and `clearOutput` of cells. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { RunningCell } from "./cellRun.ts";
import type { Display, Displayed, Plot } from "./deskTypes.d.ts";
import { drawValue, SHOWN, textOf } from "./drawValue.ts";
import type { SendFrame } from "./frames.ts";
import type { MimeBundle } from "./protocol.ts";

export interface DisplayParts {
  readonly send: SendFrame;
  readonly current: AsyncLocalStorage<RunningCell>;
  /** Streams written so far go out first, so that outputs keep their order. */
  readonly flush: () => void;
}

export function createDisplay({ send, current, flush }: DisplayParts): { readonly display: Display; readonly plot: Plot; readonly clearOutput: () => void } {
  const process = randomUUID().slice(0, 8);
  let shown = 0;

  const put = (bundles: readonly MimeBundle[], run: number, id: string, update: boolean): void => {
    flush();
    bundles.forEach((data, i) => send({ t: "display", run, id: i === 0 ? id : `${id}.${i}`, update, data }));
  };
  const show = (drawn: readonly MimeBundle[] | Promise<readonly MimeBundle[]>): Displayed => {
    const cell = current.getStore();
    const run = cell?.run ?? 0;
    const id = `${process}-${++shown}`;
    const out = (what: readonly MimeBundle[] | Promise<readonly MimeBundle[]>, update: boolean): void => {
      if (!(what instanceof Promise)) {
        put(what, run, id, update);
        return;
      }
      // The cell ends after its pictures; a picture of a later timer is nobody's to wait for.
      const drawing = what.then((bundles) => put(bundles, run, id, update)).finally(() => cell?.drawing.delete(drawing));
      drawing.catch(() => undefined);
      cell?.drawing.add(drawing);
    };
    out(drawn, false);
    return Object.defineProperty({ id, update: (value: unknown) => out(drawValue(value), true) }, SHOWN, { value: true, enumerable: false });
  };
  const as =
    (mime: string) =>
    (text: string): Displayed =>
      show([{ [mime]: text, "text/plain": textOf(text) }]);

  const display = Object.assign((value: unknown) => show(value === undefined ? [{ "text/plain": "undefined" }] : drawValue(value)), {
    html: as("text/html"),
    svg: as("image/svg+xml"),
    markdown: as("text/markdown"),
    latex: as("text/latex"),
    png: (data: string | Uint8Array) =>
      show([{ "image/png": typeof data === "string" ? data : Buffer.from(data).toString("base64"), "text/plain": "[image]" }]),
    json: (value: unknown) => show([{ "application/json": JSON.parse(JSON.stringify(value)) as object, "text/plain": textOf(value) }]),
    vegaLite: async (spec: object) => {
      const { drawChart } = await import("./draw/chart.ts");
      return show([await drawChart(spec, "[chart]")]);
    },
  });
  const plot: Plot = async (value, options = {}) => {
    const { drawPlot } = await import("./draw/plot.ts");
    return show([await drawPlot(value, options)]);
  };
  const clearOutput = (): void => {
    flush();
    send({ t: "clear", run: current.getStore()?.run ?? 0 });
  };
  return { display, plot, clearOutput };
}
