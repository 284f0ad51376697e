/**
 * Bars by symbol on disk, so that the same history is not fetched for every run: one file per origin, feed, adjustment,
 * symbol and timeframe, whole or absent, bounded, safe with several processes. Simulated bars never come here.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { TradingError } from "../base/errors.ts";
import { makeFolder, writeWhole } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import { BAR_COLUMNS, columnsIn, type BarSeries, type CorporateAction, type Timeframe } from "../domain/bars.ts";

export interface BarKey {
  /** Of the data service, with the trading mode that it is used for. */
  readonly origin: string;
  readonly feed: string;
  readonly adjustment: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

export interface CachedBars {
  /** UTC milliseconds: what was asked for. `to` is `asOf` where no end was given. */
  readonly from: number;
  readonly to: number;
  /** When the source was asked. */
  readonly asOf: number;
  readonly series: BarSeries;
  /** That the prices are not adjusted for; absent where they were not to be had. */
  readonly actions?: readonly CorporateAction[];
}

export interface BarCacheLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

const ENDING = ".bars";
const MAGIC = "QDBARS1\n";
const Action = v.variant("kind", [
  v.object({ kind: v.literal("split"), time: v.number(), ratio: v.number() }),
  v.object({ kind: v.literal("dividend"), time: v.number(), amount: v.number() }),
]);
const Header = v.object({
  key: v.string(),
  from: v.number(),
  to: v.number(),
  asOf: v.number(),
  bars: v.pipe(v.number(), v.integer(), v.minValue(0)),
  sha256: v.string(),
  actions: v.optional(v.array(Action)),
});

export class BarCache {
  readonly #folder: string;
  readonly #log: Log;
  readonly #limits: BarCacheLimits;

  constructor(folder: string, log: Log, limits: BarCacheLimits = { maxBytes: 512 * 2 ** 20, maxFiles: 5000 }) {
    this.#folder = folder;
    this.#log = log;
    this.#limits = limits;
  }

  /** Undefined when there is none, or when it cannot be read whole: then it is as if it had never been there. */
  async read(key: BarKey): Promise<CachedBars | undefined> {
    const path = this.#pathOf(key);
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch {
      return undefined;
    }
    const found = decode(bytes, key);
    if (found === undefined) {
      this.#log.warn(`The kept bars of ${key.symbol} are damaged; they are read anew.`);
      await rm(path, { force: true }).catch(() => undefined);
      return undefined;
    }
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined); // the ones not used for longest go first
    return found;
  }

  /** A disk that is full or not writable costs nothing but the next fetch. */
  async write(key: BarKey, bars: CachedBars): Promise<void> {
    try {
      makeFolder(this.#folder, 0o700);
      await writeWhole(this.#pathOf(key), encode(key, bars), 0o600);
      await this.#makeRoom();
    } catch (error) {
      this.#log.warn(`The bars of ${key.symbol} are not kept: ${TradingError.from(error, "cache-failed").message}`);
    }
  }

  #pathOf(key: BarKey): string {
    return join(this.#folder, `${sha256(canonicalJson(key)).slice(0, 40)}${ENDING}`);
  }

  async #makeRoom(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING));
    const files = [];
    for (const name of names) {
      const path = join(this.#folder, name);
      const about = await stat(path).catch(() => undefined); // another process may have made room
      if (about !== undefined) files.push({ path, size: about.size, usedAt: about.mtimeMs });
    }
    files.sort((a, b) => b.usedAt - a.usedAt);
    let bytes = 0;
    for (const [at, file] of files.entries()) {
      bytes += file.size;
      if (bytes > this.#limits.maxBytes || at >= this.#limits.maxFiles) await rm(file.path, { force: true });
    }
  }
}

function encode(key: BarKey, { from, to, asOf, series, actions }: CachedBars): Buffer {
  const body = Buffer.concat(BAR_COLUMNS.map((name) => Buffer.from(series[name].buffer, series[name].byteOffset, series[name].byteLength)));
  const head = Buffer.from(
    `${canonicalJson({ key: canonicalJson(key), from, to, asOf, bars: series.time.length, sha256: digest(body), ...(actions === undefined ? {} : { actions }) })}\n`,
  );
  return Buffer.concat([Buffer.from(MAGIC), head, body]);
}

function decode(bytes: Buffer, key: BarKey): CachedBars | undefined {
  const end = bytes.indexOf(10, MAGIC.length);
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC || end < 0) return undefined;
  const header = v.safeParse(v.pipe(v.string(), v.parseJson(), Header), bytes.subarray(MAGIC.length, end).toString("utf8"));
  if (!header.success) return undefined;
  const { bars, from, to, asOf, actions } = header.output;
  const body = bytes.subarray(end + 1);
  if (header.output.key !== canonicalJson(key) || body.length !== bars * BAR_COLUMNS.length * 8 || digest(body) !== header.output.sha256) return undefined;
  const memory = Uint8Array.from(body).buffer;
  return {
    from,
    to,
    asOf,
    ...(actions === undefined ? {} : { actions }),
    series: { symbol: key.symbol, timeframe: key.timeframe, simulated: false, ...columnsIn(memory) },
  };
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
