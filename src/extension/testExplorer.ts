/**
 * Strategy assertions in the Test Explorer: files named *.test.ts or *.test.js that call expectBacktest(). A run fills in
 * their assertions, each at its line, with the bar and the trade of a failure.
 */
import * as vscode from "vscode";
import { TradingError } from "../core/base/errors.ts";
import type { AssertionResult, ExpectationResult } from "../core/domain/assertionReport.ts";
import type { Desk } from "./desk.ts";

const FILES = "**/*.test.{ts,mts,js,mjs}";
const MOST_FILES = 500;
const CALL = "expectBacktest(";

export function createTestExplorer(desk: Desk): vscode.Disposable {
  const controller = vscode.tests.createTestController("quantdesk.assertions", "Quantdesk");
  const refresh = (token: vscode.CancellationToken) => findFiles(controller, token);
  controller.resolveHandler = async (item) => {
    if (item === undefined) await refresh(new vscode.CancellationTokenSource().token);
  };
  controller.refreshHandler = refresh;
  controller.createRunProfile("Run", vscode.TestRunProfileKind.Run, (request, token) => runFiles(controller, desk, request, token), true);
  return controller;
}

async function findFiles(controller: vscode.TestController, token: vscode.CancellationToken): Promise<void> {
  const files = await vscode.workspace.findFiles(FILES, "**/node_modules/**", MOST_FILES, token);
  const items: vscode.TestItem[] = [];
  for (const uri of files) {
    if (uri.scheme !== "file") continue;
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    const line = text.split("\n").findIndex((one) => one.includes(CALL));
    if (line < 0) continue;
    const item = controller.items.get(uri.toString()) ?? controller.createTestItem(uri.toString(), vscode.workspace.asRelativePath(uri), uri);
    item.range = new vscode.Range(line, 0, line, 0);
    items.push(item);
  }
  controller.items.replace(items);
}

async function runFiles(controller: vscode.TestController, desk: Desk, request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
  const run = controller.createTestRun(request);
  const aborting = new AbortController();
  const stop = token.onCancellationRequested(() => aborting.abort(new TradingError("interrupted", "The test run was cancelled.", { kind: "interrupted" })));
  const wanted = request.include ?? Array.from(controller.items, ([, item]) => item);
  const files = new Set(wanted.map((item) => item.parent ?? item).filter((item) => request.exclude?.includes(item) !== true));
  try {
    for (const item of files) {
      if (token.isCancellationRequested) break;
      run.started(item);
      try {
        await runFile(controller, desk, run, item, aborting.signal);
      } catch (error) {
        if (aborting.signal.aborted) run.skipped(item);
        else run.errored(item, new vscode.TestMessage(TradingError.from(error, "failed").message));
      }
    }
  } finally {
    stop.dispose();
    run.end();
  }
}

async function runFile(controller: vscode.TestController, desk: Desk, run: vscode.TestRun, item: vscode.TestItem, signal: AbortSignal): Promise<void> {
  if (!vscode.workspace.isTrusted) throw new TradingError("not-trusted", "You have not trusted this folder, so nothing in it is run.");
  const session = await desk.session();
  const path = (item.uri as vscode.Uri).fsPath;
  item.children.replace([]);
  const { files } = await session.test([path], { onBacktest: (_file, done) => show(controller, run, item, done) }, signal);
  const [file] = files;
  if (file?.error != null) run.errored(item, new vscode.TestMessage(file.error), file.durationMs);
  else if (file?.backtests.some(({ assertions }) => assertions.some(({ status }) => status !== "passed")) === true) run.failed(item, [], file.durationMs);
  else run.passed(item, file?.durationMs);
}

function show(controller: vscode.TestController, run: vscode.TestRun, item: vscode.TestItem, { backtest, simulated, assertions }: ExpectationResult): void {
  for (const one of assertions) {
    const child = controller.createTestItem(`${item.id}#${item.children.size}`, `${one.name}, ${backtest}${simulated ? " SIMULATED" : ""}`, item.uri);
    if (one.line !== null) child.range = new vscode.Range(one.line - 1, 0, one.line - 1, 0);
    item.children.add(child);
    report(run, child, one);
  }
}

function report(run: vscode.TestRun, item: vscode.TestItem, { status, message = "", trade }: AssertionResult): void {
  const which = trade === undefined || message.startsWith("trade ") ? "" : `; trade ${trade.number}, bars ${trade.entryIndex} to ${trade.exitIndex}`;
  const told = new vscode.TestMessage(`${message}${which}`);
  const place = item.uri !== undefined && item.range !== undefined ? new vscode.Location(item.uri, item.range) : undefined;
  run.appendOutput(`${status === "passed" ? "✓" : "✗"} ${item.label}${status === "passed" ? "" : `: ${message}${which}`}\r\n`, place, item);
  if (place !== undefined) told.location = place;
  switch (status) {
    case "passed":
      run.passed(item);
      return;
    case "failed":
      run.failed(item, told);
      return;
    case "error":
    case "timeout":
      run.errored(item, told);
  }
}
