/** The trial ledger: every run of any front, and the figures that a dashboard asks for. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { DashboardData, NewRun, RunDetails, RunQuery, RunRecord, RunRow } from "../domain/ports.ts";

const BEST = 10;
const RECENT = 50;
/** The same run often repeated must not fill the list of the best: so many rows are looked at to find ten different ones. */
const MOST_REPEATED = 2000;
const MOST_OF_A_HASH = 50;

const COLUMNS = `run_hash AS runHash, at, front, origin, strategy, code_hash AS codeHash, params, dataset, dataset_hash AS datasetHash, sharpe,
  total_return_pct AS totalReturnPct, max_drawdown_pct AS maxDrawdownPct, trades, duration_ms AS durationMs, simulated, trials`;

export class RunTables {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Within a transaction of the caller. */
  add(runs: readonly NewRun[]): void {
    const insert = this.#statement(
      `INSERT INTO runs (run_hash, at, front, origin, strategy, code_hash, params, dataset, dataset_hash, sharpe, total_return_pct,
         max_drawdown_pct, trades, duration_ms, simulated, trials, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const code = this.#statement("INSERT OR IGNORE INTO codes VALUES (?, ?)");
    for (const run of runs) {
      if (run.code !== undefined && run.codeHash !== undefined) code.run(run.codeHash, run.code);
      insert.run(
        run.runHash,
        run.at,
        run.front,
        run.origin ?? null,
        run.strategy,
        run.codeHash ?? null,
        run.params,
        run.dataset,
        run.datasetHash,
        run.sharpe,
        run.totalReturnPct,
        run.maxDrawdownPct,
        run.trades,
        run.durationMs,
        run.simulated ? 1 : 0,
        run.trials ?? 1,
        run.details === undefined ? null : JSON.stringify(run.details),
      );
    }
  }

  strategyText(codeHash: string): string | null {
    return (this.#statement("SELECT text FROM codes WHERE hash = ?").get(codeHash) as { text: string } | undefined)?.text ?? null;
  }

  trialsOn(datasetHash: string): number {
    const row = this.#statement("SELECT coalesce(sum(trials), 0) AS trials FROM runs WHERE dataset_hash = ?").get(datasetHash) as { trials: number };
    return row.trials;
  }

  find({ limit = RECENT, offset = 0, sort = "recent", strategy, data, front }: RunQuery): readonly RunRow[] {
    const conditions: string[] = [];
    const values: string[] = [];
    const equal = (columns: readonly string[], value: string | undefined) => {
      if (value === undefined) return;
      conditions.push(`(${columns.map((column) => `${column} = ?`).join(" OR ")})`);
      for (const _column of columns) values.push(value);
    };
    equal(["strategy"], strategy);
    equal(["dataset", "dataset_hash"], data);
    equal(["front"], front);
    if (sort === "sharpe") conditions.push("sharpe IS NOT NULL");
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const order = sort === "sharpe" ? "sharpe DESC, id DESC" : "at DESC, id DESC";
    return this.#statement(`SELECT ${COLUMNS} FROM runs ${where} ORDER BY ${order} LIMIT ? OFFSET ?`)
      .all(...values, limit, offset)
      .map(rowOf);
  }

  byHash(hash: string): readonly RunRecord[] {
    // A range on the index; LIKE would not use it.
    return this.#statement(`SELECT ${COLUMNS}, details FROM runs WHERE run_hash >= ? AND run_hash < ? ORDER BY at DESC, id DESC LIMIT ?`)
      .all(hash, `${hash}g`, MOST_OF_A_HASH)
      .map((row) => ({ ...rowOf(row), details: row["details"] === null ? null : (JSON.parse(row["details"] as string) as RunDetails) }));
  }

  dashboard(): Pick<DashboardData, "runs" | "statistics" | "best" | "recent"> {
    const totals = this.#statement("SELECT * FROM run_totals").get() as Record<string, number>;
    const results = totals["results"] as number;
    const withSharpe = totals["with_sharpe"] as number;
    const best = this.#best();
    return {
      runs: totals["trials"] as number,
      statistics: {
        results,
        trials: totals["trials"] as number,
        withSharpe,
        meanSharpe: withSharpe === 0 ? null : (totals["sharpe_sum"] as number) / withSharpe,
        bestSharpe: best[0]?.sharpe ?? null,
        profitable: totals["profitable"] as number,
        meanDurationMs: results === 0 ? null : (totals["duration_sum"] as number) / results,
      },
      best,
      recent: this.find({ limit: RECENT }),
    };
  }

  #best(): readonly RunRow[] {
    const found = new Map<string, RunRow>();
    const rows = this.#statement(`SELECT ${COLUMNS} FROM runs WHERE sharpe IS NOT NULL ORDER BY sharpe DESC, id DESC LIMIT ?`).iterate(MOST_REPEATED);
    for (const row of rows) {
      const hash = row["runHash"] as string;
      if (!found.has(hash)) found.set(hash, rowOf(row));
      if (found.size === BEST) break;
    }
    return [...found.values()];
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, known);
    return known;
  }
}

function rowOf(row: Record<string, unknown>): RunRow {
  const { origin, codeHash, simulated, trials, details: _details, ...rest } = row as Record<string, unknown> & { simulated: number; trials: number };
  return {
    ...(rest as unknown as Omit<RunRow, "simulated">),
    simulated: simulated === 1,
    ...(origin === null ? {} : { origin: origin as string }),
    ...(codeHash === null ? {} : { codeHash: codeHash as string }),
    ...(trials === 1 ? {} : { trials }),
  };
}
