/** Notebook files: nbformat 4, read at the door and written whole, with everything that we do not know kept. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { badInput } from "../core/base/errors.ts";
import { writeWhole } from "../core/base/files.ts";
import type { MimeBundle } from "./protocol.ts";

const text = v.union([v.string(), v.array(v.string())]);
const Cell = v.looseObject({
  cell_type: v.picklist(["code", "markdown", "raw"]),
  source: text,
  id: v.optional(v.string()),
  metadata: v.optional(v.record(v.string(), v.unknown()), {}),
});
const Notebook = v.looseObject({
  nbformat: v.literal(4),
  nbformat_minor: v.number(),
  metadata: v.record(v.string(), v.unknown()),
  cells: v.array(Cell),
});

export type NotebookCell = v.InferOutput<typeof Cell>;
export type NotebookDocument = v.InferOutput<typeof Notebook>;

export async function readNotebook(path: string): Promise<NotebookDocument> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    throw badInput(
      "no-notebook",
      `The notebook ${path} cannot be read: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "it is not there" : (error as Error).message}.`,
      "Check the path.",
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw badInput("bad-notebook", `${path} is no notebook: ${(error as Error).message}.`, "A notebook is a JSON file that ends in .ipynb.");
  }
  const parsed = v.safeParse(Notebook, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = (issue.path ?? []).map((item) => String(item.key)).join(".");
  throw badInput(
    "bad-notebook",
    `${path} is no notebook of format 4: ${field === "" ? "the file" : field} ${issue.received === "undefined" ? "is missing" : `is ${issue.received}`}.`,
    "Save it again with VS Code or Jupyter.",
  );
}

export async function writeNotebook(path: string, notebook: NotebookDocument): Promise<void> {
  await writeWhole(path, `${JSON.stringify(notebook, null, 1)}\n`);
}

export function sourceOf(cell: NotebookCell): string {
  return Array.isArray(cell.source) ? cell.source.join("") : cell.source;
}

export type NotebookOutput =
  | { readonly output_type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string[] }
  | { readonly output_type: "display_data"; readonly data: Record<string, unknown>; readonly metadata: object }
  | { readonly output_type: "execute_result"; readonly execution_count: number; readonly data: Record<string, unknown>; readonly metadata: object }
  | { readonly output_type: "error"; readonly ename: string; readonly evalue: string; readonly traceback: string[] };

/** Text as notebooks keep it: a list of lines with their ends. */
export function linesOf(content: string): string[] {
  return content.split(/(?<=\n)/);
}

/** JSON types as objects, text as lines, binary data as it is. */
export function bundleData(bundle: MimeBundle): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(bundle).map(([mime, content]) => [
      mime,
      typeof content !== "string" ? content : mime.startsWith("text/") || mime === "image/svg+xml" ? linesOf(content) : content,
    ]),
  );
}
