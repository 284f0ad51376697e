/** Every command that the extension has: the manifest is made from it, and each id has an implementation (the compiler checks). */

export interface CommandSpec {
  readonly id: string;
  /** Verb phrase in title case; an ellipsis when more input follows. */
  readonly title: string;
  readonly icon?: string;
  readonly enablement?: string;
  /** Runs code of the folder or sends orders: refused in Restricted Mode, with the reason. */
  readonly needsTrust?: true;
}

export const COMMANDS = [
  { id: "startSession", title: "Start Session", icon: "$(debug-start)" },
  { id: "connect", title: "Connect Broker", icon: "$(plug)" },
  { id: "disconnect", title: "Disconnect Broker", icon: "$(debug-disconnect)", enablement: "quantdesk.connected" },
  { id: "setKeys", title: "Set Broker Keys…", icon: "$(key)" },
  { id: "setSourceKeys", title: "Set Data Source Keys…", icon: "$(key)" },
  { id: "showAccount", title: "Show Account", icon: "$(account)" },
  { id: "showPortfolio", title: "Show Portfolio", icon: "$(briefcase)" },
  { id: "buy", title: "Buy…", icon: "$(add)", needsTrust: true },
  { id: "sell", title: "Sell…", icon: "$(remove)", needsTrust: true },
  { id: "closePosition", title: "Close Position…", icon: "$(close)", needsTrust: true },
  { id: "replaceOrder", title: "Replace Order…", icon: "$(edit)", needsTrust: true },
  { id: "cancelOrder", title: "Cancel Order…", icon: "$(circle-slash)" },
  { id: "cancelAll", title: "Cancel All Orders…", icon: "$(clear-all)" },
  { id: "killSwitch", title: "Stop or Allow Trading…", icon: "$(stop-circle)" },
  { id: "acknowledgeAlarms", title: "Acknowledge Alarms…", icon: "$(bell)" },
  { id: "setLimits", title: "Set Risk Limits…", icon: "$(shield)" },
  { id: "setProvider", title: "Set Analyst Provider…", icon: "$(hubot)" },
  { id: "analyze", title: "Analyze Symbol…", icon: "$(search)", needsTrust: true },
  { id: "scan", title: "Run Scan", icon: "$(telescope)", needsTrust: true },
  { id: "backtest", title: "Run Backtest…", icon: "$(beaker)", needsTrust: true },
  { id: "sweep", title: "Run Sweep…", icon: "$(table)", needsTrust: true },
  { id: "newNotebook", title: "New Notebook", icon: "$(notebook)" },
  { id: "openGuidedNotebook", title: "Open Guided Notebook…", icon: "$(mortar-board)" },
  { id: "newStrategy", title: "New Strategy", icon: "$(new-file)" },
  { id: "newScanner", title: "New Scanner", icon: "$(new-file)" },
  { id: "openDashboard", title: "Open Dashboard", icon: "$(graph-line)" },
  { id: "openWalkthrough", title: "Open Walkthrough", icon: "$(book)" },
  { id: "startPerformanceApi", title: "Start Performance API…", icon: "$(pulse)" },
  { id: "stopExchange", title: "Stop the Built-in Exchange", icon: "$(debug-stop)" },
  { id: "reset", title: "Reset the Simulated Account…", icon: "$(discard)" },
  { id: "export", title: "Export…", icon: "$(save-as)" },
  { id: "openLog", title: "Open Log", icon: "$(output)" },
  { id: "restartKernel", title: "Restart Kernel", icon: "$(debug-restart)", needsTrust: true, enablement: "notebookKernel =~ /quantdesk-typescript/" },
  {
    id: "restartAndRunAll",
    title: "Restart Kernel and Run All Cells",
    icon: "$(debug-rerun)",
    needsTrust: true,
    enablement: "notebookKernel =~ /quantdesk-typescript/",
  },
] as const satisfies readonly CommandSpec[];

export type CommandId = (typeof COMMANDS)[number]["id"];
