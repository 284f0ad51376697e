/** The trees of the sidebar, fed by the session: pushed on change, prices of what is held every few seconds while seen. */
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import type { StoredChange } from "../../core/domain/ports.ts";
import { isFinalStatus, type Alarm } from "../../core/domain/orders.ts";
import type { Session, SessionStatus } from "../../core/session.ts";
import type { Desk } from "../desk.ts";
import { alarmRows, candidateRows, orderRows, positionRows, runRows, sessionRows } from "./rows.ts";
import { RowTree } from "./tree.ts";

const HOLDINGS_EVERY_MS = 3000;
const READ_WITHIN_MS = 10_000;
const ROWS = 50;

/** Exported for tests: what each tree shows now. */
export interface Views {
  readonly session: RowTree;
  readonly positions: RowTree;
  readonly orders: RowTree;
  readonly candidates: RowTree;
  readonly backtests: RowTree;
}

export function createViews(desk: Desk, subscriptions: vscode.Disposable[]): Views {
  const make = (id: string) => {
    const tree = new RowTree();
    const view = vscode.window.createTreeView(id, { treeDataProvider: tree });
    subscriptions.push(tree, view);
    return { tree, view };
  };
  const session = make("quantdesk.session");
  const positions = make("quantdesk.positions");
  const orders = make("quantdesk.orders");
  const candidates = make("quantdesk.candidates");
  const backtests = make("quantdesk.backtests");

  let held: number | undefined;
  let alarms: readonly Alarm[] = [];
  let readAt = 0;
  let wasConnected = false;
  let watched: Session | undefined;
  let unwatch: (() => void) | undefined;

  const quietly = (work: () => Promise<void>) => {
    work().catch((error: unknown) => desk.log.debug(`A view was not refreshed: ${TradingError.from(error, "failed").message}`));
  };
  const readHoldings = async (open: Session) => {
    readAt = Date.now();
    const signal = AbortSignal.timeout(READ_WITHIN_MS);
    const [nowHeld, nowOrders, nowAlarms] = await Promise.all([
      open.broker.getPositions(signal),
      open.broker.getOrders({ status: "all", limit: ROWS }, signal),
      open.broker.getAlarms(signal),
    ]);
    if (desk.openSession !== open) return;
    held = nowHeld.length;
    positions.tree.set(positionRows(nowHeld));
    orders.tree.set(orderRows(nowOrders));
    const waiting = nowOrders.filter((order) => !isFinalStatus(order.status)).length;
    orders.view.badge = waiting === 0 ? undefined : { value: waiting, tooltip: waiting === 1 ? "1 open order" : `${waiting} open orders` };
    alarms = nowAlarms;
    session.view.badge = alarms.length === 0 ? undefined : { value: alarms.length, tooltip: alarms.length === 1 ? "1 alarm" : `${alarms.length} alarms` };
    session.tree.set([...alarmRows(alarms), ...sessionRows(open.status(), held)]);
  };
  const readStored = async (open: Session) => {
    const data = await open.store.dashboard(open.status().account?.accountNumber ?? null, AbortSignal.timeout(READ_WITHIN_MS));
    if (desk.openSession !== open) return;
    candidates.tree.set(candidateRows(data.candidates));
    candidates.view.description = open.status().simulated && data.candidates.length > 0 ? "SIMULATED" : "";
    const { BUILTIN_STRATEGIES } = await import("../../core/session.ts");
    backtests.tree.set(runRows(data.recent, BUILTIN_STRATEGIES));
  };
  const watch = (open: Session | undefined) => {
    if (open === watched) return;
    watched = open;
    readAt = 0;
    unwatch?.();
    const stops =
      open === undefined
        ? []
        : [
            open.broker.onTradeUpdate(() => quietly(() => readHoldings(open))),
            open.broker.onAlarm((alarm) => {
              quietly(() => readHoldings(open));
              tellAlarm(alarm);
            }),
          ];
    unwatch = () => {
      for (const stop of stops) stop();
    };
    if (open !== undefined) quietly(() => readStored(open));
  };
  const onStatus = (status: SessionStatus | undefined) => {
    const open = desk.openSession;
    watch(open);
    const isConnected = status?.connection === "connected" || status?.connection === "stale";
    if (isConnected !== wasConnected) {
      wasConnected = isConnected;
      quietly(async () => {
        await vscode.commands.executeCommand("setContext", "quantdesk.connected", isConnected);
      });
    }
    if (!isConnected) {
      held = undefined;
      alarms = [];
      session.view.badge = undefined;
      readAt = 0;
      positions.tree.set([]);
      orders.tree.set([]);
      orders.view.badge = undefined;
    }
    session.tree.set([...alarmRows(alarms), ...sessionRows(status, held)]);
    const isSeen = positions.view.visible || orders.view.visible || session.view.visible;
    if (open !== undefined && status?.connection === "connected" && (readAt === 0 || (isSeen && Date.now() - readAt >= HOLDINGS_EVERY_MS)))
      quietly(() => readHoldings(open));
  };
  const onStored = (what: StoredChange) => {
    const open = desk.openSession;
    if (open !== undefined && what !== "equity") quietly(() => readStored(open));
  };
  // Past runs and candidates are there to be read before anything is connected.
  const onSeen = (event: vscode.TreeViewVisibilityChangeEvent) => {
    if (event.visible) quietly(async () => readStored(await desk.session()));
  };
  subscriptions.push(
    new vscode.Disposable(desk.onStatus(onStatus)),
    new vscode.Disposable(desk.onStored(onStored)),
    candidates.view.onDidChangeVisibility(onSeen),
    backtests.view.onDidChangeVisibility(onSeen),
    new vscode.Disposable(() => unwatch?.()),
  );
  return { session: session.tree, positions: positions.tree, orders: orders.tree, candidates: candidates.tree, backtests: backtests.tree };
}

/** A message once, when it is raised; the row in the session view stays. */
function tellAlarm(alarm: Alarm): void {
  const button = "Look…";
  vscode.window
    .showWarningMessage(`${alarm.message}${alarm.blocksEntries ? " Orders that open positions are refused until you acknowledge it." : ""}`, button)
    .then(
      (choice) => (choice === button ? vscode.commands.executeCommand("quantdesk.acknowledgeAlarms") : undefined),
      () => undefined,
    );
}
