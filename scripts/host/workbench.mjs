/** A real VS Code without a desktop: code-server on loopback, its workbench in headless Chromium, a throw-away profile. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { format } from "node:util";
import { findChromium } from "./install.mjs";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const THEMES = { light: "Default Light Modern", dark: "Default Dark Modern" };

/** A quiet first start: no welcome page, no AI side bar, no look-ups, no hints over the screenshots. */
const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "workbench.enableExperiments": false,
  "git.openRepositoryInParentFolders": "never",
  "workbench.editor.useModal": "off", // "Running Extensions" is read from its editor
  "window.autoDetectColorScheme": false,
};

/** The workbench's own start-up lines, which share a stream with the report of the tests. */
const CHATTER =
  /^(potential listener LEAK|Ignoring fetching|Updating additional|Resolv\w+ connection|Creating a socket|\[(AccountPolicyGate|AgentHost|reconnection|Service Worker|ChatModel)|Creation of workbench|Timed out waiting for auth)/;

/** Makes the profile; `open` links the extension in as if it were installed, since only test mode loads it from a path. */
export function makeProfile({ workspace, copy, theme, settings, open, extension }) {
  const profile = mkdtempSync(join(tmpdir(), "quantdesk-host-"));
  const userData = join(profile, "user-data");
  const extensions = join(profile, "extensions");
  mkdirSync(join(userData, "User"), { recursive: true });
  mkdirSync(extensions);
  let folder = workspace ?? join(profile, "workspace");
  if (workspace === undefined) mkdirSync(folder);
  else if (copy) cpSync(workspace, (folder = join(profile, basename(workspace))), { recursive: true });
  if (open) {
    const manifest = JSON.parse(readFileSync(join(extension, "package.json"), "utf8"));
    symlinkSync(extension, join(extensions, `${manifest.publisher}.${manifest.name}-${manifest.version}`.toLowerCase()), "dir");
  }
  const all = { ...QUIET, "workbench.colorTheme": THEMES[theme ?? "dark"], ...settings };
  writeFileSync(join(userData, "User", "settings.json"), JSON.stringify(all, null, 2));
  writeFileSync(join(profile, "config.yaml"), "auth: none\n");
  return { profile, userData, extensions, folder };
}

/** The exchange outlives its last client by a minute; the one of this profile goes with the profile. */
export async function removeProfile({ profile }) {
  try {
    const { pid } = JSON.parse(readFileSync(join(profile, "xdg", "quantdesk", "exchange.json"), "utf8"));
    process.kill(pid, "SIGTERM");
    for (let waited = 0; waited < 3000; waited += 100) {
      process.kill(pid, 0);
      await sleep(100);
    }
    process.kill(pid, "SIGKILL");
  } catch {
    // none was started, or it is gone
  }
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}

function hostNode(host) {
  return join(host, "node_modules", `node-linux-${process.arch}`, "bin", "node");
}

const serverEntry = (host) => join(host, "node_modules", "code-server", "out", "node", "entry.js");

/** As if not inside VS Code, with nothing of ours but what `extra` says, no extension market and a state folder of its own. */
function serverEnv(host, { profile }, extra) {
  const env = { ...process.env, PATH: dirname(hostNode(host)) + delimiter + process.env.PATH, EXTENSIONS_GALLERY: "{}" };
  for (const name of Object.keys(env)) if (/^VSCODE_|^ELECTRON_|^NODE_OPTIONS$|^PASSWORD$|^npm_|^APCA_|^ALPACA_|^QUANTDESK_/.test(name)) delete env[name];
  const xdg = join(profile, "xdg");
  return { ...env, XDG_CONFIG_HOME: xdg, XDG_DATA_HOME: xdg, XDG_RUNTIME_DIR: profile, ...extra };
}

const places = (made) => ["--config", join(made.profile, "config.yaml"), "--user-data-dir", made.userData, "--extensions-dir", made.extensions];

/** Installs a .vsix as a user does. */
export async function installVsix(host, made, vsix) {
  const child = spawn(hostNode(host), [serverEntry(host), ...places(made), "--install-extension", vsix], {
    env: serverEnv(host, made, {}),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0 || !/successfully installed/.test(output)) throw new Error(`code-server did not install ${basename(vsix)}:\n${output}`);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts code-server; it leads a process group of its own, so that `stop` ends the extension host and its children with it. */
export async function startServer(host, made, { env, testMode, verbose, restricted, onEnd }) {
  const port = await freePort();
  const flags = [
    "--auth",
    "none",
    "--bind-addr",
    `127.0.0.1:${port}`,
    "--disable-telemetry",
    "--disable-update-check",
    ...(restricted ? [] : ["--disable-workspace-trust"]),
    "--disable-getting-started-override",
    "--ignore-last-opened",
  ];
  if (testMode) flags.push("--vscode-option", "enable-smoke-test-driver"); // without it a built workbench ignores the paths in the payload
  const child = spawn(hostNode(host), [serverEntry(host), ...places(made), ...flags], {
    env: serverEnv(host, made, env),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      tail = (tail + chunk).slice(-4000);
      if (verbose) process.stdout.write(chunk);
    });
  }
  let stopping = false;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  void ended.then((code) => !stopping && onEnd(`code-server ended (${code})\n${tail}`));
  const signalGroup = (signal) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // gone already
    }
  };
  process.on("exit", () => signalGroup("SIGKILL"));
  const stop = async () => {
    stopping = true;
    signalGroup("SIGTERM");
    await Promise.race([ended, sleep(3000)]);
    signalGroup("SIGKILL");
  };
  const origin = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 60_000;
  while (
    !(await fetch(`${origin}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (Date.now() > deadline) throw new Error(`code-server is not up after 60 s\n${tail}`);
    await sleep(200);
  }
  return { origin, port, stop };
}

/** Opens the workbench; nothing but loopback can be reached from its page, service workers included. */
export async function openWorkbench(host, { origin, port }, { folder, extension, tests, size, verbose, onExit, onCrash }) {
  const { chromium } = createRequire(join(host, "package.json"))("playwright-core");
  const browser = await chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
      "--disable-renderer-backgrounding",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
  const context = await browser.newContext({ viewport: size, locale: "en-US", permissions: ["clipboard-read", "clipboard-write"] });
  const isOutside = (url) => /^(https?|wss?):$/.test(url.protocol) && !["127.0.0.1", "localhost"].includes(url.hostname);
  await context.route(isOutside, (route) => route.abort("blockedbyclient"));
  const page = await context.newPage();
  page.on("dialog", (dialog) => dialog.accept().catch(() => {}));
  page.on("crash", () => onCrash("the page crashed"));
  if (verbose) {
    page.on("pageerror", (error) => console.error(`[page error] ${error.message}`));
    page.on("console", (message) => !message.text().startsWith("%c") && console.log(`[browser ${message.type()}] ${message.text().slice(0, 500)}`));
  }
  // In test mode the extension host's console arrives here, with %s and %d still unfilled; both must be there before the page loads.
  await page.exposeFunction("codeAutomationLog", (_type, args) => {
    const line = format(...[].concat(args));
    if (verbose || !CHATTER.test(line)) console.log(line);
  });
  await page.exposeFunction("codeAutomationExit", (code) => onExit(code));
  const remote = (path) => `vscode-remote://127.0.0.1:${port}${encodeURI(path)}`;
  const payload =
    tests === undefined
      ? []
      : [
          ["extensionDevelopmentPath", remote(extension)],
          ["extensionTestsPath", remote(tests)],
        ];
  await page.goto(`${origin}/?folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
  await page.locator(".monaco-workbench").waitFor({ timeout: 60_000 });
  return { page, close: () => Promise.race([browser.close().catch(() => {}), sleep(5000)]) };
}
