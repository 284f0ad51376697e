/** A small table, all of it at hand: sorted and filtered here as the kernel would do it. */
import { cellText, isDecimal, type Cell, type Look } from "../../core/domain/shown.ts";

type Sort = Extract<Look, { what: "rows" }>["sort"];

/** Numbers, booleans, dates, text, the rest; what is missing comes last both ways. */
const [NUMBER, BOOLEAN, DATE, TEXT, OTHER, MISSING] = [0, 1, 2, 3, 4, 5] as const;

/** Places of the rows in their order. */
export function orderedPlaces(rows: ReadonlyArray<readonly Cell[]>, sort: Sort, filter: string): number[] {
  const needle = filter.trim().toLowerCase();
  const places = [...rows.keys()].filter((i) => needle === "" || rows[i]?.some((cell) => cellText(cell).toLowerCase().includes(needle)) === true);
  if (sort === null) return places;
  const cells = places.map((i) => rows[i]?.[sort.column] ?? null);
  const areDecimals = cells.every((cell) => kindOf(cell) !== OTHER && (kindOf(cell) !== TEXT || (typeof cell === "string" && isDecimal(cell))));
  // Beside big integers, which are compared to the last digit, decimal text stays apart.
  const hasBig = cells.some((cell) => Array.isArray(cell) && cell[0] === "i");
  const decimals = areDecimals ? (hasBig ? TEXT : NUMBER) : null;
  const keys = new Map(places.map((place, i) => [place, keyOf(cells[i] ?? null, decimals)] as const));
  const direction = sort.descending ? -1 : 1;
  return places.sort((a, b) => {
    const [x, y] = [keys.get(a) as Key, keys.get(b) as Key];
    if (x.kind === MISSING || y.kind === MISSING) return x.kind === y.kind ? a - b : x.kind === MISSING ? 1 : -1;
    const difference = x.kind - y.kind || (x.value < y.value ? -1 : x.value > y.value ? 1 : 0);
    return (difference || a - b) * direction;
  });
}

interface Key {
  readonly kind: number;
  readonly value: number | bigint | string;
}

/** `decimals`: where decimal text stands, if all text is such. */
function keyOf(cell: Cell, decimals: number | null): Key {
  const kind = kindOf(cell);
  if (kind === TEXT && decimals !== null) return { kind: decimals, value: Number(cell) };
  if (kind === NUMBER && typeof cell === "object") return { kind, value: numberOf(cell?.[1] ?? "") };
  if (kind === NUMBER || kind === BOOLEAN) return { kind, value: Number(cell) };
  if (kind === DATE && Array.isArray(cell)) return { kind, value: Date.parse(cell[1]) };
  return { kind, value: cellText(cell).toLowerCase() };
}

function numberOf(text: string): number | bigint {
  return /^-?\d+$/.test(text) && text !== "-0" ? BigInt(text) : Number(text.replace("…", ""));
}

function kindOf(cell: Cell): number {
  if (cell === null) return MISSING;
  if (typeof cell === "number") return NUMBER;
  if (typeof cell === "boolean") return BOOLEAN;
  if (typeof cell === "string") return TEXT;
  switch (cell[0]) {
    case "n":
      return cell[1] === "NaN" ? MISSING : NUMBER;
    case "i":
      return NUMBER;
    case "d":
      return cell[1] === "Invalid Date" ? MISSING : DATE;
    case "t":
      return TEXT;
    case "u":
      return MISSING;
    case "o":
      return OTHER;
  }
}
