import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAnalysts } from "../../../src/core/analysts/analystRunner.ts";
import { systemClock } from "../../../src/core/base/clock.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { createAlpacaData } from "../../../src/core/data/alpacaData.ts";
import type { HttpClient, MarketData } from "../../../src/core/domain/ports.ts";
import { findOrStartExchange } from "../../../src/core/exchange/embedded.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { createScanRunner } from "../../../src/core/scanner/scanRunner.ts";
import { givenPublicData } from "./publicData.ts";

const signal = AbortSignal.timeout(60_000);

describe("On the paper exchange", () => {
  let home: string;
  let exchange: Awaited<ReturnType<typeof findOrStartExchange>>;
  const clients: HttpClient[] = [];
  let data: MarketData;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "quantdesk-scan-"));
    exchange = await findOrStartExchange({ home, own: true, seed: 3 }, signal);
    const { endpoint } = exchange;
    const client = (origin: string) => {
      const http = createHttpClient({
        origin,
        headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
        connections: 10,
        timeoutMs: 10_000,
        retries: 0,
        backoffMs: 100,
        requestsPerMinute: 10_000,
        log: silentLog,
      });
      clients.push(http);
      return http;
    };
    data = createAlpacaData({
      http: client(endpoint.dataUrl),
      trading: client(endpoint.tradingUrl),
      feed: "iex",
      adjustment: "all",
      simulated: true,
      log: silentLog,
    });
  });

  after(async () => {
    for (const http of clients) await http.close();
    await exchange.release();
    await rm(home, { recursive: true, force: true });
  });

  it("every built-in scanner runs, and most find something", async () => {
    const runner = createScanRunner({
      data,
      publicData: givenPublicData(),
      settings: { concurrent: true, maxWorkers: 8, timeoutMs: 15_000, enabled: () => true, thresholds: () => ({}) },
      lastScanSymbols: () => Promise.resolve(new Set()),
      saveScan: () => Promise.resolve(),
      keys: new Set(),
      log: silentLog,
      clock: systemClock,
    });
    const { scanners, candidates, simulated } = await runner.scan({}, signal);
    assert.deepEqual(
      scanners.map(({ name, status, error }) => [name, status, error]),
      runner.names.map((name) => [name, "ok", null]),
    );
    assert.ok(scanners.filter((run) => run.candidates > 0).length >= 4, JSON.stringify(scanners));
    assert.ok(candidates.length > 0 && simulated);
    assert.ok((await runner.verify({}, signal)).ok);
  });

  it("the analysts judge a symbol with every tool, and know an unknown one", async () => {
    const analysts = createAnalysts({ data, provider: "rules", selected: ["market", "technical", "news"], log: silentLog, clock: systemClock });
    const analysis = await analysts.analyze("AAPL", {}, signal);
    assert.deepEqual(analysis.missing, []);
    assert.ok(analysis.opinions.filter(({ confidence }) => confidence > 0).length >= 2);
    await assert.rejects(analysts.analyze("APPL", {}, signal), { code: "unknown-symbol", hint: "Did you mean AAPL?" });
  });
});
