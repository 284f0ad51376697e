/** quantdesk run NOTEBOOK.ipynb */
import type { Command } from "commander";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { finiteNumber, outputFile } from "../parse.ts";
import { neverLive } from "../flags.ts";

export function addRunCommand(program: Command, context: Context): void {
  neverLive(program.command("run <notebook>").description("Run a notebook's cells with our kernel; exit code 1 when a cell fails."))
    .option("--out <file>", "write the notebook with its outputs", outputFile("--out"))
    .option("--timeout <s>", "seconds for the whole notebook", finiteNumber("--timeout", 0.1, 86_400), 600)
    .action((notebook: string, flags: CommonFlags & { out?: string; timeout: number }) =>
      withSession(
        context,
        flags,
        async (session) => {
          const { runNotebook } = await import("../../kernel/runNotebook.ts");
          const result = await runNotebook(
            notebook,
            {
              timeoutMs: flags.timeout * 1000,
              session,
              log: session.log,
              onText: (text: string) => void process.stderr.write(text),
              ...(flags.out === undefined ? {} : { out: flags.out }),
            },
            context.signal,
          );
          if (!result.ok) context.exitCode = EXIT.failed;
          if (flags.json === true) context.io.json(result);
          else {
            const ran = result.cells.filter((cell) => cell.status === "ok").length;
            context.io.data(`${ran} of ${result.cells.length} cells ran${flags.out === undefined ? "" : `; written to ${flags.out}`}.`);
          }
        },
        { front: "kernel" },
      ),
    );
}
