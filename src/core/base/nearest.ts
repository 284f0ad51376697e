/** Longer than every name that there is: a comparison takes time and memory by its length. */
const LONGEST = 200;

/** "Did you mean …": the known name nearest to what was written, if it is near enough. */
export function nearest(written: string, known: Iterable<string>, how: { readonly anyDistance?: true } = {}): string | undefined {
  if (written.length > LONGEST) return undefined;
  let best: string | undefined;
  // As many changes as there are letters leave nothing of what was written.
  let bestDistance = how.anyDistance === true ? Number.POSITIVE_INFINITY : Math.min(written.length, Math.max(2, Math.floor(written.length / 3)) + 1);
  for (const name of known) {
    if (name.length > LONGEST) continue; // a column of a file may be called anything
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** A hint for an unknown name: the nearest known one, else the list. */
export function knownNames(written: string, known: readonly string[]): string {
  const near = nearest(written, known);
  return near === undefined ? `Known: ${known.join(", ")}.` : `Did you mean ${near}?`;
}

/** Levenshtein distance, with a swap of neighbours counted as one. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1] as number[];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, ((rows[i - 2] as number[])[j - 2] as number) + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}
