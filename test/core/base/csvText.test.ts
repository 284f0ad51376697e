import assert from "node:assert/strict";
import fc from "fast-check";
import { csvText } from "../../../src/core/base/csvText.ts";

/** RFC 4180, as a spreadsheet reads it. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

describe("CSV text", () => {
  it("keeps numbers, leaves null empty, and quotes what needs it", () => {
    assert.equal(
      csvText(
        ["a", "b", "c"],
        [
          [1.5, null, true],
          ["x,y", 'say "hi"', "two\nlines"],
        ],
      ),
      'a,b,c\r\n1.5,,true\r\n"x,y","say ""hi""","two\nlines"\r\n',
    );
  });

  it("lets no text be taken for a formula, and no number for a text", () => {
    for (const text of ["=1+1", "+1 234", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "|x", "%x", "\r=1"])
      assert.match(parse(csvText(["a"], [[text]]))[1]?.[0] ?? "", /^'/, JSON.stringify(text));
    assert.equal(csvText(["a", "b"], [["-12.50", "0.001"]]), "a,b\r\n-12.50,0.001\r\n");
  });

  it("reads back as it was written, but for the apostrophes", () => {
    const cell = fc.string().filter((text) => !text.includes("\r"));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), (rows) => {
        const back = parse(csvText(["a", "b"], rows)).slice(1);
        assert.deepEqual(
          back.map((row) => row.map((text) => text.replace(/^'/, ""))),
          rows.map((row) => row.map((text) => text.replace(/^'/, ""))),
        );
      }),
    );
  });
});
