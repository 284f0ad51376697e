import { itRuns, NAMES } from "./guided.ts";

describe("the last four guided notebooks", () => {
  for (const name of NAMES.slice(4)) itRuns(name);
});
