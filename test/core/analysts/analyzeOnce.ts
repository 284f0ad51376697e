/** One analysis in a process of its own: what an environment does to it is seen from outside. */
import { systemClock } from "../../../src/core/base/clock.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { createAnalysts } from "../../../src/core/analysts/analystRunner.ts";
import { simulatedMarketData } from "../simulatedMarketData.ts";

const analysts = createAnalysts({
  data: simulatedMarketData(),
  provider: "rules",
  selected: ["market", "technical", "news"],
  log: silentLog,
  clock: systemClock,
});
const { action } = await analysts.analyze("AAPL", {}, AbortSignal.timeout(15_000));
process.stdout.write(`${action}\n`);
