/**
 * The script inside a report: draws the charts' data with lightweight-charts in the page's colours, again when they change.
 * Each chart is a slider over its points: arrow keys move the cursor that the pointer shows too, and a button swaps the
 * picture for its numbers.
 */
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

  const digits = (value, places) => (value < 0 ? "−" : "") + Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  const when = (time) => { const text = new Date(time * 1000).toISOString(); return data.intraday ? text.slice(0, 16).replace("T", " ") : text.slice(0, 10); };

  /** One point at a time: by keys, by the pointer; said in words below the chart's names and to screen readers. */
  const readable = (chart, box, points, target, table) => {
    const label = box.getAttribute("aria-label");
    const line = document.createElement("p");
    line.className = "read";
    line.setAttribute("aria-hidden", "true");
    box.before(line);
    const places = new Map(points.map((point, i) => [point.time, i]));
    let at = points.length - 1;
    const tell = (i) => {
      at = i;
      box.setAttribute("aria-valuenow", String(i));
      box.setAttribute("aria-valuetext", points[i].say);
      line.textContent = points[i].say;
    };
    const attributes = { role: "slider", tabindex: "0", "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": String(points.length - 1), "aria-label": label + ". Arrow keys move from point to point." };
    for (const [name, value] of Object.entries(attributes)) box.setAttribute(name, value);
    tell(at);
    line.textContent = "";
    const show = (i) => {
      tell(i);
      const scale = chart.timeScale();
      const range = scale.getVisibleLogicalRange();
      if (range && (i < range.from || i > range.to)) {
        const shift = i < range.from ? i - range.from - 1 : i - range.to + 1;
        scale.setVisibleLogicalRange({ from: range.from + shift, to: range.to + shift });
      }
      chart.setCrosshairPosition(points[i].value, points[i].time, target);
    };
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    box.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const to = event.key === "Home" ? 0 : event.key === "End" ? points.length - 1 : event.key in steps ? at + steps[event.key] : undefined;
      if (to === undefined) return;
      event.preventDefault();
      show(Math.max(0, Math.min(points.length - 1, to)));
    });
    box.addEventListener("blur", () => { chart.clearCrosshairPosition(); line.textContent = ""; });
    chart.subscribeCrosshairMove(({ time, point }) => {
      const i = places.get(time);
      if (i !== undefined) tell(i);
      else if (point === undefined && document.activeElement !== box) line.textContent = "";
    });

    const holder = box.closest(".chart");
    const numbers = document.createElement("div");
    Object.assign(numbers, { className: "scroll numbers", id: box.id + "-numbers", tabIndex: 0, hidden: true });
    numbers.setAttribute("role", "region");
    numbers.setAttribute("aria-label", label.split(";")[0] + " in numbers");
    holder.after(numbers);
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "tool", textContent: "Table" });
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", numbers.id);
    button.setAttribute("aria-label", "Table: " + label.split(";")[0] + " in numbers");
    button.addEventListener("click", () => {
      const isShown = numbers.hidden;
      if (isShown && numbers.childElementCount === 0) numbers.append(tableOf(table));
      numbers.hidden = !isShown;
      holder.hidden = isShown;
      button.setAttribute("aria-expanded", String(isShown));
    });
    holder.closest(".panel").querySelector("h2").after(button);
  };
  const tableOf = ({ head, rows }) => {
    const made = document.createElement("table");
    const row = (tag, cells) => {
      const tr = document.createElement("tr");
      cells.forEach((text, i) => {
        const cell = document.createElement(tag);
        cell.textContent = text;
        if (i > 0) cell.className = "n";
        if (tag === "th") cell.scope = "col";
        tr.append(cell);
      });
      return tr;
    };
    made.createTHead().append(row("th", head));
    const body = made.createTBody();
    for (const cells of rows()) body.append(row("td", cells));
    return made;
  };

  const equity = make("equity", {});
  if (equity) {
    const money = { type: "custom", minMove: 0.01, formatter: (v) => "$" + (v >= 1e6 ? (v / 1e6).toFixed(2) + "m" : v >= 1000 ? (v / 1000).toFixed(1) + "k" : v.toFixed(v < 10 ? 2 : 0)) };
    series(equity, L.LineSeries, () => ({ color: color("other"), lineWidth: 1, priceLineVisible: false, crosshairMarkerVisible: false, priceFormat: money })).setData(zip(data.equity.time, data.equity.hold));
    const line = series(equity, L.LineSeries, () => ({ color: color("series"), lineWidth: 2, priceLineVisible: false, priceFormat: money }));
    line.setData(zip(data.equity.time, data.equity.value));
    series(equity, L.AreaSeries, () => ({ lineColor: color("down"), topColor: color("fill"), bottomColor: color("fill"), invertFilledArea: true, lineWidth: 1, priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: "custom", minMove: 0.01, formatter: (v) => (v < 0 ? "−" : "") + Math.abs(v).toFixed(1) + " %" } }), 1).setData(zip(data.equity.time, data.equity.drawdown));
    // Now that both panes are there: the drawdown below zero has no logarithm.
    equity.priceScale("right", 0).applyOptions({ mode: data.logarithmic ? 1 : 0, scaleMargins: { top: 0.12, bottom: 0.06 } });
    equity.priceScale("right", 1).applyOptions({ mode: 0, scaleMargins: { top: 0.14, bottom: 0.06 } });
    equity.panes()[1].setHeight(90);
    equity.timeScale().fitContent();
    const { time, value, hold, drawdown } = data.equity;
    const say = (i) => when(time[i]) + ": $" + digits(value[i], 2) + ", held $" + digits(hold[i], 2) + ", " + (drawdown[i] < 0 ? digits(drawdown[i], 1) + "\u00a0% below the peak" : "at the peak");
    readable(equity, document.getElementById("equity"), time.map((at, i) => ({ time: at, value: value[i], say: say(i) })), line, {
      head: ["Date", "Equity", "Held", "Fall from the peak"],
      rows: () => time.map((at, i) => [when(at), "$" + digits(value[i], 2), "$" + digits(hold[i], 2), digits(drawdown[i], 1) + "\u00a0%"]),
    });
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
    const traded = new Map();
    for (const [time, side, text] of data.price.trades) traded.set(time, [...(traded.get(time) ?? []), (side > 0 ? "bought" : "sold") + (text === "" ? "" : ", " + text)]);
    const say = ([time, open, high, low, close]) => when(time) + ": open " + digits(open, data.price.digits) + ", high " + digits(high, data.price.digits) + ", low " + digits(low, data.price.digits) + ", close " + digits(close, data.price.digits) + (traded.has(time) ? "; " + traded.get(time).join("; ") : "");
    readable(price, document.getElementById("price"), data.price.bars.map((bar) => ({ time: bar[0], value: bar[4], say: say(bar) })), candles, {
      head: ["Date", "Open", "High", "Low", "Close", "Trade"],
      rows: () => data.price.bars.map(([time, ...prices]) => [when(time), ...prices.map((one) => digits(one, data.price.digits)), (traded.get(time) ?? []).join("; ")]),
    });
    price.timeScale().setVisibleLogicalRange({ from: Math.max(-1, count - data.price.visible - 1), to: count + 4 });
  }
  const redraw = () => { for (const draw of charts) draw(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", redraw);
})();
`;
