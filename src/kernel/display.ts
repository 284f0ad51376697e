/** `display`, `plot` and `clearOutput` of cells. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { RunningCell } from "./cellRun.ts";
import type { Display, Displayed, Plot } from "./deskTypes.d.ts";
import { drawValue, SHOWN, textOf } from "./drawValue.ts";
import type { SendFrame } from "./frames.ts";
import type { MimeBundle } from "./protocol.ts";

/** Displays of one run of a cell, and characters in them; more are left out, and the cell says so. */
const MAX_DISPLAYS = 2000;
const MAX_CHARACTERS = 64 * 2 ** 20;
/** Of a flood of updates the newest is shown in each of these spans. */
const UPDATE_MS = 20;
/** So many updates without a pause of `UPDATE_MS` are no flood. */
const AT_ONCE = 20;
/** A loop that clears and shows again is slowed to this: whoever looks sees no more, and the editor has to keep up. */
const CLEAR_MS = 5;

export interface DisplayParts {
  readonly send: SendFrame;
  readonly current: AsyncLocalStorage<RunningCell>;
  /** Streams written so far go out first, so that outputs keep their order. */
  readonly flush: () => void;
}

export interface CellDisplay {
  readonly display: Display;
  readonly plot: Plot;
  readonly clearOutput: () => void;
  /** Sends the updates that wait. */
  readonly flushUpdates: () => void;
}

export function createDisplay({ send, current, flush }: DisplayParts): CellDisplay {
  const process = randomUUID().slice(0, 8);
  let shown = 0;
  const waiting = new Map<string, () => void>();
  let updatedAt = Number.NEGATIVE_INFINITY;
  let sentAtOnce = 0;
  let timer: NodeJS.Timeout | undefined;

  const put = (bundles: readonly MimeBundle[], run: number, id: string, update: boolean): void => {
    flush();
    bundles.forEach((data, i) => send({ t: "display", run, id: i === 0 ? id : `${id}.${i}`, update, data }));
  };
  const flushUpdates = (): void => {
    clearTimeout(timer);
    timer = undefined;
    updatedAt = performance.now();
    const sends = [...waiting.values()];
    waiting.clear();
    for (const sendUpdate of sends) sendUpdate();
  };
  const putUpdate = (bundles: readonly MimeBundle[], run: number, id: string): void => {
    waiting.set(id, () => put(bundles, run, id, true));
    // A loop that never turns is served by age, the last update by the timer or the cell's end.
    const isPaused = performance.now() - updatedAt > UPDATE_MS;
    if (isPaused && waiting.size === 1 && timer === undefined) sentAtOnce = 0;
    if (isPaused || sentAtOnce++ < AT_ONCE) flushUpdates();
    else timer ??= current.exit(() => setTimeout(flushUpdates, UPDATE_MS));
  };
  const putNew = (bundles: readonly MimeBundle[], run: number, id: string, cell: RunningCell | undefined): void => {
    flushUpdates();
    if (cell === undefined || (!cell.leftOut && hasRoom(cell, bundles))) put(bundles, run, id, false);
    else if (!cell.leftOut) {
      cell.leftOut = true;
      flush();
      send({
        t: "out",
        run,
        stream: "stderr",
        text: `… more than ${MAX_DISPLAYS} displays or ${MAX_CHARACTERS / 2 ** 20} MB of them: the rest of this cell's are left out.\n`,
      });
    }
  };
  const show = (drawn: readonly MimeBundle[] | Promise<readonly MimeBundle[]>): Displayed => {
    const cell = current.getStore();
    const run = cell?.run ?? 0;
    const id = `${process}-${++shown}`;
    const settle = (bundles: readonly MimeBundle[], update: boolean): void => (update ? putUpdate(bundles, run, id) : putNew(bundles, run, id, cell));
    const out = (what: readonly MimeBundle[] | Promise<readonly MimeBundle[]>, update: boolean): void => {
      if (!(what instanceof Promise)) {
        settle(what, update);
        return;
      }
      // The cell ends after its pictures; a picture of a later timer is nobody's to wait for.
      const drawing = what.then((bundles) => settle(bundles, update)).finally(() => cell?.drawing.delete(drawing));
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
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let clearedAt = Number.NEGATIVE_INFINITY;
  const clearOutput = (): void => {
    const early = clearedAt + CLEAR_MS - performance.now();
    if (early > 0) Atomics.wait(pause, 0, 0, early);
    clearedAt = performance.now();
    const cell = current.getStore();
    if (cell !== undefined) [cell.displayed, cell.displayedCharacters, cell.leftOut] = [0, 0, false];
    flushUpdates();
    flush();
    send({ t: "clear", run: cell?.run ?? 0 });
  };
  return { display, plot, clearOutput, flushUpdates };
}

/** Counts `bundles` in. */
function hasRoom(cell: RunningCell, bundles: readonly MimeBundle[]): boolean {
  cell.displayed += bundles.length;
  for (const data of bundles) for (const form of Object.values(data)) if (typeof form === "string") cell.displayedCharacters += form.length;
  return cell.displayed <= MAX_DISPLAYS && cell.displayedCharacters <= MAX_CHARACTERS;
}
