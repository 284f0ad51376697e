/** quantdesk kernel install | start: our kernel for Jupyter's clients. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { childEnv } from "../../core/base/childEnv.ts";
import { entryPath } from "../../core/base/entry.ts";
import { badInput } from "../../core/base/errors.ts";
import type { CommonFlags, Context } from "../context.ts";
import { common, neverLive } from "../flags.ts";
import { folder } from "../parse.ts";

interface InstallFlags extends CommonFlags {
  readonly prefix?: string;
  readonly user?: boolean;
}

export function addKernelCommand(program: Command, context: Context): void {
  const kernel = program.command("kernel").description("Our notebook kernel for JupyterLab and other Jupyter clients.");

  common(kernel.command("install").description("Tell Jupyter where the kernel is; again replaces it."))
    .option("--user", "for this user (the default)")
    .option("--prefix <dir>", "below this folder: an environment, or /usr/local for everyone", folder("--prefix"))
    .action(async (flags: InstallFlags) => {
      if (flags.user === true && flags.prefix !== undefined) throw badInput("bad-usage", "--user and --prefix name two places.", "Give one of them.");
      const { installKernel } = await import("../../kernel/jupyter/install.ts");
      const { folder, spec } = await installKernel(flags.prefix);
      if (flags.json === true) context.io.json({ schema: "quantdesk.kernel/1", folder, spec });
      else context.io.data(`Jupyter finds the kernel "${spec.display_name}" in ${folder}.`);
    });

  neverLive(kernel.command("start").description("Run the kernel for the client that wrote the connection file."))
    .requiredOption("--connection-file <file>", "as the client names it")
    .action(async (flags: CommonFlags & { readonly connectionFile: string }) => {
      const more = flags.home === undefined ? [] : ["--home", flags.home];
      const args = ["--disable-warning=ExperimentalWarning", entryPath("jupyterKernel"), "--connection-file", flags.connectionFile, ...more];
      // Over the channel nothing is said: its end tells the kernel that we are gone.
      const child = spawn(process.execPath, args, { env: childEnv(jupyterVariables()), stdio: ["inherit", "inherit", "inherit", "ipc"] });
      // To a kernel this signal means "stop the cell", not "end".
      process.removeAllListeners("SIGINT").on("SIGINT", () => void child.kill("SIGINT"));
      const stop = (): void => void child.kill("SIGTERM");
      context.signal.addEventListener("abort", stop, { once: true });
      try {
        const [code] = (await once(child, "exit")) as [number | null];
        context.exitCode = code ?? 1;
      } finally {
        context.signal.removeEventListener("abort", stop);
      }
    });
}

/** What a Jupyter client tells its kernels by environment. */
function jupyterVariables(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[0].startsWith("JPY_") && entry[1] !== undefined));
}
