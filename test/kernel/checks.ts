/** The two questions that most tests of cells ask, over one notebook. */
import assert from "node:assert/strict";
import { TestNotebook, type Ran } from "./notebook.ts";

export interface CellChecks {
  readonly notebook: () => TestNotebook;
  /** The last cell shows `expected`; all before it run. */
  readonly check: (behaviour: string, cells: readonly string[], expected: string | null) => void;
  /** The last cell fails with a stack or problem that matches. */
  readonly fails: (behaviour: string, cells: readonly string[], status: "error" | "type-error", expected: RegExp) => void;
}

/** Registers a notebook for the tests of the `describe` that calls this. */
export function cellChecks(prepare: (notebook: TestNotebook) => Promise<void> = async () => undefined): CellChecks {
  let notebook: TestNotebook | undefined;
  before(async () => {
    notebook = await TestNotebook.open();
    await prepare(notebook);
  });
  after(() => notebook?.close());
  const open = (): TestNotebook => {
    if (notebook === undefined) throw new Error("The notebook is not open.");
    return notebook;
  };
  const runAll = async (cells: readonly string[]): Promise<Ran> => {
    let last: Ran | undefined;
    for (const [i, cell] of cells.entries()) {
      last = await open().run(cell);
      if (i < cells.length - 1) assert.equal(last.outcome.status, "ok", JSON.stringify(last.outcome));
    }
    return last as Ran;
  };
  return {
    notebook: open,
    check: (behaviour, cells, expected) => {
      it(behaviour, async () => {
        const ran = await runAll(cells);
        assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
        assert.equal(ran.shown, expected);
      });
    },
    fails: (behaviour, cells, status, expected) => {
      it(behaviour, async () => {
        const { outcome } = await runAll(cells);
        assert.equal(outcome.status, status, JSON.stringify(outcome));
        const text =
          outcome.status === "error"
            ? outcome.error.stack
            : outcome.status === "type-error"
              ? outcome.problems.map((p) => `${p.line}:${p.column} ${p.code} ${p.message}`).join("\n")
              : "";
        assert.match(text, expected);
      });
    },
  };
}
