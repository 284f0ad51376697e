/** How sentences about bars name times and numbers. */

const DAY_MS = 86_400_000;

/** "2024-01-02", with the time where it is not midnight. */
export function at(ms: number): string {
  const iso = new Date(ms).toISOString();
  return ms % DAY_MS === 0 ? iso.slice(0, iso.indexOf("T")) : `${iso.slice(0, -8)}Z`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** Looks at a series bar by bar, each index once and in order, and says at the end what it found. */
export interface Check {
  visit(index: number): void;
  sentences(): readonly string[];
}
