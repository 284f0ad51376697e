/** Text edits by position: applied in one pass, and able to say where a place in the new text was in the old one. */

/** What comes first where several edits meet at one position: what closes, then what separates, then what opens. */
const RANK = { close: 0, separate: 1, open: 2, replace: 3 } as const;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly rank: number;
  readonly order: number;
}

/** At `at` of the new text, the old text is `shift` characters shorter than the new one from there on. */
export interface Mark {
  readonly at: number;
  readonly shift: number;
}

export class Edits {
  readonly #edits: Edit[] = [];

  insert(at: number, text: string, rank: "close" | "separate" | "open"): void {
    this.#edits.push({ start: at, end: at, text, rank: RANK[rank], order: this.#edits.length });
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, rank: RANK.replace, order: this.#edits.length });
  }

  /** The new text and where it moved. Of two edits that overlap, the one that starts first stays. */
  apply(text: string): { readonly text: string; readonly marks: readonly Mark[] } {
    const sorted = this.#edits.toSorted((a, b) => a.start - b.start || a.rank - b.rank || a.order - b.order);
    const parts: string[] = [];
    const marks: Mark[] = [];
    let from = 0;
    let length = 0;
    for (const edit of sorted) {
      if (edit.start < from) continue;
      parts.push(text.slice(from, edit.start), edit.text);
      length += edit.start - from + edit.text.length;
      from = edit.end;
      marks.push({ at: length, shift: edit.text.length - (edit.end - edit.start) });
    }
    parts.push(text.slice(from));
    return { text: parts.join(""), marks };
  }
}

/** The offset in the old text of an offset in the new one. */
export function unshift(offset: number, marks: readonly Mark[]): number {
  let shift = 0;
  for (const mark of marks) {
    if (mark.at > offset) break;
    shift += mark.shift;
  }
  return Math.max(0, offset - shift);
}
