/** Risk limits, taking data out, beginning anew. */
import * as vscode from "vscode";
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";
import type { AccountLimits, LimitChange } from "../../core/domain/limits.ts";
import type { ExportName } from "../../core/session.ts";
import { parsePrice } from "../quantity.ts";
import { BACK, pickStep, textStep } from "../steps.ts";
import { modeWord } from "../words.ts";
import { parseArgument } from "./argument.ts";
import { ORDER_WITHIN_MS, shown } from "./tell.ts";
import type { Command } from "./window.ts";

const Ceiling = v.optional(v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))));
const LimitArgument = v.object({
  maxOrderValue: Ceiling,
  maxPositionValue: Ceiling,
  maxOrdersPerMinute: Ceiling,
  maxDailyLoss: Ceiling,
  symbols: v.optional(v.array(v.pipe(v.string(), v.toUpperCase()))),
  clear: v.optional(v.boolean()),
});
const LIMITS = [
  { name: "maxOrderValue", label: "Largest order", unit: "US dollars" },
  { name: "maxPositionValue", label: "Largest position", unit: "US dollars" },
  { name: "maxOrdersPerMinute", label: "Orders a minute", unit: "orders" },
  { name: "maxDailyLoss", label: "Largest loss since the last close", unit: "US dollars" },
] as const;
const EXPORT_WITHIN_MS = 60_000;
const WHAT: ReadonlyArray<{ readonly label: string; readonly description: string; readonly value: ExportName }> = [
  { label: "Orders", description: "of this account, with who and why", value: "orders" },
  { label: "Fills", description: "of this account", value: "fills" },
  { label: "Runs", description: "the trial ledger", value: "runs" },
  { label: "Audit log", description: "every order and its end, limits, the kill switch", value: "audit" },
];

export const dataCommands = {
  async setLimits(window, argument) {
    const { clear, ...given } = parseArgument(LimitArgument, argument);
    const { session } = await window.desk.connected();
    const before = await session.limits(AbortSignal.timeout(ORDER_WITHIN_MS));
    const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as LimitChange;
    const change = clear === true ? null : Object.keys(named).length > 0 ? named : await askLimit(before);
    if (change === undefined) return undefined;
    const limits = await session.setLimits(change, { origin: "palette" }, AbortSignal.timeout(ORDER_WITHIN_MS));
    window.output.info(`Risk limits of ${limits.account}: ${JSON.stringify(limits.own ?? "none of its own")}`);
    return limits;
  },

  async export(window, argument) {
    const given = parseArgument(
      v.object({
        what: v.optional(v.picklist(["orders", "fills", "runs", "audit"])),
        format: v.optional(v.picklist(["csv", "json"])),
        file: v.optional(v.string()),
      }),
      argument,
    );
    const what = given.what ?? (await pickStep({ title: "Export", step: 1, total: 2, placeholder: "What to write", choices: WHAT }));
    if (what === undefined || what === BACK) return undefined;
    const format = given.format ?? "csv";
    const target = given.file === undefined ? await askFile(what, format) : vscode.Uri.file(given.file);
    if (target === undefined) return undefined;
    const asJson = target.path.toLowerCase().endsWith(".json");
    const session = what === "orders" || what === "fills" ? (await window.desk.connected()).session : await window.desk.session();
    const { exportCsv, exportRows, exportTable } = await import("../../core/session.ts");
    const table = await exportTable(session.store, what, session.status().account ?? undefined, AbortSignal.timeout(EXPORT_WITHIN_MS));
    const text = asJson ? `${JSON.stringify({ schema: "quantdesk.export/1", what, rows: exportRows(table) }, null, 2)}\n` : exportCsv(table);
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
    window.output.info(`${table.rows.length} rows in ${target.fsPath}`);
    shown(
      window,
      vscode.window
        .showInformationMessage(`${table.rows.length} ${what} in ${vscode.workspace.asRelativePath(target)}.`, "Open")
        .then((choice) => (choice === undefined ? undefined : vscode.commands.executeCommand("vscode.open", target))),
    );
    return { what, file: target.fsPath, rows: table.rows.length };
  },

  async reset(window) {
    const session = await window.desk.session();
    const { mode } = session.status();
    if (mode !== "embedded") throw badInput("not-embedded", `This is a ${modeWord(mode)} account: only the simulated one can be reset.`);
    const yes = "Reset the Simulated Account";
    const answer = await vscode.window.showWarningMessage(
      "Begin anew with a fresh simulated account?",
      { modal: true, detail: "Its cash, positions and orders are put aside. Past runs and the audit log stay." },
      yes,
    );
    if (answer !== yes) return undefined;
    const { home } = session;
    await window.desk.reset();
    const { resetExchange } = await import("../../core/session.ts");
    const reset = await resetExchange(home, AbortSignal.timeout(ORDER_WITHIN_MS));
    window.output.info(reset ? "The simulated account begins anew." : "There was no simulated account to reset.");
    const { account } = await window.desk.connected();
    return { reset, account: account.accountNumber };
  },
} satisfies Record<string, Command>;

async function askFile(what: ExportName, format: "csv" | "json"): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return vscode.window.showSaveDialog({
    title: `Export ${what}`,
    filters: format === "csv" ? { CSV: ["csv"], JSON: ["json"] } : { JSON: ["json"], CSV: ["csv"] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, `${what}.${format}`) }),
  });
}

async function askLimit({ account, own, holds }: AccountLimits): Promise<LimitChange | null | undefined> {
  const title = `Risk limits of ${account}`;
  const words = (value: number | null | undefined) => (value === null || value === undefined ? "none" : value.toLocaleString("en-US"));
  const limit = await pickStep<(typeof LIMITS)[number] | "clear">({
    title,
    step: 1,
    total: 2,
    placeholder: "They hold in every window, cell and command of yours; the settings risk.* hold as well",
    choices: [
      ...LIMITS.map((one) => ({
        label: `${one.label}…`,
        description: `${words(holds[one.name])} ${one.unit}`,
        detail: `The account's own: ${words(own?.[one.name])}`,
        value: one,
      })),
      ...(own === null ? [] : [{ label: "Take All of the Account's Own Limits Away", value: "clear" as const }]),
    ],
  });
  if (limit === undefined || limit === BACK) return undefined;
  if (limit === "clear") return null;
  const parse = (text: string) => (text.trim().toLowerCase() === "none" ? null : parsePrice(text, limit.label).toNumber());
  const value = await textStep({
    title,
    step: 2,
    total: 2,
    prompt: `${limit.label}, ${limit.unit}; "none" for no limit of the account's own.`,
    value: String(own?.[limit.name] ?? holds[limit.name] ?? ""),
    complain: (text) => {
      try {
        parse(text);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    parse,
  });
  return value === undefined || value === BACK ? undefined : { [limit.name]: value };
}
