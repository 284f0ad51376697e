/** Runs a guided notebook as a build server would, and compares what it shows with what is kept. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantdesk, ROOT } from "../cli/quantdesk.ts";

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}

interface Cell {
  readonly cell_type: string;
  readonly id: string;
  readonly source: readonly string[];
  readonly metadata: { readonly tags?: readonly string[] };
  readonly outputs?: readonly Output[];
}

export interface Notebook {
  readonly nbformat: number;
  readonly metadata: { readonly kernelspec: { readonly name: string } };
  readonly cells: readonly Cell[];
}

export const FOLDER = join(ROOT, "notebooks");
export const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".ipynb"));
/** Marks cells whose figures are the same everywhere: from samples, seeded, counted in a state folder of their own. */
const REPEATABLE = "repeatable";

export function savedNotebook(name: string): Notebook {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Notebook;
}

/** In two files, since each file of tests has three minutes, also on a machine with other work. */
export function itRuns(name: string): void {
  it(`${name} runs, and shows what it showed`, async function () {
    this.timeout(120_000);
    const saved = savedNotebook(name);
    const before = await readFile(join(FOLDER, name));
    const home = await mkdtemp(join(tmpdir(), "quantdesk-series-"));
    try {
      const out = join(home, name);
      const { code, stderr } = await quantdesk(["run", join(FOLDER, name), "--out", out, "--timeout", "100", "--home", home]);
      assert.equal(code, 0, stderr);
      const ran = JSON.parse(await readFile(out, "utf8")) as Notebook;
      assert.equal(ran.cells.length, saved.cells.length);
      for (const [index, cell] of ran.cells.entries()) compare(saved.cells[index]!, cell);
      assert.ok(before.equals(await readFile(join(FOLDER, name))), "the notebook itself was changed");
    } finally {
      await quantdesk(["paper", "stop", "--home", home]);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

/** A bar is shown where work takes longer than a second, and so by the machine. */
function withoutBars({ outputs = [] }: Cell): readonly Output[] {
  return outputs.filter(({ data }) => !String(data?.["text/html"]).includes('class="qd-bar"'));
}

function compare(savedCell: Cell, ranCell: Cell): void {
  const [saved, ran] = [savedCell, ranCell].map((cell) => ({ ...cell, outputs: withoutBars(cell) })) as [Required<Cell>, Required<Cell>];
  const kinds = (cell: Required<Cell>) => cell.outputs.map(({ output_type, name, data }) => [output_type, name ?? Object.keys(data ?? {}).sort()]);
  assert.deepEqual(kinds(ran), kinds(saved), `cell ${saved.id}`);
  if (saved.metadata.tags?.includes(REPEATABLE) === true) assert.deepEqual(texts(ran), texts(saved), `cell ${saved.id}`);
}

/** What a reader sees without pictures; times, the number of cores and the run's hash, which changes with the engine's version, left out. */
function texts({ outputs }: Required<Cell>): string[] {
  const joined = (text: string | readonly string[]) => (typeof text === "string" ? text : text.join(""));
  return outputs.map(({ text, data }) => joined(text ?? data?.["text/plain"] ?? "").replace(/ in \d+\.\d\d s on \d+ workers?|run [0-9a-f]{12}/g, ""));
}
