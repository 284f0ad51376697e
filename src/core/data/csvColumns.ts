/** Which column of a CSV file is which, and what is between columns, out of its first line. */
import { badInput } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { CsvRows } from "./csvRows.ts";

export interface BarColumns {
  readonly time: number;
  /** Hours and minutes in a column of their own beside the date; -1 where the file has none. */
  readonly timeOfDay: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** -1 where the file has none. */
  readonly volume: number;
  /** As cleaned from the header: how many columns there are, and what they are called. */
  readonly names: readonly string[];
}

export interface CsvForm {
  readonly columns: BarColumns;
  readonly separator: string;
  /** The header has no name for the column that is taken for the time, as data frames write their index. */
  readonly timeIsUnnamed: boolean;
  /** Where in the bytes, and on which line, the header begins. */
  readonly from: number;
  readonly line: number;
}

/** Names that the time column may have, the first one present wins. */
const TIME_NAMES = ["timestamp", "datetime", "date", "time"] as const;
const PRICE_NAMES = ["open", "high", "low", "close"] as const;
const KNOWN_NAMES: readonly string[] = [...TIME_NAMES, ...PRICE_NAMES, "volume"];
const SEPARATORS = [",", ";", "\t", "|"] as const;
const EXAMPLE = "The first line must name the columns, like: timestamp,open,high,low,close,volume";

/** Throws `bad-csv` when the file is empty or its first line does not name the columns that bars need. */
export function readForm(bytes: Uint8Array, path: string): CsvForm {
  const said = saidSeparator(bytes);
  const start = { from: said?.from ?? 0, line: said === undefined ? 1 : 2 };
  let best: { readonly separator: string; readonly cells: readonly string[]; readonly line: number; readonly score: number } | undefined;
  for (const separator of said === undefined ? SEPARATORS : [said.separator]) {
    const rows = new CsvRows(bytes, { separator, ...start });
    if (!rows.next()) {
      if (rows.openQuoteLine > 0) continue;
      throw badInput("bad-csv", `${path} is empty.`, "It needs a header and at least one bar.");
    }
    const cells = Array.from({ length: rows.count }, (_value, field) => cleanName(rows.text(field)));
    const score = cells.filter((cell) => KNOWN_NAMES.includes(cell)).length * 1000 + cells.length;
    if (best === undefined || score > best.score) best = { separator, cells, line: rows.line, score };
  }
  if (best === undefined) throw openQuote(path, start.line);
  const { cells, separator, line } = best;
  const columns = readHeader(cells, `${path}, line ${line}`);
  return { columns, separator, timeIsUnnamed: cells[columns.time] === "", ...start };
}

export function openQuote(path: string, line: number) {
  return badInput("bad-csv", `${path}, line ${line}: a quote is opened and never closed.`, "Close it, or remove it.", { file: path, line });
}

/** As spreadsheets begin a file to say what is between the columns: "sep=;". */
function saidSeparator(bytes: Uint8Array): { readonly separator: string; readonly from: number } | undefined {
  const match = /^"?sep=([,;\t|])"?(\r\n|\n|\r)/i.exec(Buffer.from(bytes.subarray(0, 16)).toString("latin1"));
  return match === null ? undefined : { separator: match[1] as string, from: match[0].length };
}

/** "<DATE>", "Adj_Close" and "VOL." as other programs write them. */
export function cleanName(cell: string): string {
  const name = cell
    .trim()
    .toLowerCase()
    .replace(/^<(.*)>$/, "$1")
    .replace(/_/g, " ");
  if (name === "date time" || name === "time stamp") return "datetime";
  return name === "vol" || name === "vol." ? "volume" : name;
}

/** Throws `bad-csv` when bars cannot be made of columns of these names, cleaned. */
export function readHeader(names: readonly string[], where: string): BarColumns {
  if (names.every((name) => /^[-+\d.,:/ tz]*$/.test(name))) throw badInput("bad-csv", `${where}: there is no header, the file begins with numbers.`, EXAMPLE);
  for (const known of KNOWN_NAMES) {
    if (names.indexOf(known) !== names.lastIndexOf(known))
      throw badInput("bad-csv", `${where}: the column "${known}" is there twice.`, "Remove or rename one of them.");
  }
  const timeName = TIME_NAMES.find((name) => names.includes(name)) ?? (names[0] === "" ? "" : undefined);
  if (timeName === undefined) throw missing("timestamp", names, where);
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw missing(name, names, where);
    return index;
  };
  return {
    time: names.indexOf(timeName),
    timeOfDay: timeName === "date" ? names.indexOf("time") : -1,
    open: at("open"),
    high: at("high"),
    low: at("low"),
    close: at("close"),
    volume: names.indexOf("volume"),
    names,
  };
}

function missing(name: string, names: readonly string[], where: string) {
  const spare = names.filter((other) => other !== "" && !KNOWN_NAMES.includes(other));
  const near = nearest(name, spare);
  const also = name === "timestamp" ? ' ("date" and "time" will do)' : "";
  const shown = names.length > 40 ? [...names.slice(0, 40), "…"] : names;
  return badInput(
    "bad-csv",
    `${where}: there is no column "${name}"${also}.`,
    near === undefined
      ? `The columns are: ${shown.map((other) => other.slice(0, 40)).join(", ")}. Needed are timestamp, open, high, low and close.`
      : `Is "${near}" meant? Rename it to "${name}".`,
  );
}
