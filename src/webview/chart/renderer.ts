/** chart: draws the candles and the equity that cells show, in the editor's colours; all that it shows is in the output itself. */
import type { ShownChart } from "../../core/domain/shown.ts";
import css from "../outputs/outputs.css";
import { shadowOf } from "../outputs/shadow.ts";
import chartCss from "./chart.css";
import { OutputChart } from "./outputChart.ts";

interface OutputItem {
  readonly id: string;
  json(): unknown;
}

export function activate(): {
  readonly renderOutputItem: (item: OutputItem, element: HTMLElement) => void;
  readonly disposeOutputItem: (id?: string) => void;
} {
  const charts = new Map<string, OutputChart>();
  const dispose = (id: string): void => {
    charts.get(id)?.dispose();
    charts.delete(id);
  };
  return {
    renderOutputItem: (item, element) => {
      dispose(item.id);
      const root = shadowOf(element, `${css}\n${chartCss}`);
      charts.set(item.id, new OutputChart(item.json() as ShownChart, root));
    },
    disposeOutputItem: (id) => {
      for (const one of id === undefined ? [...charts.keys()] : [id]) dispose(one);
    },
  };
}
