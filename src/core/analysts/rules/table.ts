/** The analysts of the rules provider, in the order of their opinions. */
import type { Analyst } from "../analyst.ts";
import { marketAnalyst } from "./market.ts";
import { newsAnalyst } from "./news.ts";
import { technicalAnalyst } from "./technical.ts";

export const RULE_ANALYSTS: readonly Analyst[] = [marketAnalyst, technicalAnalyst, newsAnalyst];

/** Named in the requirements; their sources are not there yet. */
export const COMING_ANALYSTS: readonly string[] = ["fundamentals", "social", "risk"];
