/** The SQLite side of the store: synchronous, so it lives in the worker thread and nowhere else. */
import { DatabaseSync } from "node:sqlite";
import { TradingError } from "../base/errors.ts";
import type { DashboardData, JournalEntry, RunRow } from "../domain/ports.ts";
import type { MergedCandidate } from "../domain/research.ts";
import { MIGRATIONS } from "./schema.ts";

export class Database {
  readonly #db: DatabaseSync;
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    this.#db = new DatabaseSync(path);
    this.#db.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    this.#migrate();
  }

  /** Grows when another connection has written. */
  dataVersion(): number {
    return (this.#db.prepare("PRAGMA data_version").get() as { data_version: number }).data_version;
  }

  addRuns(rows: readonly RunRow[]): void {
    const insert = this.#db.prepare(
      "INSERT INTO runs (run_hash, at, front, strategy, params, dataset, dataset_hash, sharpe, total_return_pct, max_drawdown_pct, trades, duration_ms, simulated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#transaction(() => {
      for (const r of rows) {
        insert.run(r.runHash, r.at, r.front, r.strategy, r.params, r.dataset, r.datasetHash, r.sharpe, r.totalReturnPct, r.maxDrawdownPct, r.trades, r.durationMs, r.simulated ? 1 : 0);
      }
    });
  }

  addEquity(account: string, at: number, equity: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO equity VALUES (?, ?, ?)").run(account, at, equity);
  }

  addScan(at: number, candidates: readonly MergedCandidate[]): void {
    this.#db.prepare("INSERT INTO scans (at, candidates) VALUES (?, ?)").run(at, JSON.stringify(candidates));
    this.#db.exec("DELETE FROM scans WHERE id <= (SELECT max(id) - 1000 FROM scans)");
  }

  lastScan(): readonly MergedCandidate[] {
    const row = this.#db.prepare("SELECT candidates FROM scans ORDER BY id DESC LIMIT 1").get() as { candidates: string } | undefined;
    return row === undefined ? [] : (JSON.parse(row.candidates) as MergedCandidate[]);
  }

  runs(limit: number): readonly RunRow[] {
    return this.#rows("SELECT * FROM runs ORDER BY at DESC, id DESC LIMIT ?", limit);
  }

  dashboard(account: string | null): DashboardData {
    const count = this.#db.prepare("SELECT value FROM counters WHERE name = 'runs'").get() as { value: number };
    const equity = account === null ? [] : this.#db.prepare("SELECT at, equity FROM (SELECT at, equity FROM equity WHERE account = ? ORDER BY at DESC LIMIT 2000) ORDER BY at").all(account);
    return {
      runs: count.value,
      best: this.#rows("SELECT * FROM runs WHERE sharpe IS NOT NULL ORDER BY sharpe DESC LIMIT ?", 10),
      recent: this.runs(50),
      equity: equity as Array<{ at: number; equity: number }>,
      candidates: this.lastScan(),
    };
  }

  killSwitch(account: string, change: "on" | "off" | null): boolean {
    if (change === "on") this.#db.prepare("INSERT OR IGNORE INTO kill_switches VALUES (?, ?)").run(account, Date.now());
    if (change === "off") this.#db.prepare("DELETE FROM kill_switches WHERE account = ?").run(account);
    return this.#isKilled(account);
  }

  /** One transaction: the kill switch, an equal intent in the window, and the new intent see the same state. */
  journalBegin(entry: JournalEntry, windowMs: number, again: boolean): "written" | "duplicate" | "killed" {
    return this.#transaction(() => {
      if (this.#isKilled(entry.account)) return "killed";
      if (!again) {
        const equal = this.#db
          .prepare("SELECT 1 FROM journal WHERE account = ? AND fingerprint = ? AND at > ? AND state IN ('begun', 'sent', 'unknown') LIMIT 1")
          .get(entry.account, entry.fingerprint, entry.at - windowMs);
        if (equal !== undefined) return "duplicate";
      }
      const known = this.#db.prepare("SELECT 1 FROM journal WHERE client_order_id = ?").get(entry.clientOrderId);
      if (known !== undefined) return "duplicate";
      this.#db
        .prepare("INSERT INTO journal (client_order_id, account, fingerprint, origin, at, body, state) VALUES (?, ?, ?, ?, ?, ?, 'begun')")
        .run(entry.clientOrderId, entry.account, entry.fingerprint, entry.origin, entry.at, entry.body);
      return "written";
    });
  }

  journalSettle(clientOrderId: string, state: string, orderId: string | null, reason: string | null): void {
    const done = this.#db.prepare("UPDATE journal SET state = ?, order_id = coalesce(?, order_id), reason = ? WHERE client_order_id = ?").run(state, orderId, reason, clientOrderId);
    if (done.changes === 0) throw new TradingError("journal-unknown", `The journal has no order ${clientOrderId}.`);
  }

  close(): void {
    this.#db.close();
  }

  #isKilled(account: string): boolean {
    return this.#db.prepare("SELECT 1 FROM kill_switches WHERE account = ?").get(account) !== undefined;
  }

  #rows(sql: string, limit: number): readonly RunRow[] {
    const rows = this.#db.prepare(sql).all(limit) as Array<Record<string, never>>;
    return rows.map((r) => ({
      runHash: r["run_hash"] as unknown as string, at: r["at"] as unknown as number, front: r["front"] as unknown as string,
      strategy: r["strategy"] as unknown as string, params: r["params"] as unknown as string,
      dataset: r["dataset"] as unknown as string, datasetHash: r["dataset_hash"] as unknown as string,
      sharpe: r["sharpe"] as unknown as number | null, totalReturnPct: r["total_return_pct"] as unknown as number,
      maxDrawdownPct: r["max_drawdown_pct"] as unknown as number, trades: r["trades"] as unknown as number,
      durationMs: r["duration_ms"] as unknown as number, simulated: (r["simulated"] as unknown as number) === 1,
    }));
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.#db.exec("COMMIT");
      return value;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #migrate(): void {
    this.#transaction(() => {
      const { user_version: version } = this.#db.prepare("PRAGMA user_version").get() as { user_version: number };
      if (version > MIGRATIONS.length) {
        throw new TradingError("store-too-new", `${this.path} was written by a newer Quantdesk (version ${version}, this one knows ${MIGRATIONS.length}).`, { hint: "Update Quantdesk, or give another folder with --home." });
      }
      for (let step = version; step < MIGRATIONS.length; step++) this.#db.exec(MIGRATIONS[step] as string);
      this.#db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }
}
