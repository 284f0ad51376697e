/**
 * Values that cells have shown, kept by reference so that the rest of them can be looked at: at most 20, the oldest goes
 * first. One goes as well when what shows it is replaced, cleared, or its cell runs again.
 */
import { types } from "node:util";
import { MAX_LOOK_CHARACTERS, MAX_LOOK_PARTS, MAX_LOOK_ROWS, type Look, type Looked } from "../../core/domain/shown.ts";
import { isLooked, partsOf, partCount } from "../parts.ts";
import { shownParts } from "./shownTree.ts";
import { rowsOf, type TableSource } from "./tableSource.ts";
import { TableView } from "./tableView.ts";

const MAX_HELD = 20;

export type Holdable =
  | { readonly what: "rows"; readonly source: TableSource }
  | { readonly what: "parts"; readonly value: unknown }
  | { readonly what: "text"; readonly text: string };

/** Keeps a value for one output; answers the id to ask with, or null where nobody will. */
export type Hold = (value: Holdable) => string | null;

type Held = { readonly run: number; readonly display: string } & (
  | { readonly what: "rows"; readonly view: TableView }
  | Extract<Holdable, { what: "parts" | "text" }>
);

export class HeldValues {
  /** Of this process: an id of an earlier one finds nothing. */
  readonly #process: string;
  readonly #held = new Map<string, Held>();
  #count = 0;

  constructor(process: string) {
    this.#process = process;
  }

  /** For one output; `display`: what replaces it replaces what it keeps. */
  holdFor(run: number, display: string): Hold {
    return (value) => {
      const id = `${this.#process}-${++this.#count}`;
      this.#held.set(id, { run, display, ...(value.what === "rows" ? { what: "rows", view: new TableView(value.source) } : value) });
      for (const oldest of this.#held.keys()) {
        if (this.#held.size <= MAX_HELD) break;
        this.#held.delete(oldest);
      }
      return id;
    };
  }

  release(isGone: (held: { readonly run: number; readonly display: string }) => boolean): void {
    for (const [id, held] of this.#held) if (isGone(held)) this.#held.delete(id);
  }

  async look(look: Look, signal: AbortSignal): Promise<Looked> {
    const held = this.#held.get(look.id);
    if (held === undefined || held.what !== look.what) return { what: "gone" };
    switch (look.what) {
      case "rows": {
        const { view } = held as Extract<Held, { what: "rows" }>;
        const { source } = view;
        const places = await view.places(look.sort, look.filter, signal);
        const matching = places?.length ?? source.length();
        const wanted = Array.from({ length: Math.max(0, Math.min(look.count, MAX_LOOK_ROWS, matching - look.from)) }, (_, i) => look.from + i);
        const found = places === null ? wanted : wanted.map((at) => places[at] as number);
        return { what: "rows", rowCount: source.length(), matching, rows: rowsOf(source, found), places: found };
      }
      case "parts": {
        const value = partAt((held as Extract<Held, { what: "parts" }>).value, look.path);
        if (!isLooked(value)) return { what: "parts", count: 0, parts: [] };
        return { what: "parts", count: partCount(value), parts: shownParts(value, look.from, MAX_LOOK_PARTS) };
      }
      case "text": {
        const { text } = held as Extract<Held, { what: "text" }>;
        return { what: "text", text: text.slice(look.from, look.from + MAX_LOOK_CHARACTERS), characters: text.length };
      }
    }
  }
}

function partAt(value: unknown, path: readonly number[]): unknown {
  let at = value;
  for (const place of path) at = isLooked(at) && !types.isProxy(at) ? partsOf(at, place, 1)[0]?.[1] : undefined;
  return at;
}
