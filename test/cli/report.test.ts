import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { quantdesk } from "./quantdesk.ts";

/** 300 days of prices with one of each fault that is reported but not refused, in a way that few write them. */
function oddFile(): string {
  const rows = Array.from({ length: 300 }, (_value, i) => {
    const day = new Date(Date.UTC(2023, 0, 2) + i * 86_400_000).toISOString().slice(0, 10);
    const price = (100 + 8 * Math.sin(i / 9)) / (i < 200 ? 1 : 4);
    const row = [price, price * 1.01, i === 150 ? 1 : price * 0.99, price].map((value) => value.toFixed(2).replace(".", ","));
    return `${day};${row.join(";")};1000`;
  });
  const kept = rows.filter((_row, i) => i < 50 || i > 54);
  return ["Date;Open;High;Low;Close;Volume", ...kept.slice(0, 10), kept[9], ...kept.slice(10)].join("\r\n");
}

describe("a report from the terminal", function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-report-"));
    await mkdir(join(folder, "again"));
    await writeFile(join(folder, "odd.csv.gz"), gzipSync(oddFile()));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });
  const run = (args: readonly string[]) => quantdesk([...args, "--home", join(folder, "home")], { cwd: folder });

  it("names what is odd about the prices, and its own command makes the same bytes and the same run hash", async () => {
    const flags = [
      "--data",
      "odd.csv.gz",
      "--strategy",
      "sma_cross",
      "--params",
      "fast=3,slow=8",
      "--fee-rate",
      "0.001",
      "--from",
      "2023-01-10",
      "--risk-free",
      "0.02",
    ];
    const first = await run(["backtest", ...flags, "--report", "report.html", "--json"]);
    assert.equal(first.code, 0, first.stderr);
    const { warnings, runHash } = first.json<{ warnings: string[]; runHash: string }>();
    for (const word of ["duplicate", "gap", "4:1 split", "bad tick"])
      assert.ok(
        warnings.some((text) => text.includes(word)),
        `${word}: ${warnings.join(" ")}`,
      );
    const html = await readFile(join(folder, "report.html"), "utf8");
    for (const text of warnings) assert.ok(html.includes(text.replaceAll("'", "&#39;")), text);
    const command = /quantdesk backtest((?:[^\n]*\\\n)*[^\n]*)/.exec(html)?.[1] ?? "";
    const again = await run(["backtest", ...command.split(/\\?\s+/).filter((word) => word !== ""), "--report", "again/report.html", "--json"]);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.json<{ runHash: string }>().runHash, runHash);
    assert.equal(await readFile(join(folder, "again", "report.html"), "utf8"), html);
  });

  it("comes with the heat map of a sweep, and trades as CSV", async () => {
    const sweep = await run(["sweep", "--data", "odd.csv.gz", "--strategy", "sma_cross", "--grid", "fast=2:5,slow=8:20:4", "--report", "best.html", "--json"]);
    assert.equal(sweep.code, 0, sweep.stderr);
    assert.ok(sweep.json<{ warnings: string[] }>().warnings.some((text) => text.includes("bad tick")));
    const html = await readFile(join(folder, "best.html"), "utf8");
    assert.match(html, /Sharpe ratio by fast \(down\) and slow \(across\)[\s\S]*<td class="here"/);
    const one = await run(["backtest", "--data", "odd.csv.gz", "--strategy", "sma_cross", "--trades", "trades.csv", "--json"]);
    const { trades } = one.json<{ trades: readonly unknown[] }>();
    assert.equal((await readFile(join(folder, "trades.csv"), "utf8")).trimEnd().split("\r\n").length, trades.length + 1);
  });
});
