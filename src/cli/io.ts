/** What a command may write: data to standard output, everything for people to standard error. */
import { styleText } from "node:util";

type Format = "bold" | "dim" | "green" | "yellow" | "red" | "blue";

export interface Io {
  /** One JSON document on standard output. */
  json(document: object): void;
  /** Data for standard output, as text. */
  data(text: string): void;
  /** A line for people, on standard error. */
  say(line: string): void;
  /** For `say`: colours only on a terminal without NO_COLOR. */
  style(format: Format, text: string): string;
  /** For `data`: standard output may be a file or a pipe while standard error is a terminal. */
  styleData(format: Format, text: string): string;
  readonly isTerminal: boolean;
  /** Standard error takes cursor movement: a terminal that is not "dumb", without NO_COLOR. */
  readonly canMoveCursor: boolean;
  /** Something is on standard output already: a second document would break the first. */
  readonly hasPrinted: boolean;
}

type Stream = Pick<NodeJS.WriteStream, "isTTY" | "write">;

export function processIo({ stdout, stderr, env }: { readonly stdout: Stream; readonly stderr: Stream; readonly env: NodeJS.ProcessEnv } = process): Io {
  const isTerminal = stderr.isTTY === true;
  const isPlain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  const styled = (stream: Stream) => (format: Format, text: string) => (stream.isTTY && !isPlain ? styleText(format, text, { validateStream: false }) : text);
  let hasPrinted = false;
  const print = (text: string) => {
    hasPrinted = true;
    stdout.write(`${text}\n`);
  };
  return {
    json: (document) => print(JSON.stringify(document)),
    data: (text) => print(text.endsWith("\n") ? text.slice(0, -1) : text),
    say: (line) => void stderr.write(`${line}\n`),
    style: styled(stderr),
    styleData: styled(stdout),
    isTerminal,
    canMoveCursor: isTerminal && !isPlain,
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
