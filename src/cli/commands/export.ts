/** quantdesk export: orders, fills, runs and the audit log as CSV or JSON. */
import type { Command } from "commander";
import { writeWhole } from "../../core/base/files.ts";
import { connect, withSession, type CommonFlags, type Context } from "../context.ts";
import { trading } from "../flags.ts";
import { oneOf, outputFile } from "../parse.ts";

const WHAT = ["orders", "fills", "runs", "audit"] as const;

interface ExportFlags extends CommonFlags {
  readonly format: "csv" | "json";
  readonly out?: string;
}

export function addExportCommand(program: Command, context: Context): void {
  trading(program.command("export <what>").description("Write orders, fills, runs or the audit log as a table, oldest first."))
    .option("--format <format>", "csv or json", oneOf("--format", ["csv", "json"]), "csv")
    .option("--out <file>", "into a file instead of standard output", outputFile("--out"))
    .addHelpText("after", "\n<what> is orders, fills, runs or audit. Texts that a spreadsheet would run as a formula get an apostrophe before them.")
    .action((what: string, flags: ExportFlags) => {
      const wanted = oneOf("What to export", WHAT)(what);
      return withSession(context, flags, async (session) => {
        const account = wanted === "orders" || wanted === "fills" ? await connect(context, session) : undefined;
        const { exportCsv, exportRows, exportTable } = await import("../../core/session.ts");
        const table = await exportTable(session.store, wanted, account, context.signal);
        const document = { schema: "quantdesk.export/1", what: wanted, rows: exportRows(table) };
        const text = flags.json === true || flags.format === "json" ? `${JSON.stringify(document)}\n` : exportCsv(table);
        if (flags.out === undefined) {
          if (flags.json === true) context.io.json(document);
          else context.io.data(text);
          return;
        }
        await writeWhole(flags.out, text, 0o600);
        if (flags.json === true) context.io.json({ schema: "quantdesk.export/1", what: wanted, file: flags.out, count: table.rows.length });
        else context.io.say(`${table.rows.length} rows in ${flags.out}`);
      });
    });
}
