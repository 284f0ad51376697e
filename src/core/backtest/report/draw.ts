/** The script inside a report: draws the charts' data with lightweight-charts in the page's colours, again when they change. */
export const DRAW = String.raw`
(() => {
  const data = JSON.parse(document.getElementById("charts").textContent);
  const L = window.LightweightCharts;
  const charts = [];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--c-" + name).trim();
  const look = () => ({
    layout: { background: { color: color("bg") }, textColor: color("dim"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily, attributionLogo: true, panes: { separatorColor: color("grid"), enableResize: false } },
    grid: { vertLines: { visible: false }, horzLines: { color: color("grid") } },
    rightPriceScale: { borderVisible: false, entireTextOnly: true },
    timeScale: { borderColor: color("grid"), timeVisible: data.intraday, secondsVisible: false, minBarSpacing: 0.001 },
  });
  const make = (id, extra) => {
    const box = document.getElementById(id);
    if (!box) return null;
    const chart = L.createChart(box, { ...look(), autoSize: true, handleScroll: { mouseWheel: false }, handleScale: { mouseWheel: false }, localization: { locale: "en-US", dateFormat: "yyyy-MM-dd" }, ...extra });
    charts.push(() => chart.applyOptions(look()));
    return chart;
  };
  const zip = (times, values) => times.map((time, i) => ({ time, value: values[i] }));
  const series = (chart, kind, options, pane) => {
    const made = chart.addSeries(kind, options(), pane);
    charts.push(() => made.applyOptions(options()));
    return made;
  };

  const equity = make("equity", {});
  if (equity) {
    const money = { type: "custom", minMove: 0.01, formatter: (v) => "$" + (v >= 1e6 ? (v / 1e6).toFixed(2) + "m" : v >= 1000 ? (v / 1000).toFixed(1) + "k" : v.toFixed(v < 10 ? 2 : 0)) };
    series(equity, L.LineSeries, () => ({ color: color("other"), lineWidth: 1, priceLineVisible: false, crosshairMarkerVisible: false, priceFormat: money })).setData(zip(data.equity.time, data.equity.hold));
    series(equity, L.LineSeries, () => ({ color: color("series"), lineWidth: 2, priceLineVisible: false, priceFormat: money })).setData(zip(data.equity.time, data.equity.value));
    series(equity, L.AreaSeries, () => ({ lineColor: color("down"), topColor: color("fill"), bottomColor: color("fill"), invertFilledArea: true, lineWidth: 1, priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: "custom", minMove: 0.01, formatter: (v) => (v < 0 ? "−" : "") + Math.abs(v).toFixed(1) + " %" } }), 1).setData(zip(data.equity.time, data.equity.drawdown));
    // Now that both panes are there: the drawdown below zero has no logarithm.
    equity.priceScale("right", 0).applyOptions({ mode: data.logarithmic ? 1 : 0, scaleMargins: { top: 0.12, bottom: 0.06 } });
    equity.priceScale("right", 1).applyOptions({ mode: 0, scaleMargins: { top: 0.14, bottom: 0.06 } });
    equity.panes()[1].setHeight(90);
    equity.timeScale().fitContent();
  }

  const price = make("price", { handleScroll: true });
  if (price) {
    const candles = series(price, L.CandlestickSeries, () => ({ upColor: color("bg"), borderUpColor: color("up"), wickUpColor: color("up"), downColor: color("down"), borderDownColor: color("down"), wickDownColor: color("down"), priceLineVisible: false, priceFormat: { type: "price", precision: data.price.digits, minMove: 10 ** -data.price.digits } }));
    candles.setData(data.price.bars.map(([time, open, high, low, close]) => ({ time, open, high, low, close })));
    // From entry to exit, dotted, of the trades that are in view when the report opens.
    for (const [from, to, entry, exit] of data.price.lines) if (from < to) series(price, L.LineSeries, () => ({ color: color("dim"), lineWidth: 1, lineStyle: 1, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false })).setData([{ time: from, value: entry }, { time: to, value: exit }]);
    const markers = () => data.price.trades.map(([time, side, text]) => ({ time, position: side > 0 ? "belowBar" : "aboveBar", shape: side > 0 ? "arrowUp" : "arrowDown", color: side > 0 ? color("series") : text.startsWith("−") ? color("down") : color("up"), text }));
    const drawn = L.createSeriesMarkers(candles, markers());
    charts.push(() => drawn.setMarkers(markers()));
    const count = data.price.bars.length;
    price.timeScale().setVisibleLogicalRange({ from: Math.max(-1, count - data.price.visible - 1), to: count + 4 });
  }
  const redraw = () => { for (const draw of charts) draw(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", redraw);
})();
`;
