/** What a state folder has stored, as tables for spreadsheets and programs. Times are ISO 8601 UTC, money decimal text. */
import { csvText, type CsvCell } from "../base/csvText.ts";
import type { Account } from "../domain/orders.ts";
import type { AuditRow, JournalledOrder, RunRow, Store, StoredFill } from "../domain/ports.ts";

export type ExportName = "orders" | "fills" | "runs" | "audit";

export interface ExportTable {
  readonly name: ExportName;
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<readonly CsvCell[]>;
}

/** Pages keep an answer of the store's thread small. */
const PAGE = 5000;
const MOST_ROWS = 1_000_000;

/** Oldest first. Orders and fills are of one account (none without one), runs and audit of the whole state folder. */
export async function exportTable(
  store: Store,
  name: ExportName,
  account: Pick<Account, "accountNumber" | "simulated"> | undefined,
  signal: AbortSignal,
): Promise<ExportTable> {
  const { accountNumber, simulated } = account ?? { accountNumber: "", simulated: false };
  switch (name) {
    case "orders":
      return table(name, { ...ORDERS, simulated: () => simulated }, [...(await store.journalledOrders(accountNumber, MOST_ROWS, signal))].reverse());
    case "fills":
      return table(name, { ...FILLS, simulated: () => simulated }, await pages((offset) => store.fills(accountNumber, { limit: PAGE, offset }, signal)));
    case "runs":
      return table(name, RUNS, [...(await store.runs({ limit: MOST_ROWS }, signal))].reverse());
    case "audit": {
      const rows: AuditRow[] = [];
      for (let before: number | undefined; rows.length < MOST_ROWS; before = rows.at(-1)?.id) {
        const page = await store.audit(null, { limit: PAGE, ...(before === undefined ? {} : { before }) }, signal);
        rows.push(...page);
        if (page.length < PAGE) break;
      }
      return table(name, AUDIT, rows.reverse());
    }
  }
}

export function exportCsv({ columns, rows }: ExportTable): string {
  return csvText(columns, rows);
}

/** One object for each row. */
export function exportRows({ columns, rows }: ExportTable): ReadonlyArray<Readonly<Record<string, CsvCell>>> {
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])));
}

type Columns<T> = Readonly<Record<string, (row: T) => CsvCell>>;

const time = (at: number) => new Date(at).toISOString();
const ofBody = (field: string) => (row: JournalledOrder) => {
  const value = (JSON.parse(row.body) as Readonly<Record<string, unknown>>)[field];
  return typeof value === "string" || typeof value === "boolean" ? value : null;
};
const ORDERS: Columns<JournalledOrder> = {
  at: (row) => time(row.at),
  account: (row) => row.account,
  symbol: ofBody("symbol"),
  side: ofBody("side"),
  type: ofBody("type"),
  qty: ofBody("qty"),
  notional: ofBody("notional"),
  limitPrice: ofBody("limit_price"),
  stopPrice: ofBody("stop_price"),
  timeInForce: ofBody("time_in_force"),
  orderClass: ofBody("order_class"),
  state: (row) => row.state,
  status: (row) => row.status,
  filledQty: (row) => row.filledQty,
  filledAvgPrice: (row) => row.filledAvgPrice,
  origin: (row) => row.origin,
  why: (row) => row.why,
  reason: (row) => row.reason,
  clientOrderId: (row) => row.clientOrderId,
  orderId: (row) => row.orderId,
};
const FILLS: Columns<StoredFill> = {
  at: (row) => time(row.at),
  symbol: (row) => row.symbol,
  side: (row) => row.side,
  qty: (row) => row.qty,
  price: (row) => row.price,
  cumQty: (row) => row.cumQty,
  orderId: (row) => row.orderId,
  executionId: (row) => row.executionId,
};
const RUNS: Columns<RunRow> = {
  at: (row) => time(row.at),
  front: (row) => row.front,
  strategy: (row) => row.strategy,
  params: (row) => row.params,
  dataset: (row) => row.dataset,
  trials: (row) => row.trials ?? 1,
  sharpe: (row) => row.sharpe,
  totalReturnPct: (row) => row.totalReturnPct,
  maxDrawdownPct: (row) => row.maxDrawdownPct,
  trades: (row) => row.trades,
  simulated: (row) => row.simulated,
  datasetHash: (row) => row.datasetHash,
  runHash: (row) => row.runHash,
};
const AUDIT: Columns<AuditRow> = {
  id: (row) => row.id,
  at: (row) => time(row.at),
  account: (row) => row.account,
  origin: (row) => row.origin,
  what: (row) => row.what,
  why: (row) => row.why,
  clientOrderId: (row) => row.clientOrderId,
  orderId: (row) => row.orderId,
  body: (row) => row.body,
};

function table<T>(name: ExportName, columns: Columns<T>, rows: readonly T[]): ExportTable {
  return { name, columns: Object.keys(columns), rows: rows.map((row) => Object.values(columns).map((read) => read(row))) };
}

async function pages<T>(read: (offset: number) => Promise<readonly T[]>): Promise<readonly T[]> {
  const rows: T[] = [];
  while (rows.length < MOST_ROWS) {
    const page = await read(rows.length);
    rows.push(...page);
    if (page.length < PAGE) break;
  }
  return rows;
}
