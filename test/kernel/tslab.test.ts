/** Notebooks written for tslab: its display functions, without its package. */
import assert from "node:assert/strict";
import type { Output } from "../../src/kernel/host.ts";
import { TestNotebook, type Ran } from "./notebook.ts";

describe("tslab's display functions in cells", () => {
  let notebook: TestNotebook;
  before(async () => {
    notebook = await TestNotebook.open();
    await notebook.run('import * as tslab from "tslab"');
  });
  after(() => notebook.close());
  const shown = ({ outcome, outputs }: Ran) => {
    assert.equal(outcome.status, "ok", JSON.stringify(outcome));
    return outputs.filter((output): output is Extract<Output, { kind: "display" | "update" }> => output.kind === "display" || output.kind === "update");
  };

  it("show HTML, Markdown, LaTeX, SVG, text, and whatever else by its type", async () => {
    const all = shown(
      await notebook.run(
        "tslab.display.html('<b>x</b>'); tslab.display.markdown('**x**'); tslab.display.latex('$x$'); tslab.display.svg('<svg/>'); tslab.display.text('x'); tslab.display.raw('application/json', '[1]'); tslab.display.javascript('1')",
      ),
    );
    assert.deepEqual(
      all.map(({ data }) => Object.keys(data)[0]),
      ["text/html", "text/markdown", "text/latex", "image/svg+xml", "text/plain", "application/json", "text/javascript"],
    );
    assert.deepEqual(all[5]?.data["application/json"], [1]);
  });

  it("show pictures from their bytes", async () => {
    const [png] = shown(await notebook.run("tslab.display.png(new Uint8Array([1, 2, 3]))"));
    assert.equal(png?.data["image/png"], "AQID");
  });

  it("replace what a display of one's own showed before", async () => {
    const all = shown(await notebook.run("const own = tslab.newDisplay(); own.text('one'); own.text('two')"));
    assert.deepEqual(
      all.map(({ kind, data }) => [kind, data["text/plain"]]),
      [
        ["display", "one"],
        ["update", "two"],
      ],
    );
    assert.equal(all[0]?.id, all[1]?.id);
  });

  it("are there for named imports, require and local files, with types", async () => {
    await notebook.write("shows.ts", 'import { display } from "tslab";\nexport const show = (text: string): void => display.text(text);\n');
    const all = shown(
      await notebook.run('import { display as d } from "tslab"\nimport { show } from "./shows.ts"\nd.text("a"); show("b"); require("tslab").display.text("c")'),
    );
    assert.deepEqual(
      all.map(({ data }) => data["text/plain"]),
      ["a", "b", "c"],
    );
    assert.equal((await notebook.run("tslab.display.html(1)")).outcome.status, "type-error");
    assert.match((await notebook.run("`${tslab.versions.node}`")).shown ?? "", /^'v\d+/);
  });
});
