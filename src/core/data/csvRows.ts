/** Rows and fields of a CSV file as places in its bytes: nothing is copied. Quotes as in RFC 4180; LF, CRLF or CR; any one separator. */
import { numberOf, type DecimalSign } from "./csvNumbers.ts";

const QUOTE = 34;
const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;

export class CsvRows {
  readonly bytes: Uint8Array;
  /** Where each field of the current row begins and ends, without quotes and outer blanks. Valid up to `count`. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  count = 0;
  /** Line on which the current row begins, from 1. */
  line = 0;
  /** Of the numbers in it. */
  decimal: DecimalSign = ".";
  /** Line of a quote that nothing closes; 0 while all is well. */
  openQuoteLine = 0;
  readonly #separator: number;
  #at: number;
  #nextLine: number;

  /** `from`: where to begin in `bytes`, which is on line `line`. */
  constructor(bytes: Uint8Array, options: { readonly separator: string; readonly from?: number; readonly line?: number }) {
    this.bytes = bytes;
    this.#separator = options.separator.charCodeAt(0);
    this.#at = options.from ?? 0;
    this.#nextLine = options.line ?? 1;
  }

  /** Moves to the next row that is not blank; false at the end, or at a quote that is never closed. */
  next(): boolean {
    while (this.#at < this.bytes.length) {
      this.line = this.#nextLine;
      this.count = 0;
      this.#readRow();
      if (this.openQuoteLine > 0) return false;
      if (this.count > 1 || (this.ends[0] as number) > (this.starts[0] as number)) return true;
    }
    return false;
  }

  isEmpty(field: number): boolean {
    return this.starts[field] === this.ends[field];
  }

  /** NaN for what is none. */
  number(field: number): number {
    return numberOf(this.bytes, this.starts[field] as number, this.ends[field] as number, this.decimal);
  }

  /** Text of a field, doubled quotes undone. */
  text(field: number): string {
    const { bytes } = this;
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8", this.starts[field], this.ends[field]);
    return raw.includes('""') ? raw.replaceAll('""', '"') : raw;
  }

  /** The same, cut to what a sentence can hold. */
  short(field: number): string {
    const text = this.text(field);
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  }

  #readRow(): void {
    const { bytes } = this;
    const separator = this.#separator;
    const length = bytes.length;
    let at = this.#at;
    for (;;) {
      if (this.count === this.starts.length) this.#grow();
      while (at < length && (bytes[at] === SPACE || (bytes[at] === TAB && separator !== TAB))) at++;
      let start = at;
      let end: number;
      if (bytes[at] === QUOTE) {
        start = ++at;
        const openedOn = this.#nextLine;
        for (;;) {
          const byte = bytes[at];
          if (at >= length) {
            this.openQuoteLine = openedOn;
            return;
          }
          if (byte === QUOTE) {
            if (bytes[at + 1] !== QUOTE) break;
            at++;
          } else if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) {
            this.#nextLine++;
          }
          at++;
        }
        end = at++;
        while (at < length && bytes[at] !== separator && bytes[at] !== LF && bytes[at] !== CR) end = ++at; // text after the quote belongs to the field, and will not parse
        while (end > start && bytes[end - 1] === SPACE) end--;
        if (end > start && bytes[end - 1] === QUOTE) end--;
      } else {
        let byte = bytes[at];
        while (at < length && byte !== separator && byte !== LF && byte !== CR) byte = bytes[++at];
        end = at;
        while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
      }
      this.starts[this.count] = start;
      this.ends[this.count] = end;
      this.count++;
      if (at < length && bytes[at] === separator) {
        at++;
        continue;
      }
      if (bytes[at] === CR && bytes[at + 1] === LF) at++;
      this.#at = at + 1;
      this.#nextLine++;
      return;
    }
  }

  #grow(): void {
    const [starts, ends] = [new Int32Array(this.starts.length * 2), new Int32Array(this.ends.length * 2)];
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}
