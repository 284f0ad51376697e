/** Which column of a CSV file is which, out of its header. */
import { badInput } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

export interface BarColumns {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** -1 where the file has none. */
  readonly volume: number;
  /** How many columns the header names. */
  readonly count: number;
}

/** Names that the time column may have, the first one present wins. */
const TIME_NAMES = ["timestamp", "date", "time", "datetime"] as const;
const PRICE_NAMES = ["open", "high", "low", "close"] as const;
const EXAMPLE = "The first line must name the columns, like: timestamp,open,high,low,close,volume";

export function readHeader(cells: readonly string[], where: string): BarColumns {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  if (names.length === 1 && /[;\t|]/.test(names[0] as string)) {
    throw badInput("bad-csv", `${where}: the columns are not separated by commas.`, "Save the file with commas between the columns.");
  }
  if (names.every((name) => /^[-+\d.:/ tz]*$/.test(name))) throw badInput("bad-csv", `${where}: there is no header, the file begins with numbers.`, EXAMPLE);
  for (const known of [...TIME_NAMES, ...PRICE_NAMES, "volume"]) {
    if (names.indexOf(known) !== names.lastIndexOf(known))
      throw badInput("bad-csv", `${where}: the column "${known}" is there twice.`, "Remove or rename one of them.");
  }
  const timeName = TIME_NAMES.find((name) => names.includes(name));
  if (timeName === undefined) throw missing("timestamp", names, where);
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw missing(name, names, where);
    return index;
  };
  return {
    time: names.indexOf(timeName),
    open: at("open"),
    high: at("high"),
    low: at("low"),
    close: at("close"),
    volume: names.indexOf("volume"),
    count: names.length,
  };
}

function missing(name: string, names: readonly string[], where: string) {
  const spare = names.filter((other) => other !== "" && ![...TIME_NAMES, ...PRICE_NAMES, "volume"].includes(other as never));
  const near = nearest(name, spare);
  const also = name === "timestamp" ? ' ("date" and "time" will do)' : "";
  return badInput(
    "bad-csv",
    `${where}: there is no column "${name}"${also}.`,
    near === undefined
      ? `The columns are: ${names.join(", ")}. Needed are timestamp, open, high, low and close.`
      : `Is "${near}" meant? Rename it to "${name}".`,
  );
}
