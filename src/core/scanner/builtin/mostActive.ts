/** The most traded symbols of the day by shares. Attention, not direction: scores stay below those of the other scanners. */
import { defineScanner } from "../../domain/scanner.ts";

/** Score of the most traded one; the others in proportion to their volume. */
const TOP_SCORE = 0.5;

export const mostActive = defineScanner({
  name: "most_active",
  pipeline: "momentum",
  needs: ["movers"],
  thresholds: { maxSymbols: 10 },
  async scan({ settings }, tools) {
    const active = (await tools.mostActive(settings.maxSymbols)).filter(({ volume }) => volume > 0);
    const most = active.reduce((top, { volume }) => Math.max(top, volume), 1);
    return active.slice(0, settings.maxSymbols).map(({ symbol, volume }, index) => ({
      symbol,
      score: (TOP_SCORE * volume) / most,
      reason: `number ${index + 1} by volume, ${(volume / 1e6).toFixed(1)} million shares`,
      value: volume,
    }));
  },
});
