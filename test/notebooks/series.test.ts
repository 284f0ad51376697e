/** The guided notebooks: what is kept of each, and whether the first four still show it. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cli/quantdesk.ts";
import { FOLDER, itRuns, NAMES, savedNotebook } from "./guided.ts";

const MOST_BYTES = 300_000;

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
    const saved = savedNotebook(name);

    it(`${name} is short, whole, and of no machine in particular`, () => {
      assert.equal(saved.metadata.kernelspec.name, "quantdesk"); // as kernel install names it
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
  }

  for (const name of NAMES.slice(0, 4)) itRuns(name);
});
