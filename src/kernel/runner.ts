/**
 * kernel runner (entry): loads runnerMain.ts without its source maps. The flag that lets local files have enums turns maps
 * on, and reading those of our own bundles costs each runner 6 MB and a third of its start.
 */
import { setSourceMapsSupport } from "node:module";

setSourceMapsSupport(false);
const { startRunner } = await import("./runnerMain.ts");
// From here on what is loaded is the notebook's, whose places are to be right.
setSourceMapsSupport(true);
startRunner();
