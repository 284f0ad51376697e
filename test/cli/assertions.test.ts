import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AssertionReport } from "../../src/core/domain/assertionReport.ts";
import { givenDesk, type Desk } from "./quantdesk.ts";

describe("strategy assertions from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-assertions-"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  it("pass and fail one by one, at the line, the bar and the trade", async () => {
    await file(
      "hold.ts",
      'export default { name: "hold", params: {}, signals: ({ length }) => ({ entries: new Uint8Array(length).fill(1), exits: new Uint8Array(length) }) };',
    );
    const path = await file(
      "crash.test.ts",
      `import { expectBacktest } from "quantdesk";
expectBacktest({ data: "sample:sp500", strategy: "./hold.ts" })
  .during("2008-10").drawdownUnder(15)
  .during("all").tradesBetween(1, 1)
  .check("ends richer", ({ stats }) => stats.finalEquity > 10_000);`,
    );
    const ran = await desk.run(["test", path, "--json"]);
    assert.equal(ran.code, 1, ran.stderr);
    const report = ran.json<AssertionReport>();
    assert.deepEqual([report.schema, report.passed, report.failed], ["quantdesk.test/1", 2, 1]);
    const [failed] = report.files[0]?.backtests[0]?.assertions ?? [];
    assert.deepEqual([failed?.name, failed?.status, failed?.line, failed?.trade?.number], ["drawdown in 2008-10 under 15 %", "failed", 3, 1]);
    assert.match(failed?.bar?.time ?? "", /^2008-10-/);
    assert.match(ran.stderr, /✗ drawdown in 2008-10 under 15 %\n.*bar \d+ .*trade 1/);
    const { runs } = (await desk.run(["runs", "--json"])).json<{ runs: Array<{ strategy: string; origin?: string }> }>();
    assert.deepEqual([runs[0]?.strategy, runs[0]?.origin], ["hold", `test:${path}`]);
  });

  it("a file that hangs, dies or does not load is one failure, the others are run", async () => {
    const sound = await file(
      "sound.test.ts",
      'import { expectBacktest } from "quantdesk"; expectBacktest({ data: "sample:sp500", strategy: "buy_and_hold" }).tradesBetween(1, 1);',
    );
    const wrong = [
      await file("hang.test.ts", "while (true) {}"),
      await file("dead.test.ts", "process.kill(process.pid, 'SIGKILL');"),
      await file("broken.test.ts", "export default {"),
      await file("nothing.test.ts", "export {};"),
      await file(
        "typo.test.ts",
        'import { expectBacktest } from "quantdesk"; expectBacktest({ data: "sample:sp500", strategy: "buy_and_hold", feRate: 0 }).tradesBetween(1, 1);',
      ),
      await file(
        "loop.test.ts",
        'import { expectBacktest } from "quantdesk"; expectBacktest({ data: "sample:sp500", strategy: "buy_and_hold" }).check("loops", () => { while (true) {} });',
      ),
    ];
    const ran = await desk.run(["test", ...wrong, sound, "--timeout", "5", "--json"]);
    assert.equal(ran.code, 1, ran.stderr);
    const report = ran.json<AssertionReport>();
    assert.deepEqual([report.passed, report.failed, report.files.length], [1, wrong.length, wrong.length + 1]);
    const said = report.files.map(({ error, backtests }) => error ?? backtests[0]?.assertions[0]?.message ?? "");
    for (const [at, words] of [
      /timeout after 5s/,
      /its process ended \(SIGKILL\)/,
      /broken\.test\.ts:\d+ could not be loaded/,
      /expects nothing/,
      /Did you mean feeRate/,
      /timeout after 5s/,
    ].entries())
      assert.match(said[at] as string, words);
  });

  it("a file that is not there refuses the whole command", async () => {
    const ran = await desk.run(["test", join(folder, "nowhere.test.ts"), "--json"]);
    assert.deepEqual([ran.code, ran.json<{ code: string }>().code], [2, "no-such-file"]);
  });
});
