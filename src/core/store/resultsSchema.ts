/**
 * The tables of the results file, one step per version. A step that has shipped is never edited.
 * Totals are kept by triggers: counting a million rows takes longer than a dashboard may.
 */
export const RESULT_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run_hash TEXT NOT NULL, at INTEGER NOT NULL, front TEXT NOT NULL, origin TEXT,
    strategy TEXT NOT NULL, code_hash TEXT, params TEXT NOT NULL,
    dataset TEXT NOT NULL, dataset_hash TEXT NOT NULL,
    sharpe REAL, total_return_pct REAL NOT NULL, max_drawdown_pct REAL NOT NULL,
    trades INTEGER NOT NULL, duration_ms REAL NOT NULL, simulated INTEGER NOT NULL, trials INTEGER NOT NULL,
    details TEXT
  ) STRICT;
  CREATE INDEX runs_by_time ON runs (at DESC, id DESC);
  CREATE INDEX runs_by_sharpe ON runs (sharpe DESC, id DESC) WHERE sharpe IS NOT NULL;
  CREATE INDEX runs_by_hash ON runs (run_hash, id DESC);
  CREATE INDEX runs_by_dataset ON runs (dataset_hash, trials);
  CREATE INDEX runs_by_name ON runs (dataset, at DESC, id DESC);
  CREATE INDEX runs_by_strategy ON runs (strategy, at DESC, id DESC);
  CREATE INDEX runs_by_strategy_sharpe ON runs (strategy, sharpe DESC, id DESC) WHERE sharpe IS NOT NULL;

  CREATE TABLE run_totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    results INTEGER NOT NULL, trials INTEGER NOT NULL, with_sharpe INTEGER NOT NULL, sharpe_sum REAL NOT NULL,
    profitable INTEGER NOT NULL, duration_sum REAL NOT NULL
  ) STRICT;
  INSERT INTO run_totals VALUES (1, 0, 0, 0, 0, 0, 0);
  CREATE TRIGGER runs_counted AFTER INSERT ON runs BEGIN
    UPDATE run_totals SET results = results + 1, trials = trials + NEW.trials,
      with_sharpe = with_sharpe + (NEW.sharpe IS NOT NULL), sharpe_sum = sharpe_sum + coalesce(NEW.sharpe, 0),
      profitable = profitable + (NEW.total_return_pct > 0), duration_sum = duration_sum + NEW.duration_ms;
  END;

  CREATE TABLE replayed (batch TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

  CREATE TABLE sources (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL,
    source TEXT NOT NULL, symbols TEXT NOT NULL, at INTEGER NOT NULL, read_by TEXT NOT NULL
  ) STRICT;
  CREATE INDEX sources_by_time ON sources (at DESC, id DESC);

  CREATE TABLE cached_results (
    request_hash TEXT PRIMARY KEY, at INTEGER NOT NULL, has_equity INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX cached_results_by_time ON cached_results (at);
  CREATE TABLE combinations (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, at INTEGER NOT NULL, strategy TEXT NOT NULL, dataset TEXT NOT NULL,
    dataset_hash TEXT NOT NULL, fixed TEXT NOT NULL, names TEXT NOT NULL, figures TEXT NOT NULL, count INTEGER NOT NULL, block_width INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX combinations_by_key ON combinations (key, at DESC);
  CREATE INDEX combinations_by_strategy ON combinations (strategy, at DESC);
  CREATE TABLE cache_bytes (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO cache_bytes VALUES ('results', 0), ('combinations', 0);
  CREATE TRIGGER results_in AFTER INSERT ON cached_results BEGIN
    UPDATE cache_bytes SET bytes = bytes + length(NEW.body) WHERE name = 'results';
  END;
  CREATE TRIGGER results_out AFTER DELETE ON cached_results BEGIN
    UPDATE cache_bytes SET bytes = bytes - length(OLD.body) WHERE name = 'results';
  END;
  CREATE TRIGGER combinations_in AFTER INSERT ON combinations BEGIN
    UPDATE cache_bytes SET bytes = bytes + length(NEW.body) WHERE name = 'combinations';
  END;
  CREATE TRIGGER combinations_out AFTER DELETE ON combinations BEGIN
    UPDATE cache_bytes SET bytes = bytes - length(OLD.body) WHERE name = 'combinations';
  END;
  `,
  `
  CREATE TABLE codes (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
];
