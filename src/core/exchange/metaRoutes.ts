/** What the codes in trades and quotes stand for. */
import type { FastifyInstance } from "fastify";
import { badRequest } from "./apiError.ts";
import { choice, readQuery } from "./query.ts";
import { EXCHANGES } from "./venues.ts";

/** Sale conditions of the consolidated tapes (CTA for A and B, UTP for C) that are known by the same letter in both. */
const TRADES: Readonly<Record<string, string>> = {
  "4": "Derivatively Priced",
  "5": "Market Center Reopening Trade",
  "6": "Market Center Closing Trade",
  "7": "Qualified Contingent Trade",
  "9": "Corrected Consolidated Close",
  B: "Bunched Trade",
  C: "Cash Sale",
  F: "Intermarket Sweep",
  H: "Price Variation Trade",
  I: "Odd Lot Trade",
  L: "Sold Last",
  M: "Market Center Official Close",
  N: "Next Day",
  O: "Market Center Opening Trade",
  P: "Prior Reference Price",
  Q: "Market Center Official Open",
  R: "Seller",
  T: "Form T",
  U: "Extended Trading Hours (Sold Out of Sequence)",
  V: "Contingent Trade",
  X: "Cross Trade",
  Z: "Sold (Out of Sequence)",
};
const QUOTES: Readonly<Record<string, string>> = {
  A: "Slow Quote Offer Side",
  B: "Slow Quote Bid Side",
  C: "Closing Quote",
  E: "Slow Quote Lrp Bid Side",
  F: "Slow Quote Lrp Offer Side",
  H: "Slow Quote Bid And Offer Side",
  L: "Closed Quote",
  N: "Non Firm Quote",
  O: "Opening Quote",
  R: "Regular Market Maker Open",
  U: "Slow Quote Lrp Bid And Offer",
  W: "Slow Quote Set Slow List",
};

export function addMetaRoutes(app: FastifyInstance): void {
  app.get("/v2/stocks/meta/exchanges", () => EXCHANGES);
  app.get("/v2/stocks/meta/conditions/:ticktype", (request) => {
    const query = readQuery(request.query);
    const { ticktype } = request.params as { readonly ticktype: string };
    if (ticktype !== "trade" && ticktype !== "quote") throw badRequest(`invalid ticktype: ${ticktype}`);
    if ((query["tape"] ?? "") === "") throw badRequest("tape is required");
    const tape = choice(query, "tape", "A", ["A", "B", "C"]);
    if (ticktype === "quote") return QUOTES;
    return tape === "C" ? { "@": "Regular Sale", ...TRADES } : { " ": "Regular Sale", ...TRADES };
  });
}
