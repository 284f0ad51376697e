/** The built-in scanners, in the order in which their results are merged. */
import type { ScannerDefinition } from "../../domain/scanner.ts";
import { breakout52w } from "./breakout52w.ts";
import { earningsSoon } from "./earningsSoon.ts";
import { gapUp } from "./gapUp.ts";
import { insiderBuying } from "./insiderBuying.ts";
import { marketMovers } from "./marketMovers.ts";
import { mostActive } from "./mostActive.ts";
import { newsMomentum } from "./newsMomentum.ts";
import { oversoldRsi } from "./oversoldRsi.ts";
import { redditTrending } from "./redditTrending.ts";
import { volumeAccumulation } from "./volumeAccumulation.ts";

export const BUILTIN_SCANNERS: readonly ScannerDefinition[] = [
  marketMovers,
  mostActive,
  insiderBuying,
  volumeAccumulation,
  redditTrending,
  newsMomentum,
  gapUp,
  breakout52w,
  earningsSoon,
  oversoldRsi,
];
