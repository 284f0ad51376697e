import assert from "node:assert/strict";
import { processIo } from "../../src/cli/io.ts";
import { progressBar } from "../../src/cli/progress.ts";

describe("what a command writes", () => {
  const given = (how: { readonly out: boolean; readonly err: boolean; readonly env?: Readonly<Record<string, string>> }) => {
    const written: string[] = [];
    const stream = (isTTY: boolean) => ({ isTTY, write: (text: string | Uint8Array) => written.push(String(text)) > 0 });
    return { io: processIo({ stdout: stream(how.out), stderr: stream(how.err), env: { TERM: "xterm", ...how.env } }), written };
  };

  it("has colours where that stream is a terminal: not in a file, whatever the other stream is", () => {
    const toFile = given({ out: false, err: true }).io;
    assert.equal(toFile.styleData("bold", "BUY"), "BUY");
    assert.equal(toFile.style("bold", "BUY"), "\u001b[1mBUY\u001b[22m");
    const errorsToFile = given({ out: true, err: false }).io;
    assert.equal(errorsToFile.styleData("bold", "BUY"), "\u001b[1mBUY\u001b[22m");
    assert.equal(errorsToFile.style("bold", "BUY"), "BUY");
  });

  for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }])
    it(`has neither colours nor cursor movement with ${JSON.stringify(env)}, on a terminal too`, () => {
      const { io, written } = given({ out: true, err: true, env });
      assert.deepEqual([io.style("red", "x"), io.styleData("red", "x"), io.isTerminal, io.canMoveCursor], ["x", "x", true, false]);
      const bar = progressBar(io, "Backtests", 2);
      bar.step();
      bar.stop();
      assert.deepEqual(written, []);
    });

  it("an empty NO_COLOR is none, as the convention has it", () => {
    assert.equal(given({ out: true, err: true, env: { NO_COLOR: "" } }).io.canMoveCursor, true);
  });
});
