/**
 * The parts of package.json that follow from code: commands, settings, views, menus, trust.
 * Imports the tables only, so that plain Node can write and check the manifest. `node scripts/manifest.ts` renews it.
 */
import { CHART_MIME, TABLE_MIME, TEXT_MIME, TREE_MIME } from "../core/domain/shown.ts";
import { SETTINGS, type SettingSpec } from "../core/config/schema.ts";
import { COMMANDS, type CommandSpec } from "./commandTable.ts";

export const CONTAINER = "quantdesk";
export const CONTROLLER_ID = "quantdesk-typescript";
export const DASHBOARD_TYPE = "quantdesk.dashboard";
export const WALKTHROUGH = "quantdesk.start";

export const OUTPUTS_RENDERER = "quantdesk.outputs";

/** They draw what is in the notebook file also where no kernel is there to ask. */
const RENDERERS = [
  {
    id: OUTPUTS_RENDERER,
    displayName: "Quantdesk",
    entrypoint: "./dist/webview/outputs.js",
    mimeTypes: [TABLE_MIME, TREE_MIME, TEXT_MIME],
    requiresMessaging: "optional",
  },
  { id: "quantdesk.charts", displayName: "Quantdesk", entrypoint: "./dist/webview/chart.js", mimeTypes: [CHART_MIME], requiresMessaging: "never" },
] as const;

export const CHAT_PARTICIPANT = "quantdesk.chat";

const CHAT_COMMANDS = [
  { name: "portfolio", description: "What is held" },
  { name: "orders", description: "Open orders" },
  { name: "account", description: "Cash, equity, buying power" },
  { name: "scan", description: "Symbols that stand out now" },
  { name: "help", description: "Sentences that are understood" },
] as const;

const VIEWS = [
  { id: "quantdesk.session", name: "Session", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", initialSize: 28 },
  { id: "quantdesk.positions", name: "Positions", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", initialSize: 18 },
  { id: "quantdesk.orders", name: "Orders", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", visibility: "collapsed", initialSize: 1 },
  { id: "quantdesk.candidates", name: "Candidates", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", visibility: "collapsed", initialSize: 1 },
  { id: "quantdesk.backtests", name: "Backtests", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", visibility: "collapsed", initialSize: 1 },
  { id: "quantdesk.variables", name: "Variables", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", visibility: "collapsed", initialSize: 1 },
  { id: "quantdesk.performance", name: "Performance", icon: "media/quantdesk.svg", contextualTitle: "Quantdesk", type: "webview", initialSize: 55 },
] as const;

const WELCOME = [
  {
    view: "quantdesk.session",
    contents:
      "Your account, equity and connection appear here.\n[Connect Broker](command:quantdesk.connect)\nWithout keys this is the built-in simulated exchange.",
  },
  {
    view: "quantdesk.positions",
    when: "!quantdesk.connected",
    contents: "What you hold appears here when a broker is connected.\n[Connect Broker](command:quantdesk.connect)",
  },
  { view: "quantdesk.positions", when: "quantdesk.connected", contents: "You hold nothing yet.\n[Buy…](command:quantdesk.buy)" },
  {
    view: "quantdesk.variables",
    contents:
      "What the cells of a notebook declared appears here when one has run.\n[New Notebook](command:quantdesk.newNotebook)\n[Open Guided Notebook…](command:quantdesk.openGuidedNotebook)",
  },
  {
    view: "quantdesk.orders",
    when: "!quantdesk.connected",
    contents: "Your orders appear here when a broker is connected.\n[Connect Broker](command:quantdesk.connect)",
  },
  { view: "quantdesk.orders", when: "quantdesk.connected", contents: "No orders yet today.\n[Buy…](command:quantdesk.buy)" },
  { view: "quantdesk.candidates", contents: "The symbols that scanners find appear here.\n[Run Scan](command:quantdesk.scan)" },
  { view: "quantdesk.backtests", contents: "The backtests that you ran appear here, newest first.\n[Run Backtest…](command:quantdesk.backtest)" },
] as const;

const GROUPS: ReadonlyArray<readonly [prefix: string, title: string]> = [
  ["broker", "Broker"],
  ["risk", "Risk limits"],
  ["data", "Market data"],
  ["scanners", "Scanners"],
  ["backtest", "Backtests"],
  ["research", "Research"],
  ["analysts", "Analysts"],
  ["features", "Features"],
  ["kernel", "Notebooks"],
  ["dashboard", "Dashboard"],
];

/** The keys of package.json that this file owns, with the values they must have. */
export function manifest(): Record<string, unknown> {
  return {
    icon: "media/icon.png",
    extensionKind: ["workspace"],
    activationEvents: ["onNotebook:jupyter-notebook", `onWebviewPanel:${DASHBOARD_TYPE}`, "workspaceContains:quantdesk.json"],
    capabilities: {
      untrustedWorkspaces: {
        supported: "limited",
        description: "Looking at accounts, reports and past results works. Cells, strategies, scans, analyses and orders wait until you trust this folder.",
        restrictedConfigurations: SETTINGS.map((spec) => `quantdesk.${spec.key}`),
      },
      virtualWorkspaces: { supported: "limited", description: "Past results can be read. Notebooks, strategies and scanners need a folder on disk." },
    },
    contributes: {
      commands: (COMMANDS as readonly CommandSpec[]).map(command),
      viewsContainers: { activitybar: [{ id: CONTAINER, title: "Quantdesk", icon: "media/quantdesk.svg" }] },
      views: { [CONTAINER]: VIEWS },
      viewsWelcome: WELCOME,
      // Below node_modules, where that service looks for plugins; scripts/build.mjs puts it there.
      typescriptServerPlugins: [{ name: "quantdesk-cells", enableForWorkspaceTypeScriptVersions: true }],
      notebookRenderer: RENDERERS,
      menus: MENUS,
      configuration: GROUPS.map(([prefix, title], order) => ({
        title,
        order,
        properties: Object.fromEntries(
          (SETTINGS as readonly SettingSpec[])
            .filter((spec) => spec.key.startsWith(`${prefix}.`))
            .map((spec, index) => [`quantdesk.${spec.key}`, setting(spec, index)]),
        ),
      })),
      chatParticipants: [
        {
          id: CHAT_PARTICIPANT,
          name: "quantdesk",
          fullName: "Quantdesk",
          description: "Trade in sentences: buy 10 AAPL, analyze MSFT, portfolio",
          isSticky: true,
          commands: CHAT_COMMANDS,
        },
      ],
      walkthroughs: [walkthrough()],
    },
  };
}

function command(spec: CommandSpec) {
  return {
    command: `quantdesk.${spec.id}`,
    title: spec.title,
    category: "Quantdesk",
    ...(spec.icon === undefined ? {} : { icon: spec.icon }),
    ...(spec.enablement === undefined ? {} : { enablement: spec.enablement }),
  };
}

const NAVIGATION = "navigation";
const MENUS = {
  commandPalette: [
    { command: "quantdesk.restartKernel", when: "notebookKernel =~ /quantdesk-typescript/" },
    { command: "quantdesk.restartAndRunAll", when: "notebookKernel =~ /quantdesk-typescript/" },
  ],
  "view/title": [
    { command: "quantdesk.openDashboard", when: "view == quantdesk.session", group: `${NAVIGATION}@1` },
    { command: "quantdesk.connect", when: "view == quantdesk.session && !quantdesk.connected", group: `${NAVIGATION}@2` },
    { command: "quantdesk.disconnect", when: "view == quantdesk.session && quantdesk.connected", group: `${NAVIGATION}@2` },
    { command: "quantdesk.setKeys", when: "view == quantdesk.session", group: "2_setup@1" },
    { command: "quantdesk.setSourceKeys", when: "view == quantdesk.session", group: "2_setup@2" },
    { command: "quantdesk.setLimits", when: "view == quantdesk.session && quantdesk.connected", group: "2_setup@3" },
    { command: "quantdesk.acknowledgeAlarms", when: "view == quantdesk.session && quantdesk.connected", group: "3_stop@0" },
    { command: "quantdesk.killSwitch", when: "view == quantdesk.session && quantdesk.connected && quantdesk.stopped", group: `${NAVIGATION}@3` },
    { command: "quantdesk.killSwitch", when: "view == quantdesk.session && quantdesk.connected && !quantdesk.stopped", group: "3_stop@1" },
    { command: "quantdesk.stopExchange", when: "view == quantdesk.session", group: "3_stop@2" },
    { command: "quantdesk.reset", when: "view == quantdesk.session", group: "3_stop@3" },
    { command: "quantdesk.export", when: "view == quantdesk.session", group: "4_log@1" },
    { command: "quantdesk.openLog", when: "view == quantdesk.session", group: "4_log@2" },
    { command: "quantdesk.buy", when: "view == quantdesk.positions", group: `${NAVIGATION}@1` },
    { command: "quantdesk.sell", when: "view == quantdesk.positions", group: `${NAVIGATION}@2` },
    { command: "quantdesk.cancelAll", when: "view == quantdesk.orders", group: `${NAVIGATION}@1` },
    { command: "quantdesk.export", when: "view == quantdesk.orders", group: "2_export@1" },
    { command: "quantdesk.scan", when: "view == quantdesk.candidates", group: `${NAVIGATION}@1` },
    { command: "quantdesk.newScanner", when: "view == quantdesk.candidates", group: "2_new@1" },
    { command: "quantdesk.backtest", when: "view == quantdesk.backtests", group: `${NAVIGATION}@1` },
    { command: "quantdesk.openDashboard", when: "view == quantdesk.backtests", group: `${NAVIGATION}@2` },
    { command: "quantdesk.sweep", when: "view == quantdesk.backtests", group: "1_run@1" },
    { command: "quantdesk.newStrategy", when: "view == quantdesk.backtests", group: "2_new@1" },
  ],
  "view/item/context": [
    { command: "quantdesk.acknowledgeAlarms", when: "view == quantdesk.session && viewItem == alarm", group: "inline@1" },
    { command: "quantdesk.closePosition", when: "view == quantdesk.positions && viewItem == position", group: "inline@1" },
    { command: "quantdesk.closePosition", when: "view == quantdesk.positions && viewItem == position", group: "1_trade@3" },
    { command: "quantdesk.buy", when: "view == quantdesk.positions && viewItem == position", group: "1_trade@1" },
    { command: "quantdesk.sell", when: "view == quantdesk.positions && viewItem == position", group: "1_trade@2" },
    { command: "quantdesk.analyze", when: "view == quantdesk.positions && viewItem == position", group: "2_look@1" },
    { command: "quantdesk.replaceOrder", when: "view == quantdesk.orders && viewItem == openOrder", group: "inline@1" },
    { command: "quantdesk.cancelOrder", when: "view == quantdesk.orders && viewItem == openOrder", group: "inline@2" },
    { command: "quantdesk.replaceOrder", when: "view == quantdesk.orders && viewItem == openOrder", group: "1_trade@1" },
    { command: "quantdesk.cancelOrder", when: "view == quantdesk.orders && viewItem == openOrder", group: "1_trade@2" },
    { command: "quantdesk.analyze", when: "view == quantdesk.orders && viewItem =~ /rder$/", group: "2_look@1" },
    { command: "quantdesk.analyze", when: "view == quantdesk.candidates && viewItem == candidate", group: "inline@1" },
    { command: "quantdesk.buy", when: "view == quantdesk.candidates && viewItem == candidate", group: "1_trade@1" },
  ],
  "notebook/toolbar": [
    { command: "quantdesk.restartKernel", when: "notebookKernel =~ /quantdesk-typescript/", group: "navigation/execute@6" },
    { command: "quantdesk.restartAndRunAll", when: "notebookKernel =~ /quantdesk-typescript/", group: "navigation/execute@7" },
  ],
} as const;

function setting(spec: SettingSpec, order: number) {
  const type = spec.type === "strings" ? "array" : spec.type;
  return {
    type: spec.default === null ? [type, "null"] : type,
    ...(spec.type === "strings" ? { items: { type: "string" } } : {}),
    default: spec.default,
    description: spec.description,
    ...(spec.choices === undefined ? {} : { enum: spec.choices }),
    ...(spec.min === undefined ? {} : { minimum: spec.min }),
    ...(spec.max === undefined ? {} : { maximum: spec.max }),
    scope: scopeOf(spec),
    order,
  };
}

/** Addresses belong to a machine, other user-only settings to the person; neither can come from a workspace. */
function scopeOf(spec: SettingSpec): "machine" | "application" | "window" {
  if (spec.key.endsWith(".baseUrl")) return "machine";
  return spec.userOnly === true ? "application" : "window";
}

function walkthrough() {
  const step = (id: string, title: string, description: string, completion: string) => ({
    id,
    title,
    description,
    media: { markdown: `media/walkthrough/${id}.md` },
    completionEvents: [completion],
  });
  return {
    id: WALKTHROUGH,
    title: "Get started with Quantdesk",
    description: "From a first look to a filled order on the built-in simulated exchange.",
    icon: "media/quantdesk.svg",
    steps: [
      step(
        "connect",
        "Connect",
        "Start the built-in exchange and connect to it. Its prices and money are simulated.\n[Connect Broker](command:quantdesk.connect)",
        "onContext:quantdesk.connected",
      ),
      step(
        "backtest",
        "Run a backtest",
        "Choose a strategy and a data set; the result goes to the leaderboard.\n[Run Backtest…](command:quantdesk.backtest)",
        "onCommand:quantdesk.backtest",
      ),
      step(
        "dashboard",
        "Read the dashboard",
        "Equity, the best runs and what scanners found, in one place.\n[Open Dashboard](command:quantdesk.openDashboard)",
        "onCommand:quantdesk.openDashboard",
      ),
      step(
        "notebook",
        "Work in a notebook",
        "TypeScript cells with `desk` at hand; choose the kernel “Quantdesk TypeScript”. Eight guided notebooks teach the field on simulated prices.\n[Open Guided Notebook…](command:quantdesk.openGuidedNotebook)\n[New Notebook](command:quantdesk.newNotebook)",
        "onCommand:quantdesk.openGuidedNotebook",
      ),
      step(
        "buy",
        "Place an order",
        "Symbol, quantity, type, preview; nothing is sent before you say so.\n[Buy…](command:quantdesk.buy)",
        "onCommand:quantdesk.buy",
      ),
    ],
  };
}
