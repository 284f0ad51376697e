/** Notebook files: nbformat 4, read at the door and written whole, with everything that we do not know kept. */
import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import { badInput, TradingError } from "../core/base/errors.ts";
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
  nbformat_minor: v.optional(v.number(), 4),
  metadata: v.optional(v.record(v.string(), v.unknown()), {}),
  cells: v.array(Cell),
});

export type NotebookCell = v.InferOutput<typeof Cell>;
export type NotebookDocument = v.InferOutput<typeof Notebook>;

/** Languages that the kernel runs, as notebooks name them. */
const LANGUAGES = ["typescript", "javascript", "ts", "js"];

/** Throws `no-notebook`, `bad-notebook` or `other-language` with a sentence for people. */
export async function readNotebook(path: string): Promise<NotebookDocument> {
  const content = await textOf(path);
  if (content.trim() === "") throw badInput("bad-notebook", `${path} is empty.`, "A notebook is a JSON file that ends in .ipynb.");
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw badInput("bad-notebook", `${path} is no notebook: ${(error as Error).message}.`, "A notebook is a JSON file that ends in .ipynb.");
  }
  const parsed = v.safeParse(Notebook, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = (issue.path ?? []).map((item) => String(item.key)).join(".");
    throw badInput(
      "bad-notebook",
      `${path} is no notebook of format 4: ${field === "" ? "the file" : field} ${issue.received === "undefined" ? "is missing" : `is ${issue.received}`}.`,
      "Save it again with VS Code or Jupyter.",
    );
  }
  const language = languageOf(parsed.output.metadata);
  if (language !== undefined && !LANGUAGES.includes(language.toLowerCase()))
    throw badInput(
      "other-language",
      `${path} is a notebook of ${language}, and this kernel runs TypeScript and JavaScript.`,
      "Run it with a kernel of that language, or choose Quantdesk TypeScript in VS Code and save it.",
    );
  return parsed.output;
}

async function textOf(path: string): Promise<string> {
  const refuse = (why: string) => badInput("no-notebook", `The notebook ${path} cannot be read: ${why}.`, "Check the path.");
  try {
    // Reading a pipe would wait for ever.
    if (!(await stat(path)).isFile()) throw refuse("it is a folder or a device");
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof TradingError) throw error;
    throw refuse((error as NodeJS.ErrnoException).code === "ENOENT" ? "it is not there" : (error as Error).message);
  }
}

/** How its author's kernel took types: JavaScript has none, and tslab's compiler is laxer than ours. */
export function typesIn(metadata: NotebookDocument["metadata"]): "checked" | "lax" | "none" {
  const name = (metadata["kernelspec"] as { name?: unknown } | undefined)?.name;
  if (/^(?:javascript|js)$/i.test(languageOf(metadata) ?? "") || name === "jslab") return "none";
  return name === "tslab" ? "lax" : "checked";
}

function languageOf({ kernelspec, language_info: info }: NotebookDocument["metadata"]): string | undefined {
  const named = [(kernelspec as { language?: unknown } | undefined)?.language, (info as { name?: unknown } | undefined)?.name];
  return named.find((name): name is string => typeof name === "string" && name !== "");
}

/** Keys in the order in which Jupyter and VS Code write them, so that saving there changes nothing else. */
export async function writeNotebook(path: string, notebook: NotebookDocument): Promise<void> {
  await writeWhole(path, `${JSON.stringify(inOrder(notebook), null, 1)}\n`);
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
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
