/** Bars as a danfojs DataFrame and back, with the real package, installed once into the cache from notebooks/package-lock.json. */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sha256 } from "../../src/core/base/canonical.ts";
import { openSession, type Session } from "../../src/core/session.ts";
import { createDeskHandlers } from "../../src/kernel/deskHandlers.ts";
import { TestNotebook } from "./notebook.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const NOTEBOOKS = join(ROOT, "notebooks");

/** scripts/host/cache.mjs, which has no types. */
interface Cache {
  cached(name: string, recipe: object, fill: (folder: string) => Promise<void>): Promise<string>;
  npmEnv(): NodeJS.ProcessEnv;
  run(
    command: string,
    args: readonly string[],
    options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
  ): Promise<string>;
}

/** As a person installs it, without what may be left out. */
async function installed(): Promise<string> {
  const files = ["package.json", "package-lock.json"];
  const texts = await Promise.all(files.map((name) => readFile(join(NOTEBOOKS, name), "utf8")));
  assert.ok(!texts[1]!.includes('"resolved"'), "the lock file names addresses");
  const { cached, npmEnv, run } = (await import(pathToFileURL(join(ROOT, "scripts", "host", "cache.mjs")).href)) as Cache;
  return await cached("notebook-packages", { files: sha256(texts.join("")) }, async (place) => {
    for (const name of files) await cp(join(NOTEBOOKS, name), join(place, name));
    await run("npm", ["ci", "--omit=optional", "--ignore-scripts"], { cwd: place, env: npmEnv(), timeoutMs: 150_000 });
  });
}

describe("danfojs in cells", () => {
  let home: string;
  let session: Session;
  let notebook: TestNotebook;

  before(async function () {
    this.timeout(165_000);
    home = await mkdtemp(join(tmpdir(), "quantdesk-danfo-"));
    const packages = await installed();
    session = await openSession({ home, front: "test", ownExchange: true, seed: 7 });
    notebook = await TestNotebook.open({ desk: createDeskHandlers(session) });
    await symlink(join(packages, "node_modules", "danfojs-node"), join(notebook.folder, "node_modules", "danfojs-node"), "junction");
    await notebook.run('const bars = await desk.bars("sample:simulated", { limit: 250 });');
  });
  after(async () => {
    await notebook?.close();
    await session?.close();
    await rm(home, { recursive: true, force: true });
  });
  const ran = async (code: string) => {
    const told = await notebook.run(code);
    assert.equal(told.outcome.status, "ok", JSON.stringify(told.outcome));
    return told;
  };

  it("is loaded when it is first used, and not before", async () => {
    const isLoaded = "Object.keys(require.cache).some((path) => /danfojs-node/.test(path))";
    assert.equal((await ran(isLoaded)).shown, "false");
    await ran('import type { DataFrame } from "danfojs-node";\nconst frame = await bars.toDanfo<DataFrame>();');
    assert.equal((await ran(isLoaded)).shown, "true");
  });

  it("gets every bar, knows its types, and shows as a table", async () => {
    const same =
      'frame.shape.join(" ") + ["open", "high", "low", "close", "volume"].map((name) => frame.column(name).values.every((v, i) => v === bars[name as "open"][i])).join()';
    assert.equal((await ran(same)).shown, "'250 6true,true,true,true,true'");
    assert.equal((await notebook.run('frame.head("three")')).outcome.status, "type-error");
    const { outputs } = await ran("frame.head(3)");
    const [output] = outputs;
    assert.ok(output?.kind === "display");
    assert.match(JSON.stringify(output.data["text/html"]), /<table>.*>close<.*<td/s);
    assert.match(JSON.stringify(output.data["text/plain"]), /^" +time +open +high +low +close +volume\\n/);
  });

  it("gives the same bars back, and keeps where they came from", async () => {
    const { shown } = await ran(`const back = desk.fromDanfo(frame);
[back.symbol === bars.symbol, back.timeframe, back.source === bars.source, back.simulated, back.time.every((at, i) => at === bars.time[i]), back.close.every((v, i) => v === bars.close[i])].join()`);
    assert.equal(shown, "'true,1Day,true,true,true,true'");
    assert.match((await ran("back")).printed + JSON.stringify((await ran("back")).outputs), /SIMULATED/);
    await ran("desk.computeFeaturesSync(back).latest");
  });

  it("takes what danfojs made of a frame, and still says SIMULATED", async () => {
    const { shown } = await ran(
      'const some = desk.fromDanfo(frame.query(frame["close"].gt(350)), { symbol: "HIGH" }); [some.symbol, some.simulated, some.close.every((v) => v > 350)].join()',
    );
    assert.equal(shown, "'HIGH,true,true'");
  });

  for (const [what, code, said] of [
    ["without a column", 'frame.drop({ columns: ["high"] })', /has no column high\. It has time, open, low, close, volume/],
    ["out of order", 'frame.sortValues("close")', /not in the order of its times/],
    [
      "with a hole",
      'new dfd.DataFrame({ Date: ["2024-01-01", "2024-01-02"], Open: [1, 2], High: [1, 2], Low: [1, 2], Close: [1, null] } as never)',
      /no number in close, row 1/,
    ],
    ["with words for times", 'new dfd.DataFrame({ time: ["then", "now"], open: [1, 2], high: [1, 2], low: [1, 2], close: [1, 2] })', /no time in row 0: then/],
    ["that is none", "{} as never", /takes a danfojs DataFrame/],
  ] as const) {
    it(`refuses a frame ${what}, in one sentence`, async () => {
      const { outcome } = await notebook.run(`import * as dfd from "danfojs-node";\ndesk.fromDanfo(${code})`);
      assert.equal(outcome.status, "error", JSON.stringify(outcome));
      assert.match(`${outcome.error.message} ${outcome.error.hint}`, said);
    });
  }

  it("says what to do where the package is there and does not load", async () => {
    const other = await TestNotebook.open({ desk: createDeskHandlers(session) });
    try {
      const folder = join(other.folder, "node_modules", "danfojs-node");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "package.json"), '{"name":"danfojs-node","version":"1.2.0","main":"index.js"}');
      await writeFile(join(folder, "index.js"), 'throw new Error("tfjs_binding.node is not there")');
      const { outcome } = await other.run('const bars = await desk.bars("sample:simulated", { limit: 5 }); await bars.toDanfo()');
      assert.equal(outcome.status, "error");
      assert.match(`${outcome.error.message} ${outcome.error.hint}`, /does not load: tfjs_binding\.node is not there\. Install it anew with the overrides/);
    } finally {
      await other.close();
    }
  });
});
