/** A Vega-Lite specification as an output: the specification itself, a static picture, and a sentence. */
import { parse, View, type Spec } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { CHART_MIME, type ShownChart } from "../../core/domain/shown.ts";
import type { MimeBundle } from "../protocol.ts";
import { COLOR, themed } from "./colors.ts";

export const VEGA_LITE = "application/vnd.vegalite.v5+json";

const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
/** Ours, where the specification says nothing else. */
const LOOK = {
  background: "transparent",
  font: FONT,
  view: { stroke: null },
  title: { color: COLOR.fg, fontSize: 12, fontWeight: 600, anchor: "start", offset: 8 },
  axis: {
    labelColor: COLOR.dim,
    titleColor: COLOR.dim,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 400,
    gridColor: COLOR.grid,
    domain: false,
    ticks: false,
    labelPadding: 6,
  },
  axisX: { grid: false, domain: true, domainColor: COLOR.axis, ticks: true, tickColor: COLOR.axis, tickSize: 3 },
  legend: { labelColor: COLOR.dim, titleColor: COLOR.dim },
};

/** `shown`: the same as our renderer draws it. */
export async function drawChart(spec: object, text: string, shown?: ShownChart): Promise<MimeBundle> {
  const { config, ...rest } = spec as { readonly config?: object };
  const full = { ...rest, config: { ...LOOK, ...config } };
  return { [VEGA_LITE]: full, "image/svg+xml": await svgOf(full), "text/plain": text, ...(shown === undefined ? {} : { [CHART_MIME]: shown }) };
}

/** Vega never loads anything for us: data that a specification names by address is refused. */
async function svgOf(spec: object): Promise<string> {
  const { spec: compiled } = compile(spec as TopLevelSpec, { logger: quiet() });
  let refused: Error | undefined;
  const refuse = async (uri: string): Promise<never> => {
    refused = new Error(`A chart does not load data by itself: read ${uri} in the cell and put its values into the specification.`);
    throw refused;
  };
  const view = new View(parse(compiled as Spec), {
    renderer: "none",
    logger: quiet(),
    loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse } as never,
  });
  try {
    const svg = await view.toSVG();
    if (refused !== undefined) throw refused; // Vega goes on without the data
    return themed(lean(svg));
  } finally {
    view.finalize();
  }
}

const MANY_MARKS = 100;
const LABEL = / aria-label="[^"]*" role="graphics-symbol" aria-roledescription="[^"]*"/g;

/** Hundredths of a pixel, and no spoken label for each of many marks: they were half of a notebook's size. Text in the picture stays as it is. */
function lean(svg: string): string {
  const rounded = svg.replace(/ (?:transform|d|x|y|x2|y2|width|height)="[^"]*"/g, (attribute) => attribute.replace(/(\.\d\d)\d+/g, "$1"));
  return (svg.match(LABEL)?.length ?? 0) > MANY_MARKS ? rounded.replace(LABEL, "") : rounded;
}

type VegaLogger = NonNullable<ConstructorParameters<typeof View>[1]>["logger"];

/** Vega's hints are not the reader's business; its errors are thrown. */
function quiet(): NonNullable<VegaLogger> {
  const log: NonNullable<VegaLogger> = {
    level: ((_?: number) => log) as never,
    error: () => log,
    warn: () => log,
    info: () => log,
    debug: () => log,
  } as NonNullable<VegaLogger>;
  return log;
}
