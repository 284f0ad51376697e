/**
 * draw: results of `desk` as outputs, each with its sentence first, HTML in the theme's colours and plain text beside it.
 * Loaded by the runner when the first result is shown; charts load Vega only then.
 */
import type {
  Account,
  AccountLimits,
  Alarm,
  Analysis,
  AuditEntry,
  BacktestResult,
  BatchResult,
  KillSwitch,
  Order,
  OrderPreview,
  Performance,
  PlacedOrder,
  Position,
  Quote,
  ScanResult,
  SweepResult,
  WalkForwardResult,
} from "../deskTypes.d.ts";
import type { BarFrame } from "../barFrame.ts";
import type { DrawKind } from "../deskProtocol.ts";
import { textOf } from "../drawValue.ts";
import type { MimeBundle } from "../protocol.ts";
import type { Hold } from "../shown/held.ts";
import { drawBacktest, drawBatch } from "./backtest.ts";
import { drawBars } from "./bars.ts";
import { drawFeatures } from "./features.ts";
import { drawAlarms, drawAudit, drawKillSwitch, drawLimits } from "./guards.ts";
import { drawAnalysis, drawScan } from "./research.ts";
import { drawSweep, drawWalkForward } from "./sweep.ts";
import { drawAccount, drawOrder, drawOrders, drawPerformance, drawPlaced, drawPositions, drawPreview, drawQuote } from "./trading.ts";

/** `value` is what `kind` says: both came out of one desk answer. */
export async function drawResult(kind: DrawKind, value: unknown, hold: Hold): Promise<readonly MimeBundle[]> {
  switch (kind) {
    case "account":
      return [drawAccount(value as Account)];
    case "positions":
      return [drawPositions(value as readonly Position[])];
    case "portfolio": {
      const { account, positions } = value as { readonly account: Account; readonly positions: readonly Position[] };
      return [drawAccount(account), drawPositions(positions)];
    }
    case "orders":
      return [drawOrders(value as readonly Order[])];
    case "order":
      return [drawOrder(value as Order)];
    case "placed":
      return [drawPlaced(value as PlacedOrder)];
    case "preview":
      return [drawPreview(value as OrderPreview)];
    case "limits":
      return [drawLimits(value as AccountLimits)];
    case "killSwitch":
      return [drawKillSwitch(value as KillSwitch)];
    case "alarms":
      return [drawAlarms(value as readonly Alarm[])];
    case "audit":
      return [drawAudit(value as readonly AuditEntry[])];
    case "quote":
      return [drawQuote(value as Quote)];
    case "bars":
      return await drawBars(value as BarFrame, hold);
    case "scan":
      return [drawScan(value as ScanResult)];
    case "analysis":
      return [drawAnalysis(value as Analysis)];
    case "backtest":
      return await drawBacktest(value as BacktestResult);
    case "batch":
      return [drawBatch(value as BatchResult)];
    case "sweep":
      return [drawSweep(value as SweepResult)];
    case "walkForward":
      return await drawWalkForward(value as WalkForwardResult);
    case "performance":
      return [drawPerformance(value as Performance)];
    case "features":
      return [drawFeatures(value)];
    case "plain":
      return [{ "text/plain": textOf(value) }];
  }
}
