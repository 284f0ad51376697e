/** What scanners, analysts and agents read: news, posts, filings, each kept once. */
import type { DatabaseSync } from "node:sqlite";
import type { SourceItem } from "../domain/ports.ts";

const SHOWN = 20;
const KEPT = 10_000;
const MAX_TEXT = 500;

export class SourceTables {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Within a transaction of the caller. Answers how many were new. */
  add(items: readonly SourceItem[]): number {
    const insert = this.#db.prepare("INSERT OR IGNORE INTO sources (key, kind, title, url, source, symbols, at, read_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    let added = 0;
    for (const item of items) {
      const url = /^https?:\/\//i.test(item.url) ? item.url.slice(0, 2000) : ""; // it becomes a link
      const key = url === "" ? `${item.source}\n${item.title}` : url;
      const text = (value: string) => value.slice(0, MAX_TEXT);
      added += Number(insert.run(key, item.kind, text(item.title), url, text(item.source), JSON.stringify(item.symbols), item.at, text(item.readBy)).changes);
    }
    if (added > 0) this.#db.exec(`DELETE FROM sources WHERE id <= (SELECT max(id) - ${KEPT} FROM sources)`);
    return added;
  }

  latest(): readonly SourceItem[] {
    const rows = this.#db
      .prepare("SELECT kind, title, url, source, symbols, at, read_by AS readBy FROM sources ORDER BY at DESC, id DESC LIMIT ?")
      .all(SHOWN) as unknown as Array<Omit<SourceItem, "symbols"> & { readonly symbols: string }>;
    return rows.map((row) => ({ ...row, symbols: JSON.parse(row.symbols) as string[] }));
  }
}
