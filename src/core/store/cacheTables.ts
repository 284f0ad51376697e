/** Results of earlier runs, compressed and bounded: the oldest go when there are too many bytes. */
import type { DatabaseSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { canonicalJson } from "../base/canonical.ts";
import type { BacktestResult } from "../domain/backtest.ts";
import type { KeptCombinations } from "../domain/ports.ts";
import { SWEEP_FIGURES, type KnownCombinations, type SweepFigures } from "../domain/sweep.ts";

const MAX_BYTES = 256 * 2 ** 20;
/** A result that takes longer to read than to make is not worth its place. */
const MAX_RESULT_CHARS = 8 * 2 ** 20;
const MOST_SWEEPS = 20;
/** Sweeps of a version that kept other figures are not read. */
const FIGURES_TEXT = SWEEP_FIGURES.join(" ");

interface CombinationRow {
  readonly key: string;
  readonly at: number;
  readonly strategy: string;
  readonly dataset: string;
  readonly dataset_hash: string;
  readonly fixed: string;
  readonly names: string;
  readonly count: number;
  readonly block_width: number;
  readonly body: Uint8Array;
}

export class CacheTables {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  results(hashes: readonly string[], withEquity: boolean): ReadonlyArray<BacktestResult | null> {
    const find = this.#db.prepare("SELECT body, has_equity FROM cached_results WHERE request_hash = ?");
    return hashes.map((hash) => {
      const row = find.get(hash) as { body: Uint8Array; has_equity: number } | undefined;
      if (row === undefined || (withEquity && row.has_equity === 0)) return null;
      const result = JSON.parse(inflateRawSync(row.body).toString("utf8")) as BacktestResult;
      if (withEquity) return result;
      const { equity: _shownElsewhere, ...rest } = result;
      return rest;
    });
  }

  /** Within a transaction of the caller. One with its equity curve is not replaced by one without. */
  keepResults(at: number, results: ReadonlyArray<{ readonly requestHash: string; readonly result: BacktestResult }>): void {
    // OR REPLACE deletes without its trigger, so that the bytes would be counted twice.
    const remove = this.#db.prepare("DELETE FROM cached_results WHERE request_hash = ? AND has_equity <= ?");
    const insert = this.#db.prepare("INSERT OR IGNORE INTO cached_results VALUES (?, ?, ?, ?)");
    for (const { requestHash, result } of results) {
      const text = JSON.stringify(result);
      if (text.length > MAX_RESULT_CHARS) continue;
      const hasEquity = result.equity === undefined ? 0 : 1;
      remove.run(requestHash, hasEquity);
      insert.run(requestHash, at, hasEquity, deflateRawSync(text, { level: 1 }));
    }
    this.#evict("results", "cached_results", "request_hash");
  }

  combinations(key: string): KnownCombinations | null {
    const rows = this.#db
      .prepare("SELECT * FROM combinations WHERE key = ? AND figures = ? ORDER BY at DESC LIMIT ?")
      .all(key, FIGURES_TEXT, MOST_SWEEPS) as unknown as CombinationRow[];
    return rows.length === 0 ? null : joined(rows.map(unpacked));
  }

  neighbourhood(strategy: string, datasetHash: string | null): readonly KeptCombinations[] {
    const rows = this.#db
      .prepare("SELECT * FROM combinations WHERE strategy = ?1 AND (?2 IS NULL OR dataset_hash = ?2) AND figures = ?3 ORDER BY at DESC LIMIT ?4")
      .all(strategy, datasetHash, FIGURES_TEXT, MOST_SWEEPS) as unknown as CombinationRow[];
    return rows.map((row) => ({
      key: row.key,
      at: row.at,
      strategy: row.strategy,
      dataset: row.dataset,
      datasetHash: row.dataset_hash,
      fixed: JSON.parse(row.fixed) as KeptCombinations["fixed"],
      combinations: unpacked(row),
    }));
  }

  /** Within a transaction of the caller. */
  keepCombinations({ key, at, strategy, dataset, datasetHash, fixed, combinations }: KeptCombinations): void {
    const count = combinations.sharpe.length;
    if (count === 0) return;
    const blockWidth = combinations.blocks === undefined ? 0 : combinations.blocks.length / count;
    const columns = [
      ...combinations.params,
      ...SWEEP_FIGURES.map((name) => combinations[name]),
      ...(combinations.blocks === undefined ? [] : [combinations.blocks]),
    ];
    const body = Buffer.concat(columns.map((column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength)));
    if (body.byteLength > MAX_BYTES / 4) return;
    this.#db
      .prepare("INSERT INTO combinations VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(key, at, strategy, dataset, datasetHash, canonicalJson(fixed), JSON.stringify(combinations.names), FIGURES_TEXT, count, blockWidth, body);
    this.#evict("combinations", "combinations", "id");
  }

  #evict(name: string, table: "cached_results" | "combinations", key: string): void {
    const bytes = this.#db.prepare("SELECT bytes FROM cache_bytes WHERE name = ?");
    const oldest = this.#db.prepare(`DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} ORDER BY at LIMIT 32)`);
    while ((bytes.get(name) as { bytes: number }).bytes > MAX_BYTES) if (oldest.run().changes === 0) break;
  }
}

function unpacked({ names: namesText, count, block_width: blockWidth, body }: CombinationRow): KnownCombinations {
  const names = JSON.parse(namesText) as string[];
  const bytes = body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength); // aligned, whatever SQLite handed out
  const column = (at: number, length = count) => new Float64Array(bytes, at * count * 8, length);
  const params = names.map((_name, at) => column(at));
  const figures = Object.fromEntries(SWEEP_FIGURES.map((name, at) => [name, column(names.length + at)])) as unknown as SweepFigures;
  return { names, params, ...figures, ...(blockWidth === 0 ? {} : { blocks: column(names.length + SWEEP_FIGURES.length, count * blockWidth) }) };
}

/** One after another, newest first, parameters in the order of the first. Blocks only when all have blocks of one width. */
function joined(parts: readonly KnownCombinations[]): KnownCombinations {
  const [first] = parts as [KnownCombinations];
  if (parts.length === 1) return first;
  const one = (take: (part: KnownCombinations) => Float64Array): Float64Array => {
    const columns = parts.map(take);
    const all = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0));
    let at = 0;
    for (const column of columns) {
      all.set(column, at);
      at += column.length;
    }
    return all;
  };
  const width = (part: KnownCombinations) => (part.blocks === undefined ? 0 : part.blocks.length / part.sharpe.length);
  const sameBlocks = width(first) > 0 && parts.every((part) => width(part) === width(first));
  return {
    names: first.names,
    params: first.names.map((name) => one((part) => part.params[part.names.indexOf(name)] as Float64Array)),
    ...(Object.fromEntries(SWEEP_FIGURES.map((name) => [name, one((part) => part[name])])) as unknown as SweepFigures),
    ...(sameBlocks ? { blocks: one((part) => part.blocks as Float64Array) } : {}),
  };
}
