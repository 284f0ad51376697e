#!/usr/bin/env node
/**
 * `npm run test:desktop`: the suite of the extension in a desktop VS Code, for machines that have a screen and may download
 * one. @vscode/test-electron and that VS Code go into the cache folder, not into this repository.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../node24.mjs";
import { cached, cacheRoot, npmEnv, run } from "./cache.mjs";
import { bundleSuite } from "./suite.mjs";

const TEST_ELECTRON = "3.1.0";
const VSCODE = "1.138.0"; // the floor of engines.vscode

const tools = await cached(`test-electron-${TEST_ELECTRON}`, { testElectron: TEST_ELECTRON }, async (folder) => {
  console.log("Fetching @vscode/test-electron ...");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "quantdesk-test-electron", private: true }));
  await run("npm", ["install", `@vscode/test-electron@${TEST_ELECTRON}`], { cwd: folder, env: npmEnv() });
});
const { runTests } = createRequire(join(tools, "package.json"))("@vscode/test-electron");
const workspace = mkdtempSync(join(tmpdir(), "quantdesk-desktop-"));
try {
  cpSync(join(root, "notebooks"), workspace, { recursive: true });
  process.exitCode = await runTests({
    version: VSCODE,
    cachePath: join(cacheRoot(), "vscode-desktop"),
    extensionDevelopmentPath: root,
    extensionTestsPath: await bundleSuite("test/extension/suite", "out/test/extension"),
    launchArgs: [workspace, "--disable-workspace-trust"],
    extensionTestsEnv: { XDG_DATA_HOME: join(workspace, ".data") },
  });
} finally {
  rmSync(workspace, { recursive: true, force: true, maxRetries: 5 });
}
