/** Where a trade or a quote comes from: Alpaca's one-letter codes of the exchanges. */
import type { SimulatedStock } from "../domain/simulatedUniverse.ts";
import type { Feed } from "./dataQuery.ts";

export const EXCHANGES: Readonly<Record<string, string>> = {
  A: "NYSE American (AMEX)",
  B: "NASDAQ OMX BX",
  C: "National Stock Exchange",
  D: "FINRA ADF",
  E: "Market Independent",
  H: "MIAX",
  I: "International Securities Exchange",
  J: "Cboe EDGA",
  K: "Cboe EDGX",
  L: "Long Term Stock Exchange",
  M: "Chicago Stock Exchange",
  N: "New York Stock Exchange",
  P: "NYSE Arca",
  Q: "NASDAQ OMX",
  S: "NASDAQ Small Cap",
  T: "NASDAQ Int",
  U: "Members Exchange",
  V: "IEX",
  W: "CBOE",
  X: "NASDAQ OMX PSX",
  Y: "Cboe BYX",
  Z: "Cboe BZX",
};

/** In proportion to what they trade, about. */
const BUSY = "QQQNNPPZZKKDDDDDUVJYBX";

const LISTED: Readonly<Record<SimulatedStock["listing"], readonly [venue: string, tape: string]>> = {
  NASDAQ: ["Q", "C"],
  NYSE: ["N", "A"],
  ARCA: ["P", "B"],
  BATS: ["Z", "B"],
};

/** Where its auctions are held. */
export function primaryVenue({ listing }: SimulatedStock): string {
  return LISTED[listing][0];
}

/** Which tape reports it: A for the NYSE, C for NASDAQ, B for the others. */
export function tapeOf({ listing }: SimulatedStock): string {
  return LISTED[listing][1];
}

/** A venue drawn by `noise`; the feed of one exchange knows only its own. */
export function venueOf(feed: Feed, noise: number): string {
  return feed === "iex" ? "V" : (BUSY[(noise >>> 0) % BUSY.length] as string);
}
