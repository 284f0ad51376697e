/**
 * Splits and dividends of recorded prices that were not adjusted for them: `corporate-actions.csv` in the folder of the
 * bars, one a line: `symbol,ex_date,type,value`; a split's value is new shares for old ones (`4:1`, `1:10`), a dividend's
 * is dollars a share.
 */
import { badInput } from "../base/errors.ts";
import { addDays, tradingDayFrom } from "../domain/nyse.ts";
import type { CorporateEvent } from "../domain/simulatedEvents.ts";

export const ACTIONS_FILE = "corporate-actions.csv";
const HEADER = ["symbol", "ex_date", "type", "value"];
const HINT = "Write lines like NVDA,2024-06-10,split,10:1 or KO,2024-03-14,dividend,0.485 below the header symbol,ex_date,type,value.";
const MOST_SHARES = 1000;

/** Oldest first. Throws `badInput` that names the line. */
export function parseActions(text: string): readonly CorporateEvent[] {
  const [header, ...lines] = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.split(",").map((cell) => cell.trim()));
  if (header?.map((name) => name.toLowerCase()).join() !== HEADER.join())
    throw badInput("bad-data", `${ACTIONS_FILE} begins with "${header?.join() ?? ""}".`, HINT);
  const events = lines.flatMap((cells, i) => (cells.join("") === "" ? [] : [parseLine(cells, i + 2)]));
  const seen = new Set<string>();
  for (const { symbol, exDate, kind } of events) {
    const key = `${symbol} ${exDate} ${kind}`;
    if (seen.has(key)) throw badInput("bad-data", `${ACTIONS_FILE} has two of ${symbol}'s ${kind}s on ${exDate}.`, "Keep one of them.");
    seen.add(key);
  }
  return events.sort((a, b) => (a.exDate < b.exDate ? -1 : 1));
}

function parseLine(cells: readonly string[], line: number): CorporateEvent {
  const refuse = (what: string) => badInput("bad-data", `${ACTIONS_FILE}, line ${line}: ${what}.`, HINT);
  const [name = "", date = "", type = "", value = ""] = cells;
  const symbol = name.toUpperCase();
  if (!/^[A-Z][A-Z0-9.]{0,15}$/.test(symbol)) throw refuse(`"${name}" is no symbol`);
  if (!/^(?:19|20)\d{2}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) throw refuse(`"${date}" is no date`);
  const exDate = tradingDayFrom(date).date;
  const common = { symbol, exDate, declaredDate: addDays(exDate, -30) };
  if (type === "split") {
    const match = /^(\d{1,4}(?:\.\d{1,6})?)(?::(\d{1,4}))?$/.exec(value);
    const [newRate, oldRate] = [Number(match?.[1]), Number(match?.[2] ?? 1)];
    if (match === null || !(newRate > 0 && oldRate > 0 && newRate / oldRate <= MOST_SHARES && oldRate / newRate <= MOST_SHARES))
      throw refuse(`"${value}" is no ratio`);
    return { kind: "split", ...common, newRate, oldRate };
  }
  if (type !== "dividend") throw refuse(`"${type}" is neither split nor dividend`);
  const rate = /^\d{1,5}(?:\.\d{1,6})?$/.test(value) ? Number(value) : 0;
  if (rate <= 0) throw refuse(`"${value}" is no amount`);
  return { kind: "dividend", ...common, recordDate: exDate, payableDate: tradingDayFrom(addDays(exDate, 21)).date, rate };
}
