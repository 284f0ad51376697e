/** Whatever breaks between the broker and the exchange, whoever is killed: nothing is lost and nothing is doubled. */
import assert from "node:assert/strict";
import { runFaults } from "./faultRun.ts";

describe("a fault run", () => {
  it("places each of 300 orders once and learns each fill once, through errors, resets, lost and late answers, broken streams and kills", async () => {
    const seed = Number(process.env["QUANTDESK_FAULT_SEED"] ?? 1);
    const lines: string[] = [];
    try {
      const report = await runFaults(
        { seed, orders: 300, lanes: 12, clientKills: 4, exchangeKills: 2, onLine: (line) => lines.push(line) },
        AbortSignal.timeout(120_000),
      );
      assert.equal(report.orders, 300);
    } catch (error) {
      console.error([`QUANTDESK_FAULT_SEED=${seed}`, ...lines].join("\n"));
      throw error;
    }
  }).timeout(150_000);
});
