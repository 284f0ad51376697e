/** A CSV file of a million minute bars: read whole, checked and hashed, against a split loop that only makes columns. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileDataset } from "../src/core/data/fileDataset.ts";
import { inTurns, type Benchmark } from "./comparison.ts";

const ROWS = 1_000_000;
const ROUNDS = 5;

export const bench: Benchmark = {
  description: "a CSV file of a million minute bars",
  run: async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-bench-"));
    const path = join(folder, "minutes.csv");
    try {
      await writeFile(path, minutes());
      const ours = async () => (await readFileDataset(path, {}, signal)).series.close;
      const [close, expected] = [await ours(), splitLoop(path)];
      if (close.length !== ROWS || !close.every((value, i) => value === expected[i])) throw new Error("The two do not read the same closes.");
      const samples = await inTurns(ROUNDS, { "split loop": () => splitLoop(path), readFileDataset: ours }, signal);
      const note = `${ROWS.toLocaleString("en-US")} rows, 50 MB, read from the file each time. The split loop splits lines and commas and calls Date.parse and Number: no check, no quotes, no hash, and it blocks the loop throughout. Ours checks every value, order and duplicates, looks for gaps, splits and bad ticks, hashes the file and lets others have a turn every 8 ms.`;
      return [{ title: "CSV to columns", unit: "ms", better: "lower", baseline: "split loop", samples, note }];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function minutes(): string {
  const start = Date.UTC(2020, 0, 1);
  const lines = ["timestamp,open,high,low,close,volume"];
  for (let i = 0; i < ROWS; i++) {
    const price = 100 + 10 * Math.sin(i / 5000);
    const [high, low] = [(price + 0.05).toFixed(2), (price - 0.05).toFixed(2)];
    lines.push(`${new Date(start + i * 60_000).toISOString().slice(0, 19)}Z,${price.toFixed(2)},${high},${low},${price.toFixed(2)},${1000 + (i % 777)}`);
  }
  return lines.join("\n");
}

/** As one writes it by hand. */
function splitLoop(path: string): Float64Array {
  const lines = readFileSync(path, "utf8").split("\n");
  const columns = Array.from({ length: 6 }, () => new Float64Array(lines.length - 1));
  for (let i = 1; i < lines.length; i++) {
    const cells = (lines[i] as string).split(",");
    (columns[0] as Float64Array)[i - 1] = Date.parse(cells[0] as string);
    for (let column = 1; column < 6; column++) (columns[column] as Float64Array)[i - 1] = Number(cells[column]);
  }
  return columns[4] as Float64Array;
}
