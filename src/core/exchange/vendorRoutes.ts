/**
 * The public sources' endpoints, SIMULATED: shaped like Finnhub's, Alpha Vantage's, Reddit's and Yahoo's, under
 * /vendor/<name>, about this exchange's market. Beside the exchange's own key they want the vendor's credentials in the
 * vendor's form, so that clients are tried whole; any will do.
 */
import type { FastifyInstance } from "fastify";
import type { DataParts } from "./dataQuery.ts";
import { addAlphaVantageRoutes } from "./vendorAlphaVantage.ts";
import { addFinnhubRoutes } from "./vendorFinnhub.ts";
import { addRedditRoutes } from "./vendorReddit.ts";
import { VendorSignals } from "./vendorSignals.ts";
import { addYahooRoutes } from "./vendorYahoo.ts";

export interface VendorParts extends DataParts {
  readonly signals: VendorSignals;
}

export function addVendorRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  const parts = { market, clock, signals: new VendorSignals(market) };
  addFinnhubRoutes(app, parts);
  addAlphaVantageRoutes(app, parts);
  addRedditRoutes(app, parts);
  addYahooRoutes(app, parts);
}
