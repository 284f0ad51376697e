/** The tables, one step per version. A step that has shipped is never edited. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run_hash TEXT NOT NULL, at INTEGER NOT NULL, front TEXT NOT NULL,
    strategy TEXT NOT NULL, params TEXT NOT NULL,
    dataset TEXT NOT NULL, dataset_hash TEXT NOT NULL,
    sharpe REAL, total_return_pct REAL NOT NULL, max_drawdown_pct REAL NOT NULL,
    trades INTEGER NOT NULL, duration_ms REAL NOT NULL, simulated INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_sharpe ON runs (sharpe DESC) WHERE sharpe IS NOT NULL;
  CREATE INDEX runs_by_time ON runs (at DESC, id DESC);
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  INSERT INTO counters VALUES ('runs', 0);
  CREATE TRIGGER runs_counted AFTER INSERT ON runs BEGIN UPDATE counters SET value = value + 1 WHERE name = 'runs'; END;
  CREATE TABLE equity (account TEXT NOT NULL, at INTEGER NOT NULL, equity REAL NOT NULL, PRIMARY KEY (account, at)) STRICT, WITHOUT ROWID;
  CREATE TABLE scans (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, candidates TEXT NOT NULL) STRICT;
  CREATE TABLE journal (
    client_order_id TEXT PRIMARY KEY, account TEXT NOT NULL, fingerprint TEXT NOT NULL, origin TEXT NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, order_id TEXT, reason TEXT
  ) STRICT;
  CREATE INDEX journal_by_fingerprint ON journal (account, fingerprint, at DESC);
  CREATE TABLE kill_switches (account TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
  `,
  `
  ALTER TABLE journal ADD COLUMN owner TEXT;
  ALTER TABLE journal ADD COLUMN why TEXT;
  ALTER TABLE journal ADD COLUMN order_status TEXT;
  ALTER TABLE journal ADD COLUMN filled_qty TEXT;
  ALTER TABLE journal ADD COLUMN filled_avg_price TEXT;
  ALTER TABLE journal ADD COLUMN seen_at INTEGER;
  ALTER TABLE journal ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;
  UPDATE journal SET ended = 1 WHERE state IN ('rejected', 'not-sent');
  CREATE INDEX journal_unsettled ON journal (account, at DESC) WHERE ended = 0;
  CREATE INDEX journal_by_time ON journal (account, at DESC);
  CREATE TABLE fills (
    account TEXT NOT NULL, order_id TEXT NOT NULL, cum_qty TEXT NOT NULL,
    execution_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT NOT NULL, price TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (account, order_id, cum_qty)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX fills_by_time ON fills (account, at);
  CREATE TABLE fill_marks (account TEXT PRIMARY KEY, read_to INTEGER NOT NULL) STRICT;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, account TEXT NOT NULL, origin TEXT NOT NULL, what TEXT NOT NULL,
    client_order_id TEXT, order_id TEXT, why TEXT, body TEXT
  ) STRICT;
  CREATE INDEX audit_by_account ON audit (account, id DESC);
  CREATE TABLE risk_limits (account TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT) STRICT;
  `,
  `
  ALTER TABLE runs ADD COLUMN trials INTEGER NOT NULL DEFAULT 1;
  CREATE INDEX runs_by_dataset ON runs (dataset_hash, trials);
  DROP TRIGGER runs_counted;
  CREATE TRIGGER runs_counted AFTER INSERT ON runs BEGIN UPDATE counters SET value = value + NEW.trials WHERE name = 'runs'; END;
  `,
  `
  CREATE TABLE key_accounts (key_hash TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT;
  `,
  `
  CREATE INDEX journal_by_order ON journal (account, order_id);
  CREATE TABLE order_legs (
    order_id TEXT PRIMARY KEY, account TEXT NOT NULL, client_order_id TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX order_legs_open ON order_legs (account) WHERE ended = 0;
  CREATE TABLE books (account TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
  CREATE TABLE book_positions (
    account TEXT NOT NULL, symbol TEXT NOT NULL, qty TEXT NOT NULL, own_qty TEXT NOT NULL, PRIMARY KEY (account, symbol)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE alarms (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, at INTEGER NOT NULL, code TEXT NOT NULL, symbol TEXT NOT NULL, order_id TEXT NOT NULL,
    message TEXT NOT NULL, blocks INTEGER NOT NULL, ended_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX alarms_standing ON alarms (account, code, symbol, order_id) WHERE ended_at IS NULL;
  CREATE TABLE kill_pending (account TEXT NOT NULL, order_id TEXT NOT NULL, PRIMARY KEY (account, order_id)) STRICT, WITHOUT ROWID;
  `,
];
