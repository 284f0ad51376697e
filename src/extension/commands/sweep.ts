/** Sweep from the palette: data, strategy, what to try; the page of the result opens beside the editor. */
import * as vscode from "vscode";
import * as v from "valibot";
import { TradingError } from "../../core/base/errors.ts";
import { luckSentence } from "../../core/domain/luck.ts";
import type { ParamSpec } from "../../core/domain/strategy.ts";
import type { SweepSpec } from "../../core/session.ts";
import { BACK, textStep } from "../steps.ts";
import { parseArgument } from "./argument.ts";
import { cancellable } from "./progress.ts";
import { askBacktest, BacktestFields, nameOf } from "./research.ts";
import type { Command } from "./window.ts";

const SweepArgument = v.object({
  ...BacktestFields,
  grid: v.optional(v.string()),
  where: v.optional(v.string()),
  method: v.optional(v.picklist(["grid", "random", "tpe"])),
  trials: v.optional(v.number()),
  seed: v.optional(v.number()),
  top: v.optional(v.number()),
});

const TITLE = "Run Sweep";
/** Between two lines of the progress notification. */
const TELL_MS = 250;

export const sweepCommands = {
  async sweep(window, argument) {
    const given = parseArgument(SweepArgument, argument);
    const asked = await askBacktest(window, given, TITLE);
    if (asked === undefined) return undefined;
    const tried = given.grid === undefined ? await askGrid(asked.strategy) : { grid: given.grid };
    if (tried === undefined) return undefined;
    const session = await window.desk.session();
    const spec = Object.fromEntries(Object.entries({ ...given, ...asked, ...tried }).filter(([, value]) => value !== undefined)) as unknown as SweepSpec;
    let told = 0;
    const sweep = await cancellable(`Sweeping ${nameOf(spec.strategy)} on ${nameOf(spec.data)}`, (signal, tell) =>
      session.sweep(
        spec,
        {
          onProgress: ({ done, combinations }) => {
            if (performance.now() - told < TELL_MS) return;
            told = performance.now();
            tell(`${done.toLocaleString("en-US")} of ${combinations.toLocaleString("en-US")} combinations`);
          },
        },
        signal,
      ),
    );
    const { result } = sweep;
    window.output.info(`${result.simulated ? "SIMULATED: " : ""}sweep of ${result.strategy} on ${result.dataset}: ${luckSentence(result)}`);
    show(await session.heatmap(sweep), `Sweep of ${result.strategy}${result.simulated ? " (SIMULATED)" : ""}`);
    return result;
  },
} satisfies Record<string, Command>;

/** The page has neither script nor network; the panel allows none. */
function show(html: string, title: string): void {
  const panel = vscode.window.createWebviewPanel("quantdesk.sweep", title, vscode.ViewColumn.Active, { enableScripts: false, localResourceRoots: [] });
  // The page goes by the system's colours, which need not be the window's.
  const draw = ({ kind }: vscode.ColorTheme) => {
    const isDark = kind === vscode.ColorThemeKind.Dark || kind === vscode.ColorThemeKind.HighContrast;
    panel.webview.html = html.replaceAll("@media (prefers-color-scheme:dark)", isDark ? "@media all" : "@media not all");
  };
  draw(vscode.window.activeColorTheme);
  const changes = vscode.window.onDidChangeActiveColorTheme(draw);
  panel.onDidDispose(() => changes.dispose());
}

async function askGrid(strategy: string): Promise<{ readonly grid: string; readonly where?: string } | undefined> {
  const { BUILTIN_STRATEGIES, checkGrid } = await import("../../core/session.ts");
  const params = BUILTIN_STRATEGIES.find(({ name }) => name === strategy)?.params ?? {};
  const parse = (text: string) => {
    const [, grid = "", where] = /^(.*?)(?:\s+where\s+(.*))?$/is.exec(text.trim()) ?? [];
    return where === undefined ? { grid } : { grid, where };
  };
  const answer = await textStep({
    title: TITLE,
    step: 3,
    total: 3,
    prompt: "What to try: name=from:to:step or name=1|2|3, and a condition if you like",
    placeholder: "fast=5:50:5,slow=20:200:10 where fast < slow",
    value: startingGrid(params),
    complain: (text) => {
      try {
        const { grid, where } = parse(text);
        checkGrid(grid, where);
        return undefined;
      } catch (error) {
        return TradingError.from(error, "bad-grid").message;
      }
    },
    parse,
  });
  return answer === BACK ? undefined : answer;
}

/** From half to twice the defaults, in four or so steps, of the first two parameters. */
function startingGrid(params: Readonly<Record<string, ParamSpec>>): string {
  return Object.entries(params)
    .slice(0, 2)
    .map(([name, { default: middle, integer }]) => {
      const round = (value: number) => (integer === true ? Math.max(1, Math.round(value)) : Number(value.toPrecision(3)));
      const [low, high] = [round(Math.min(middle / 2, middle * 2)), round(Math.max(middle / 2, middle * 2))];
      return high > low ? `${name}=${low}:${high}:${round((high - low) / 4)}` : `${name}=${middle}`;
    })
    .join(",");
}
