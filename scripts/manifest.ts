/** Renews the parts of package.json that follow from src/extension/manifest.ts: `node scripts/manifest.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { manifest } from "../src/extension/manifest.ts";

const path = new URL("../package.json", import.meta.url);
const before: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
writeFileSync(path, `${JSON.stringify({ ...before, ...manifest() }, null, 2)}\n`);
