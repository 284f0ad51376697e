/** The built-in scanners, in the order in which their results are merged. */
import type { ScannerDefinition } from "../../domain/scanner.ts";
import { breakout52w } from "./breakout52w.ts";
import { gapUp } from "./gapUp.ts";
import { marketMovers } from "./marketMovers.ts";
import { mostActive } from "./mostActive.ts";
import { newsMomentum } from "./newsMomentum.ts";
import { oversoldRsi } from "./oversoldRsi.ts";
import { volumeAccumulation } from "./volumeAccumulation.ts";

export const BUILTIN_SCANNERS: readonly ScannerDefinition[] = [marketMovers, mostActive, volumeAccumulation, gapUp, breakout52w, oversoldRsi, newsMomentum];
