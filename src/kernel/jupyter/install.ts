/** The kernelspec by which Jupyter finds this kernel: absolute paths, since Jupyter's PATH is seldom the user's. */
import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { entryPath, packageRoot } from "../../core/base/entry.ts";
import { badInput } from "../../core/base/errors.ts";
import { writeWhole } from "../../core/base/files.ts";

export interface InstalledKernel {
  readonly folder: string;
  readonly spec: {
    readonly argv: readonly string[];
    readonly display_name: string;
    readonly language: string;
    readonly interrupt_mode: "message";
    readonly env: Readonly<Record<string, string>>;
    readonly metadata: object;
  };
}

const NAME = "quantdesk";

/** Writes the kernelspec below `prefix`, or into the user's own Jupyter folder; a second time replaces it. */
export async function installKernel(prefix: string | undefined): Promise<InstalledKernel> {
  const entry = entryPath("jupyterKernel");
  if (!existsSync(entry) || !entry.endsWith(".js")) throw badInput("not-built", `The kernel ${entry} is not built.`, "Run `npm run build` first.");
  const folder = join(prefix === undefined ? userJupyter() : join(prefix, "share", "jupyter"), "kernels", NAME);
  const spec: InstalledKernel["spec"] = {
    argv: [process.execPath, "--disable-warning=ExperimentalWarning", entry, "--connection-file", "{connection_file}"],
    display_name: "Quantdesk TypeScript",
    language: "typescript",
    interrupt_mode: "message",
    env: {},
    metadata: { debugger: false },
  };
  try {
    await mkdir(folder, { recursive: true });
    await writeWhole(join(folder, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
    const icon = join(packageRoot(), "media", "icon.png");
    if (existsSync(icon)) await copyFile(icon, join(folder, "logo-64x64.png"));
  } catch (error) {
    throw badInput("not-writable", `The kernelspec cannot be written to ${folder}: ${(error as Error).message}.`, "Give another --prefix, or use --user.");
  }
  return { folder, spec };
}

/** Where Jupyter looks for the user's own kernels (https://docs.jupyter.org/en/stable/use/jupyter-directories.html). */
function userJupyter(): string {
  const own = process.env["JUPYTER_DATA_DIR"];
  if (own !== undefined && own !== "") return own;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(process.env["APPDATA"] ?? homedir(), "jupyter");
  const data = process.env["XDG_DATA_HOME"] ?? "";
  return join(data === "" ? join(homedir(), ".local", "share") : data, "jupyter");
}
