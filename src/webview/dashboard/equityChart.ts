/** The equity line, drawn by lightweight-charts in the editor's colours. To the keyboard it is a slider over the points. */
import { ColorType, createChart, CrosshairMode, LineSeries, type IChartApi, type ISeriesApi, type UTCTimestamp } from "lightweight-charts";
import { canvasColor } from "../canvasColor.ts";
import { h } from "../dom.ts";
import { moment, usd } from "../format.ts";

interface Point {
  /** UTC seconds moved to the reader's time zone: the library labels its axis in UTC. */
  readonly time: UTCTimestamp;
  /** UTC milliseconds. */
  readonly at: number;
  readonly value: number;
}

export class EquityChart {
  readonly element: HTMLElement;
  readonly #tip: HTMLElement;
  readonly #chart: IChartApi;
  readonly #line: ISeriesApi<"Line">;
  #points: readonly Point[] = [];
  #cursor: number | undefined;

  constructor() {
    this.#tip = h("span", { class: "tip", hidden: true, "aria-hidden": "true" });
    this.element = h(
      "div",
      {
        class: "chart",
        tabindex: 0,
        role: "slider",
        "aria-label": "Equity over time; arrow keys move the cursor",
        "aria-orientation": "horizontal",
        "aria-valuemin": 0,
      },
      this.#tip,
    );
    this.#chart = createChart(this.element, { autoSize: true, handleScroll: false, handleScale: false, crosshair: { mode: CrosshairMode.Magnet } });
    this.#line = this.#chart.addSeries(LineSeries, { lineWidth: 2, priceLineVisible: false });
    this.recolor();
    this.#chart.timeScale().subscribeSizeChange(() => this.#chart.timeScale().fitContent());
    // The editor changes the body's classes with its theme; a canvas has to be told.
    new MutationObserver(() => this.recolor()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("blur", () => this.#move(undefined));
    this.#chart.subscribeCrosshairMove(({ time }) => {
      if (document.activeElement === this.element) return;
      const index = time === undefined ? -1 : this.#points.findIndex((point) => point.time === time);
      this.#say(index < 0 ? undefined : index);
    });
  }

  set(equity: ReadonlyArray<{ readonly at: number; readonly equity: number }>): void {
    const bySecond = new Map<number, Point>();
    for (const { at, equity: value } of equity) {
      const time = (Math.floor(at / 1000) - new Date(at).getTimezoneOffset() * 60) as UTCTimestamp;
      bySecond.set(time, { time, at, value });
    }
    this.#points = [...bySecond.values()].sort((a, b) => a.time - b.time);
    const span = (this.#points.at(-1)?.time ?? 0) - (this.#points[0]?.time ?? 0);
    this.#chart.applyOptions({
      localization: { priceFormatter: axisFormat(this.#points) },
      timeScale: { minBarSpacing: 0.01, timeVisible: span < 10 * 86_400, secondsVisible: span < 600 },
    });
    this.#line.setData([...this.#points]);
    this.#chart.timeScale().fitContent();
    const last = this.#points.length - 1;
    this.element.setAttribute("aria-valuemax", String(last));
    this.#describe(this.#cursor ?? last);
  }

  recolor(): void {
    const resolved = (role: string): string => canvasColor(role, document.body);
    const dim = resolved("--dim");
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: "transparent" },
        textColor: dim,
        fontSize: 11,
        fontFamily: getComputedStyle(document.body).fontFamily,
        attributionLogo: true,
      },
      grid: { vertLines: { visible: false }, horzLines: { color: resolved("--grid") } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: resolved("--axis") },
      crosshair: { vertLine: { color: resolved("--fg"), labelVisible: false }, horzLine: { visible: false, labelVisible: false } },
    });
    this.#line.applyOptions({ color: resolved("--series"), crosshairMarkerBackgroundColor: resolved("--series") });
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#points.length - 1;
    const at = this.#cursor ?? last;
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last, Escape: Number.NaN }[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    this.#move(Number.isNaN(target) ? undefined : Math.max(0, Math.min(last, target)));
  }

  #move(index: number | undefined): void {
    this.#cursor = index;
    const point = index === undefined ? undefined : this.#points[index];
    if (point === undefined) this.#chart.clearCrosshairPosition();
    else this.#chart.setCrosshairPosition(point.value, point.time, this.#line);
    this.#say(index);
    this.#describe(index ?? this.#points.length - 1);
  }

  #say(index: number | undefined): void {
    this.#tip.hidden = index === undefined;
    if (index !== undefined) this.#tip.textContent = this.#words(index);
  }

  #describe(index: number): void {
    this.element.setAttribute("aria-valuenow", String(Math.max(0, index)));
    this.element.setAttribute("aria-valuetext", index < 0 ? "no points yet" : this.#words(index));
  }

  #words(index: number): string {
    const point = this.#points[index];
    return point === undefined ? "" : `${moment(point.at)}  ${usd(point.value)}`;
  }
}

/** Cents only where a dollar is too coarse to tell the axis' marks apart. */
function axisFormat(points: readonly Point[]): (price: number) => string {
  const values = points.map((point) => point.value);
  const digits = Math.max(...values) - Math.min(...values) < 10 ? 2 : 0;
  return (price) => usd(price, digits);
}
