/** What a command may write: data to standard output, everything for people to standard error. */
import { styleText } from "node:util";

export interface Io {
  /** One JSON document on standard output. */
  json(document: object): void;
  /** Data for standard output, as text. */
  data(text: string): void;
  /** A line for people, on standard error. */
  say(line: string): void;
  /** Colours only on a terminal without NO_COLOR. */
  style(format: "bold" | "dim" | "green" | "yellow" | "red" | "blue", text: string): string;
  readonly isTerminal: boolean;
  /** Something is on standard output already: a second document would break the first. */
  readonly hasPrinted: boolean;
}

export function processIo(): Io {
  const isTerminal = process.stderr.isTTY === true;
  const colour = isTerminal && (process.env["NO_COLOR"] ?? "") === "";
  let hasPrinted = false;
  const print = (text: string) => {
    hasPrinted = true;
    process.stdout.write(`${text}\n`);
  };
  return {
    json: (document) => print(JSON.stringify(document)),
    data: (text) => print(text.endsWith("\n") ? text.slice(0, -1) : text),
    say: (line) => void process.stderr.write(`${line}\n`),
    style: (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text),
    isTerminal,
    get hasPrinted() {
      return hasPrinted;
    },
  };
}

/** Columns of text: the first left, the others right-aligned unless they hold words. */
export function table(headers: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = headers.map((header, i) => Math.max(header.length, ...rows.map((row) => (row[i] ?? "").length)));
  const isNumber = headers.map((_, i) => rows.length > 0 && rows.every((row) => /^[-+−]?[$\d–]/.test(row[i] ?? "")));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (isNumber[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(headers), ...rows.map(line)].join("\n");
}
