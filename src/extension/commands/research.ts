/** Scan, analyze, backtest: from the palette with questions, from a program with an argument. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";
import type { BacktestResult } from "../../core/domain/backtest.ts";
import type { Analysis } from "../../core/domain/research.ts";
import type { BacktestSpec } from "../../core/session.ts";
import { plain, signed } from "../../webview/format.ts";
import { BACK, pickStep, textStep, type PickChoice } from "../steps.ts";
import { parseArgument, SymbolText } from "./argument.ts";
import { cancellable } from "./progress.ts";
import type { Command, Window } from "./window.ts";

/** Scanner files of a folder that run in one scan. */
const MOST_FOUND = 32;

/** `files` are those of the workspace's scanners folder when neither they nor `scanners` nor `pipeline` are given. */
const ScanArgument = v.object({
  scanners: v.optional(v.array(v.string())),
  pipeline: v.optional(v.string()),
  files: v.optional(v.array(v.string())),
  sequential: v.optional(v.boolean()),
});

/** What a backtest and a sweep are told in the same words. */
export const BacktestFields = {
  data: v.optional(v.string()),
  strategy: v.optional(v.string()),
  params: v.optional(v.record(v.string(), v.number())),
  engine: v.optional(v.picklist(["auto", "event", "vector", "simple"])),
  cash: v.optional(v.number()),
  feeRate: v.optional(v.number()),
  slippageBps: v.optional(v.number()),
  fill: v.optional(v.picklist(["next-open", "close"])),
  from: v.optional(v.string()),
  to: v.optional(v.string()),
};
const BacktestArgument = v.object(BacktestFields);

export const researchCommands = {
  async scan(window, argument) {
    const { scanners, pipeline, files, sequential } = parseArgument(ScanArgument, argument);
    const session = await window.desk.session();
    const found = files === undefined && scanners === undefined && pipeline === undefined ? await ownFiles(window.desk.folder, "scanners") : [];
    const options = {
      ...(scanners === undefined ? {} : { scanners }),
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(files === undefined ? {} : { files }),
      ...(found.length === 0 ? {} : { foundFiles: found.slice(0, MOST_FOUND) }),
      ...(sequential === undefined ? {} : { sequential }),
    };
    const result = await cancellable("Scanning", (signal) => session.scan({ ...options, onLine: (line) => window.output.info(line) }, signal));
    const failed = result.scanners.filter((scanner) => scanner.status === "error" || scanner.status === "timeout" || scanner.status === "open-circuit");
    if (failed.length > 0) {
      quiet(
        window,
        vscode.window
          .showWarningMessage(
            `${failed.length} of ${result.scanners.length} scanners failed: ${failed.map((scanner) => `${scanner.name} (${scanner.error ?? scanner.status})`).join(", ")}.`,
            "Open Log",
          )
          .then((choice) => choice && vscode.commands.executeCommand("quantdesk.openLog")),
      );
    }
    quiet(window, vscode.commands.executeCommand("quantdesk.candidates.focus"));
    return result;
  },

  async analyze(window, argument) {
    const { symbol: given } = parseArgument(v.object({ symbol: v.optional(SymbolText) }), typeof argument === "string" ? { symbol: argument } : argument);
    const symbol = given ?? (await askSymbol());
    if (symbol === undefined) return undefined;
    const session = await window.desk.session();
    const analysis = await cancellable(`Analyzing ${symbol}`, (signal) => session.analyze(symbol, { onLine: (line) => window.output.info(line) }, signal));
    const sentence = `${analysis.simulated ? "SIMULATED: " : ""}${symbol}: ${analysis.action}, confidence ${analysis.confidence.toFixed(2)}. ${analysis.reasons[0] ?? ""}`;
    window.output.info(sentence);
    quiet(
      window,
      vscode.window.showInformationMessage(sentence, "Show Reasons").then((choice) => (choice === undefined ? undefined : showAnalysis(analysis))),
    );
    return analysis;
  },

  async backtest(window, argument) {
    const given = parseArgument(BacktestArgument, argument);
    const asked = await askBacktest(window, given, "Run Backtest");
    if (asked === undefined) return undefined;
    const session = await window.desk.session();
    const spec = Object.fromEntries(Object.entries({ ...given, ...asked }).filter(([, value]) => value !== undefined)) as unknown as BacktestSpec;
    const result = await cancellable(`Backtesting ${nameOf(spec.strategy)} on ${nameOf(spec.data)}`, (signal) => session.backtest(spec, signal));
    const sentence = resultSentence(result);
    window.output.info(sentence);
    quiet(
      window,
      vscode.window.showInformationMessage(sentence, "Open Dashboard").then((choice) => choice && window.openDashboard()),
    );
    return result;
  },
} satisfies Record<string, Command>;

/** "sma_cross on SP500: return +12.3 %, Sharpe 0.41, worst fall −18.4 %, 31 trades. Fee 0.1 %, slippage 5 bps." */
export function resultSentence(result: BacktestResult): string {
  const { stats } = result;
  const params = Object.values(result.params).join("/");
  const figures = `return ${signed(stats.totalReturnPct, 1, "%")}, Sharpe ${plain(stats.sharpe)}, worst fall ${plain(-Math.abs(stats.maxDrawdownPct), 1)}\u00a0%, ${stats.trades} ${stats.trades === 1 ? "trade" : "trades"}`;
  const costs = `Fee ${plain(result.costs.feeRate * 100, 2)}\u00a0%, slippage ${plain(result.costs.slippageBps, 0)}\u00a0bps.`;
  return `${result.simulated ? "SIMULATED prices: " : ""}${result.strategy}${params === "" ? "" : ` ${params}`} on ${result.dataset.name}: ${figures}. ${costs}`;
}

async function askSymbol(): Promise<string | undefined> {
  const answer = await textStep({
    title: "Analyze Symbol",
    step: 1,
    total: 1,
    prompt: "Symbol",
    placeholder: "AAPL",
    complain: (text) => (v.is(SymbolText, text) ? undefined : "Write the symbol like AAPL."),
    parse: (text) => v.parse(SymbolText, text),
  });
  return answer === BACK ? undefined : answer;
}

async function showAnalysis(analysis: Analysis): Promise<void> {
  const lines = [
    `# ${analysis.symbol}: ${analysis.action}, confidence ${analysis.confidence.toFixed(2)}${analysis.simulated ? " (SIMULATED prices)" : ""}`,
    "",
    ...analysis.reasons.map((reason) => `- ${reason}`),
    "",
    "| analyst | stance | confidence | says |",
    "|---|---|---|---|",
    ...analysis.opinions.map(
      (opinion) => `| ${opinion.analyst} | ${opinion.stance} | ${opinion.confidence.toFixed(2)} | ${opinion.text.replaceAll("|", "\\|")} |`,
    ),
    "",
    `Stop ${plain(analysis.stop)}, target ${plain(analysis.target)}. Simulated results are not investment advice.`,
  ];
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "markdown", content: lines.join("\n") }), { preview: true });
}

export async function askBacktest(
  window: Window,
  given: { readonly data?: string | undefined; readonly strategy?: string | undefined },
  title: string,
): Promise<{ data: string; strategy: string } | undefined> {
  let { data, strategy } = given;
  for (;;) {
    if (data === undefined) {
      const answer = await askData(title);
      if (answer === undefined || answer === BACK) return undefined;
      data = answer;
    }
    if (strategy === undefined) {
      const answer = await askStrategy(window, given.data === undefined ? 2 : 1, title);
      if (answer === undefined) return undefined;
      if (answer === BACK) {
        data = given.data;
        if (data !== undefined) return undefined;
        continue;
      }
      strategy = answer;
    }
    return { data, strategy };
  }
}

async function askData(title: string) {
  const { isClone } = await import("../../core/base/entry.ts");
  const files = vscode.workspace.isTrusted ? await vscode.workspace.findFiles("**/*.csv", "**/node_modules/**", 50) : [];
  const choices: PickChoice<string>[] = [
    { label: "sample:simulated", description: "seeded daily prices, SIMULATED", value: "sample:simulated" },
    ...(isClone() ? [{ label: "sample:sp500", description: "S&P 500, daily", value: "sample:sp500" }] : []),
    ...files.map((file): PickChoice<string> => ({ label: vscode.workspace.asRelativePath(file), description: "CSV file", value: file.fsPath })),
    ...["AAPL", "MSFT", "SPY"].map((symbol): PickChoice<string> => ({ label: symbol, description: "bars of the connected exchange", value: symbol })),
  ];
  return pickStep<string>({
    title,
    step: 1,
    total: 2,
    placeholder: "Data: a sample, a CSV file of this folder, or a symbol",
    choices,
    typed: (text) => (v.is(SymbolText, text) ? { label: text.trim().toUpperCase(), description: "this symbol", value: text.trim().toUpperCase() } : undefined),
  });
}

async function askStrategy(window: Window, step: number, title: string) {
  const { BUILTIN_STRATEGIES } = await import("../../core/session.ts");
  const own = await ownFiles(window.desk.folder, "strategies");
  const choices: PickChoice<string>[] = [
    ...BUILTIN_STRATEGIES.map(
      (strategy): PickChoice<string> => ({
        label: strategy.name,
        description: Object.entries(strategy.params)
          .map(([name, spec]) => `${name} ${spec.default}`)
          .join(", "),
        value: strategy.name,
      }),
    ),
    ...own.map((path): PickChoice<string> => ({ label: nameOf(path), description: "your file", value: path })),
  ];
  return pickStep<string>({ title, step, total: step, placeholder: "Strategy", choices });
}

async function ownFiles(workspace: string | undefined, folder: "strategies" | "scanners"): Promise<readonly string[]> {
  if (workspace === undefined || !vscode.workspace.isTrusted) return [];
  const at = join(workspace, folder);
  const names = await readdir(at).catch(() => []);
  return names.filter((name) => /\.[cm]?ts$/.test(name)).map((name) => join(at, name));
}

export function nameOf(reference: string): string {
  if (reference === "") throw badInput("bad-argument", "The data reference is empty.");
  return reference.split(/[\\/]/).at(-1) as string;
}

/** A message or focus change that nobody waits for. */
function quiet(window: Window, shown: Thenable<unknown>): void {
  shown.then(undefined, (error: unknown) => window.output.warn(String(error)));
}
