import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openSession } from "../../../src/core/session.ts";
import { CHROMIUM, openBrowser, type Browser } from "./browser.ts";

const { signal } = new AbortController();

// Registered only where a Chromium is: the page is nothing without a browser.
if (CHROMIUM !== undefined) {
  describe("the charts of a report in a browser", function () {
    this.timeout(60_000);
    let folder: string;
    let browser: Browser;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "quantdesk-report-keys-"));
      const session = await openSession({ home: join(folder, "home"), front: "test" });
      try {
        const spec = { data: "sample:simulated", strategy: "sma_cross", equity: true, from: "2024-01-01" };
        const result = await session.backtest(spec, signal);
        await writeFile(join(folder, "report.html"), await session.report(spec.data, result, { spec }, signal));
      } finally {
        await session.close();
      }
      browser = await openBrowser();
      await browser.open(pathToFileURL(join(folder, "report.html")).href);
    });
    after(async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    const valueOf = (id: string) => browser.evaluate<string>(`document.getElementById(${JSON.stringify(id)}).getAttribute("aria-valuetext")`);

    it("move their cursor by keys, and say date and values", async () => {
      await browser.evaluate(`document.getElementById("equity").focus()`);
      await browser.press("Home");
      const first = await valueOf("equity");
      assert.match(first, /^2024-01-\d\d: \$[\d,]+\.\d\d, held \$[\d,]+\.\d\d, at the peak$/);
      await browser.press("ArrowRight");
      const second = await valueOf("equity");
      assert.ok(second.slice(0, 10) > first.slice(0, 10));
      await browser.press("ArrowLeft");
      await browser.press("ArrowLeft");
      assert.equal(await valueOf("equity"), first);
      await browser.press("End");
      assert.match(await valueOf("equity"), /^2024-12-/);
      await browser.evaluate(`document.getElementById("price").focus()`);
      await browser.press("Home");
      assert.match(await valueOf("price"), /^2024-01-\d\d: open [\d,.]+, high [\d,.]+, low [\d,.]+, close [\d,.]+$/);
    });

    it("swap for a table of their numbers and back", async () => {
      const counts = await browser.evaluate<ReadonlyArray<{ readonly before: string; readonly rows: number; readonly after: string }>>(
        `[...document.querySelectorAll(".tool")].map((button) => {
          const box = document.getElementById(button.getAttribute("aria-controls"));
          const before = button.getAttribute("aria-expanded") + box.hidden;
          button.click();
          const rows = box.querySelectorAll("tbody tr").length;
          const after = button.getAttribute("aria-expanded") + box.hidden;
          button.click();
          return { before, rows, after };
        })`,
      );
      assert.deepEqual(
        counts.map(({ before, after }) => [before, after]),
        [
          ["falsetrue", "truefalse"],
          ["falsetrue", "truefalse"],
        ],
      );
      for (const { rows } of counts) assert.ok(rows > 200, String(rows));
    });

    it("fit a phone: nothing but their own regions scrolls sideways", async () => {
      const over = await browser.evaluate<number>(`(() => {
        document.body.style.width = "360px";
        return document.querySelector(".wrap").scrollWidth;
      })()`);
      assert.ok(over <= 360, String(over));
    });
  });
}
