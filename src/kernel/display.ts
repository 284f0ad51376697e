/** `display`, `plot` and `clearOutput` of cells. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { RunningCell } from "./cellRun.ts";
import type { Display, Displayed, Plot } from "./deskTypes.d.ts";
import { drawTree } from "./draw/tree.ts";
import { drawValue, SHOWN, textOf } from "./drawValue.ts";
import type { SendFrame } from "./frames.ts";
import { jsonOf } from "./json.ts";
import { createProgress } from "./progress.ts";
import type { MimeBundle } from "./protocol.ts";
import type { Hold } from "./shown/held.ts";

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
  /** For what one display shows; it replaces what that display showed before. */
  readonly holdFor: (display: string) => Hold;
  /** Of everything that the cell has shown. */
  readonly releaseAll: () => void;
}

export interface CellDisplay {
  readonly display: Display;
  readonly plot: Plot;
  readonly clearOutput: () => void;
  /** Sends the updates that wait. */
  readonly flushUpdates: () => void;
}

export function createDisplay({ send, current, flush, holdFor, releaseAll }: DisplayParts): CellDisplay {
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
  const place = (drawn: Drawn | ((hold: Hold) => Drawn)): Place => {
    const cell = current.getStore();
    const run = cell?.run ?? 0;
    const id = `${process}-${++shown}`;
    const settle = (bundles: readonly MimeBundle[], update: boolean): void => (update ? putUpdate(bundles, run, id) : putNew(bundles, run, id, cell));
    let own: Promise<void> | undefined;
    const out = (what: Drawn, update: boolean): void => {
      const before = update ? own : [...(cell?.drawing ?? [])].at(-1);
      if (!(what instanceof Promise) && before === undefined) {
        settle(what, update);
        return;
      }
      // The cell ends after its pictures, which come in their order; a picture of a later timer is nobody's to wait for.
      const drawing = Promise.resolve(before)
        .catch(() => undefined)
        .then(async () => settle(await what, update))
        .finally(() => {
          cell?.drawing.delete(drawing);
          if (own === drawing) own = undefined;
        });
      drawing.catch(() => undefined);
      own = drawing;
      cell?.drawing.add(drawing);
    };
    out(typeof drawn === "function" ? drawn(holdFor(id)) : drawn, false);
    const update = (value: unknown): void => out(drawValue(value, holdFor(id)), true);
    return {
      displayed: Object.defineProperty({ id, update }, SHOWN, { value: true, enumerable: false }),
      redraw: (bundle: MimeBundle) => out([bundle], true),
      drawn: own,
    };
  };
  const show = (drawn: Drawn | ((hold: Hold) => Drawn)): Displayed => place(drawn).displayed;
  /** Has its place among the displays now. */
  const showLater = async (drawn: Promise<MimeBundle>): Promise<Displayed> => {
    const shown = place(drawn.then((bundle) => [bundle]));
    await shown.drawn;
    return shown.displayed;
  };
  const as =
    (mime: string) =>
    (text: string): Displayed =>
      show([{ [mime]: text, "text/plain": textOf(text) }]);

  const image = (mime: string) => (data: string | Uint8Array) => show([{ [mime]: base64Of(data), "text/plain": `[${mime}]` }]);
  const display = Object.assign((value: unknown) => show(value === undefined ? [{ "text/plain": "undefined" }] : (hold) => drawValue(value, hold)), {
    html: as("text/html"),
    svg: as("image/svg+xml"),
    markdown: as("text/markdown"),
    latex: (text: string) => show([{ "text/latex": withDollars(text), "text/plain": text }]),
    png: image("image/png"),
    jpeg: image("image/jpeg"),
    gif: image("image/gif"),
    webp: (data: string | Uint8Array) => {
      // VS Code draws this kind inside HTML only.
      const base64 = base64Of(data).replaceAll(/[^A-Za-z0-9+/=]/g, "");
      return show([{ "image/webp": base64, "text/html": `<img alt="" src="data:image/webp;base64,${base64}">`, "text/plain": "[image/webp]" }]);
    },
    json: (value: unknown) =>
      show((hold) => {
        const json = jsonOf(value);
        // A bundle holds text and objects.
        return [{ ...(typeof json === "object" && json !== null ? { "application/json": json } : {}), ...drawTree(value, textOf(value), hold) }];
      }),
    progress: createProgress({ current, show: (bundle) => place([bundle]).redraw }),
    vegaLite: (spec: object) => showLater(import("./draw/chart.ts").then(({ drawChart }) => drawChart(spec, "[chart]"))),
  });
  const plot: Plot = (value, options = {}) => showLater(import("./draw/plot.ts").then(({ drawPlot }) => drawPlot(value, options)));
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
    releaseAll();
    send({ t: "clear", run: cell?.run ?? 0 });
  };
  return { display, plot, clearOutput, flushUpdates };
}

interface Place {
  readonly displayed: Displayed;
  readonly redraw: (bundle: MimeBundle) => void;
  /** Until it is there, where that takes time. */
  readonly drawn: Promise<void> | undefined;
}

type Drawn = readonly MimeBundle[] | Promise<readonly MimeBundle[]>;

function base64Of(data: string | Uint8Array): string {
  return typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

/** Whoever shows LaTeX looks for formulas between dollar signs. */
function withDollars(text: string): string {
  if (text.includes("$")) return text;
  const bare = text.trim().replace(/^\\\[([\s\S]*)\\\]$|^\\\(([\s\S]*)\\\)$/, (_, block?: string, inline?: string) => block ?? inline ?? "");
  return `$$\n${bare.trim()}\n$$`;
}

/** Counts `bundles` in. */
function hasRoom(cell: RunningCell, bundles: readonly MimeBundle[]): boolean {
  cell.displayed += bundles.length;
  for (const data of bundles) for (const form of Object.values(data)) if (typeof form === "string") cell.displayedCharacters += form.length;
  return cell.displayed <= MAX_DISPLAYS && cell.displayedCharacters <= MAX_CHARACTERS;
}
