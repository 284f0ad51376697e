/** Alpaca's Market Data API: history, latest values and snapshots, screeners, corporate actions, news, codes. All of it SIMULATED. */
import type { FastifyInstance } from "fastify";
import { addActionRoutes } from "./actionRoutes.ts";
import type { DataParts } from "./dataQuery.ts";
import { addHistoryRoutes } from "./historyRoutes.ts";
import { addLatestRoutes } from "./latestRoutes.ts";
import { addMetaRoutes } from "./metaRoutes.ts";
import { addNewsRoutes } from "./newsRoutes.ts";
import { addScreenerRoutes } from "./screenerRoutes.ts";

export function addDataRoutes(app: FastifyInstance, parts: DataParts): void {
  addHistoryRoutes(app, parts);
  addLatestRoutes(app, parts);
  addScreenerRoutes(app, parts);
  addActionRoutes(app, parts);
  addNewsRoutes(app, parts);
  addMetaRoutes(app);
}
