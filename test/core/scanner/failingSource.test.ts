import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { createScanRunner } from "../../../src/core/scanner/scanRunner.ts";
import { OPEN_MS } from "../../../src/core/scanner/breaker.ts";
import { AS_OF, simulatedMarketData } from "../simulatedMarketData.ts";

const signal = AbortSignal.timeout(30_000);

describe("A source that answers 500 for a minute", () => {
  let server: Server;
  let isDown = true;
  let requests = 0;
  before(async () => {
    server = createServer((_request, answer) => {
      requests++;
      answer.statusCode = isDown ? 500 : 200;
      answer.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Scans every five seconds of a manual clock, as `scan --every 5` does, until `seconds` are over. */
  async function watched(seconds: number, options: { readonly breaker: boolean }) {
    const clock = new ManualClock(AS_OF);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/news`;
    const data = simulatedMarketData(async (tool, own) => {
      if (tool !== "news") return;
      const answer = await fetch(address, { signal: own });
      await answer.arrayBuffer();
      if (!answer.ok) throw new TradingError("http", `HTTP ${answer.status}`, { data: { status: answer.status } });
    });
    const lines: string[] = [];
    const given = () =>
      createScanRunner({
        data,
        settings: { concurrent: true, maxWorkers: 8, timeoutMs: 10_000, enabled: () => true, thresholds: () => ({}) },
        lastScanSymbols: () => Promise.resolve(new Set()),
        saveScan: () => Promise.resolve(),
        keys: new Set(),
        log: silentLog,
        clock,
        universe: ["AAPL", "MSFT"],
      });
    let runner = given();
    const statuses: string[] = [];
    for (let second = 0; second < seconds; second += 5) {
      if (!options.breaker) runner = given(); // its circuit is as new each time
      const { scanners } = await runner.scan({ scanners: ["news_momentum", "most_active"], onLine: (line) => lines.push(line) }, signal);
      assert.equal(scanners[0]?.status, "ok", "most_active is in nobody's way");
      statuses.push(scanners[1]?.status ?? "");
      clock.advance(5000);
    }
    return { statuses, lines, clock, runner };
  }

  it("is asked three times with the circuit and twelve times without, and once more after a while", async () => {
    requests = 0;
    isDown = true;
    assert.deepEqual(new Set((await watched(60, { breaker: false })).statuses), new Set(["error"]));
    assert.equal(requests, 12);
    requests = 0;
    const { statuses, lines, clock, runner } = await watched(60, { breaker: true });
    assert.equal(requests, 3);
    assert.deepEqual(statuses, [...Array.from({ length: 3 }, () => "error"), ...Array.from({ length: 9 }, () => "open-circuit")]);
    assert.ok(lines.includes("⚠️ news_momentum: HTTP 500 error"));
    assert.ok(lines.some((line) => /^⛔ news_momentum: circuit open until \d\d:\d\d$/.test(line)));
    assert.equal(runner.circuits()["news_momentum"]?.state, "open");
    isDown = false;
    clock.advance(OPEN_MS);
    const [news] = (await runner.scan({ scanners: ["news_momentum"] }, signal)).scanners;
    assert.deepEqual([news?.status, news?.circuit.state, requests], ["ok", "closed", 4]);
    assert.deepEqual(runner.circuits(), {});
  });
});
