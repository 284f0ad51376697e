/** The guided notebooks: each runs as a build server would run it, and shows what its saved outputs show. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantdesk, ROOT } from "../cli/quantdesk.ts";

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Cell {
  readonly cell_type: string;
  readonly id: string;
  readonly source: readonly string[];
  readonly metadata: { readonly tags?: readonly string[] };
  readonly outputs?: readonly Output[];
}

interface Notebook {
  readonly nbformat: number;
  readonly metadata: { readonly kernelspec: { readonly name: string } };
  readonly cells: readonly Cell[];
}

const FOLDER = join(ROOT, "notebooks");
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".ipynb"));
const MOST_BYTES = 300_000;
/** Marks cells whose figures are the same everywhere: from samples, seeded, counted in a state folder of their own. */
const REPEATABLE = "repeatable";

describe("the guided notebooks", () => {
  it("are the whole series", () => {
    assert.deepEqual(NAMES, [
      "01-first-steps.ipynb",
      "02-scanning.ipynb",
      "03-one-strategy.ipynb",
      "04-sweeps-and-overfitting.ipynb",
      "05-the-analysts.ipynb",
      "06-writing-a-scanner.ipynb",
      "07-live-trading-safely.ipynb",
      "08-performance.ipynb",
    ]);
    const documented = readFileSync(join(ROOT, "docs", "notebooks.md"), "utf8");
    for (const name of NAMES) assert.ok(documented.includes(`](../notebooks/${name})`), `docs/notebooks.md does not link ${name}`);
  });

  for (const name of NAMES) {
    const saved = JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Notebook;

    it(`${name} is short, whole, and of no machine in particular`, () => {
      assert.equal(saved.metadata.kernelspec.name, "quantdesk-typescript");
      assert.ok(saved.cells.length >= 10 && saved.cells.length <= 20, `${saved.cells.length} cells`);
      assert.equal(new Set(saved.cells.map(({ id }) => id)).size, saved.cells.length);
      assert.ok(statSync(join(FOLDER, name)).size < MOST_BYTES);
      const outputs = saved.cells.flatMap((cell) => cell.outputs ?? []);
      const text = JSON.stringify(outputs);
      assert.ok(text.includes("SIMULATED"), "it does not say SIMULATED");
      assert.deepEqual(text.match(/\/(?:home|root|tmp|work|Users)\/|[A-Z]:\\\\|127\.0\.0\.1|localhost/), null);
      assert.ok(
        outputs.some(({ data }) => data !== undefined && "image/svg+xml" in data),
        "there is no picture in it",
      );
      for (const link of JSON.stringify(saved.cells.map(({ source }) => source)).matchAll(/\]\(([\w-]+\.ipynb)\)/g))
        assert.ok(NAMES.includes(link[1]!), link[1]);
    });

    it(`${name} runs, and shows what it showed`, async function () {
      this.timeout(120_000);
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
});

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
  const joined = (text: unknown) => [text ?? ""].flat().join("");
  return outputs.map(({ text, data }) => joined(text ?? data?.["text/plain"]).replace(/ in \d+\.\d\d s on \d+ workers?|run [0-9a-f]{12}/g, ""));
}
