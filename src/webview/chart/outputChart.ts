/** One chart of a cell. To the keyboard it is a slider over its points. */
import {
  BaselineSeries,
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  LineSeries,
  type IChartApi,
  type ISeriesApi,
  type SeriesType,
  type UTCTimestamp,
} from "lightweight-charts";
import type { ShownChart } from "../../core/domain/shown.ts";
import { canvasColor } from "../canvasColor.ts";
import { h } from "../dom.ts";
import { plain, usd } from "../format.ts";

const DAY_MS = 86_400_000;

export class OutputChart {
  readonly #shown: ShownChart;
  readonly #frame: HTMLElement;
  readonly #tip: HTMLElement;
  readonly #chart: IChartApi;
  readonly #main: ISeriesApi<SeriesType>;
  readonly #fall: ISeriesApi<"Baseline"> | undefined;
  readonly #falls: readonly number[];
  readonly #isDaily: boolean;
  readonly #observer: MutationObserver;
  #cursor: number | undefined;

  constructor(shown: ShownChart, root: ShadowRoot) {
    this.#shown = shown;
    this.#isDaily = shown.time.every((ms) => ms % DAY_MS === 0);
    this.#tip = h("span", { class: "tip", hidden: true, "aria-hidden": "true" });
    this.#frame = h(
      "div",
      {
        class: `chart ${shown.kind}`,
        tabindex: 0,
        role: "slider",
        "aria-label": `${shown.title}. ${shown.say}. Arrow keys move the cursor`,
        "aria-orientation": "horizontal",
        "aria-valuemin": 0,
        "aria-valuemax": Math.max(0, shown.time.length - 1),
      },
      this.#tip,
    );
    const mark = shown.isSimulated ? h("span", { class: "chip" }, "SIMULATED") : null;
    root.append(h("div", { class: "qd" }, h("p", {}, h("b", {}, shown.title), mark), this.#frame));
    this.#chart = createChart(this.#frame, { autoSize: true, handleScroll: false, handleScale: false, crosshair: { mode: CrosshairMode.Magnet } });
    this.#falls = shown.kind === "equity" ? fallsOf(shown.values.map(([value = 0]) => value)) : [];
    if (shown.kind === "candles") {
      const candles = this.#chart.addSeries(CandlestickSeries, { priceLineVisible: false, lastValueVisible: false });
      candles.setData(shown.values.map(([open = 0, high = 0, low = 0, close = 0], i) => ({ time: this.#time(i), open, high, low, close })));
      this.#main = candles;
    } else {
      const line = this.#chart.addSeries(LineSeries, {
        lineWidth: 2,
        priceLineVisible: false,
        priceFormat: { type: "custom", formatter: (value: number) => usd(value, 0) },
      });
      line.setData(shown.values.map(([value = 0], i) => ({ time: this.#time(i), value })));
      this.#main = line;
      this.#fall = this.#chart.addSeries(
        BaselineSeries,
        {
          lineWidth: 1,
          priceLineVisible: false,
          lastValueVisible: false,
          baseValue: { type: "price", price: 0 },
          priceFormat: { type: "custom", formatter: (value: number) => `${plain(value, 0)} %` },
        },
        1,
      );
      this.#fall.setData(this.#falls.map((value, i) => ({ time: this.#time(i), value })));
      this.#fall.priceScale().applyOptions({ scaleMargins: { top: 0.15, bottom: 0.1 } });
      this.#chart.panes()[1]?.setHeight(64);
    }
    this.#recolor();
    this.#chart.timeScale().fitContent();
    this.#chart.timeScale().subscribeSizeChange(() => this.#chart.timeScale().fitContent());
    // The editor changes the body's classes with its theme; a canvas has to be told.
    this.#observer = new MutationObserver(() => this.#recolor());
    this.#observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
    this.#frame.addEventListener("keydown", (event) => this.#onKey(event));
    this.#frame.addEventListener("blur", () => this.#move(undefined));
    this.#chart.subscribeCrosshairMove(({ logical }) => {
      if (root.activeElement === this.#frame) return;
      this.#say(logical === undefined ? undefined : Math.round(logical));
    });
    this.#describe(shown.time.length - 1);
  }

  dispose(): void {
    this.#observer.disconnect();
    this.#chart.remove();
  }

  #time(i: number): UTCTimestamp {
    return Math.floor((this.#shown.time[i] ?? 0) / 1000) as UTCTimestamp;
  }

  #recolor(): void {
    const color = (role: string): string => canvasColor(role, this.#frame);
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: "transparent" },
        textColor: color("--dim"),
        fontSize: 11,
        fontFamily: getComputedStyle(this.#frame).fontFamily,
        attributionLogo: true,
        panes: { separatorColor: color("--grid"), enableResize: false },
      },
      grid: { vertLines: { visible: false }, horzLines: { color: color("--grid") } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: color("--axis"), minBarSpacing: 0.01, timeVisible: !this.#isDaily, secondsVisible: false },
      crosshair: { vertLine: { color: color("--fg"), labelVisible: false }, horzLine: { visible: false, labelVisible: false } },
    });
    const [up, down] = [color("--up"), color("--down")];
    if (this.#shown.kind === "candles") {
      // Up is hollow, down is filled: not by colour alone.
      this.#main.applyOptions({ upColor: "transparent", downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down });
      return;
    }
    const series = color("--series");
    this.#main.applyOptions({ color: series, crosshairMarkerBackgroundColor: series });
    const shade = down.replace(/[\d.]+\)$/, "0.28)");
    this.#fall?.applyOptions({ topLineColor: down, bottomLineColor: down, bottomFillColor1: shade, bottomFillColor2: shade });
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#shown.time.length - 1;
    const at = this.#cursor ?? last;
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last, Escape: Number.NaN }[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#move(Number.isNaN(target) ? undefined : Math.max(0, Math.min(last, target)));
  }

  #move(index: number | undefined): void {
    this.#cursor = index;
    const value = index === undefined ? undefined : this.#shown.values[index]?.at(-1);
    if (index === undefined || value === undefined) this.#chart.clearCrosshairPosition();
    else this.#chart.setCrosshairPosition(value, this.#time(index), this.#main);
    this.#say(index);
    this.#describe(index ?? this.#shown.time.length - 1);
  }

  #say(index: number | undefined): void {
    const words = index === undefined ? "" : this.#words(index);
    this.#tip.hidden = words === "";
    this.#tip.textContent = words;
  }

  #describe(index: number): void {
    this.#frame.setAttribute("aria-valuenow", String(Math.max(0, index)));
    this.#frame.setAttribute("aria-valuetext", this.#words(index));
  }

  #words(index: number): string {
    const values = this.#shown.values[index];
    const at = this.#shown.time[index];
    if (values === undefined || at === undefined) return "";
    const iso = new Date(at).toISOString();
    const when = this.#isDaily ? iso.slice(0, 10) : `${iso.slice(0, 16).replace("T", " ")} UTC`;
    if (this.#shown.kind === "equity") return `${when}  ${usd(values[0] ?? null)}  fall ${plain(this.#falls[index] ?? null, 1)} %`;
    const [open, high, low, close] = values.map((value) => plain(value));
    return `${when}  open ${open}  high ${high}  low ${low}  close ${close}`;
  }
}

/** Below the running peak, in percent: 0 or less. */
function fallsOf(equity: readonly number[]): number[] {
  let peak = 0;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? (value / peak - 1) * 100 : 0;
  });
}
