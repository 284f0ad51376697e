import assert from "node:assert/strict";
import { createAnalystThread } from "../../../src/core/analysts/analystThread.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { simulatedMarketData } from "../simulatedMarketData.ts";

describe("the analysts' thread", () => {
  const selected = ["market", "technical", "news"];
  const never = new AbortController().signal;

  it("judges as the analysts do in the loop, line by line for whoever asked", async () => {
    const thread = createAnalystThread({ data: simulatedMarketData(), selected, log: silentLog });
    const lines = { AAPL: [] as string[], MSFT: [] as string[] };
    const [apple, microsoft] = await Promise.all(
      (["AAPL", "MSFT"] as const).map((symbol) => thread.analyze(symbol, { onLine: (line) => lines[symbol].push(line) }, never)),
    );
    assert.deepEqual([apple?.symbol, microsoft?.symbol], ["AAPL", "MSFT"]);
    assert.deepEqual(
      apple?.opinions.map((opinion) => opinion.analyst),
      selected,
    );
    for (const said of Object.values(lines)) assert.equal(said.filter((line) => line.includes("START")).length, 3);
    await thread.close();
  });

  it("gives an unknown analyst back as the sentence that it is", async () => {
    const thread = createAnalystThread({ data: simulatedMarketData(), selected, log: silentLog });
    await assert.rejects(
      thread.analyze("AAPL", { analysts: ["markte"] }, never),
      (error: TradingError) => error.kind === "usage" && /Did you mean market/.test(error.hint ?? ""),
    );
    await thread.close();
  });

  it("stops when the caller gives up, and ends with its owner", async () => {
    const data = { ...simulatedMarketData(), bars: () => new Promise<never>(() => undefined) };
    const thread = createAnalystThread({ data, selected, log: silentLog });
    const controller = new AbortController();
    const asked = thread.analyze("AAPL", {}, controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(asked, /enough/);
    const open = thread.analyze("AAPL", {}, never);
    await Promise.all([assert.rejects(open, /thread ended/), thread.close()]);
    await assert.rejects(thread.analyze("AAPL", {}, never), /closed/);
  });
});
