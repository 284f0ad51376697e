/**
 * The bytes of a file of prices: whole, unpacked, as UTF-8, with their hash. What is no regular file, too large, packed
 * in another way than gzip or no text is refused in one sentence.
 */
import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { badInput, TradingError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Pace } from "./pace.ts";

/** Of the file, and of what it unpacks to. */
const MAX_BYTES = 2 ** 30;

export interface SourceFile {
  /** Name without folder and endings, as data sets carry it. */
  readonly name: string;
  /** UTF-8 without a byte order mark, or a Parquet file as it is. */
  readonly bytes: Uint8Array;
  readonly format: "text" | "parquet";
  /** Of the file as it is on disk. */
  readonly sha256: string;
}

export async function readSourceFile(path: string, signal: AbortSignal, pace: Pace): Promise<SourceFile> {
  const raw = await readBytes(path, signal);
  const unpacked = raw[0] === 0x1f && raw[1] === 0x8b ? await gunzip(path, raw, signal) : raw;
  const plain = basename(path).replace(/\.gz$/i, "");
  const name = basename(plain, extname(plain));
  const format = startsWith(unpacked, "PAR1") ? "parquet" : "text";
  const bytes = format === "parquet" ? unpacked : await toUtf8(path, unpacked, pace); // before the hash: what is no text is refused at once
  return { name, bytes, format, sha256: await hashOf(raw, pace) };
}

async function readBytes(path: string, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  try {
    const about = await stat(path);
    if (about.isDirectory()) throw badInput("bad-csv", `${path} is a folder, not a CSV file.`, "Name a file in it.");
    // A pipe or a device may wait for ever, or never end.
    if (!about.isFile()) throw badInput("bad-csv", `${path} is no regular file, but a pipe or a device.`, "Save what it gives as a .csv file.");
    if (about.size > MAX_BYTES) {
      throw badInput("bad-csv", `${path} has ${(about.size / 2 ** 30).toFixed(1)} GB, but at most 1 GB can be read.`, "Split it by symbol or by year.");
    }
    return await readFile(path, { signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof TradingError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw badInput("bad-csv", `There is no file ${path}.`, await neighbour(path));
    if (code === "EACCES" || code === "EPERM") throw badInput("bad-csv", `${path} may not be read by this user.`, "Change its permissions.");
    throw badInput("bad-csv", `${path} cannot be read: ${(error as Error).message}.`);
  }
}

async function neighbour(path: string): Promise<string> {
  const files: readonly string[] = await readdir(dirname(path)).catch(() => []);
  if (files.includes(basename(path))) return "It is a link to what is not there.";
  const near = nearest(basename(path), files);
  return near === undefined ? "Check the path." : `Did you mean ${near}?`;
}

async function hashOf(bytes: Uint8Array, pace: Pace): Promise<string> {
  const hash = createHash("sha256");
  const step = 2 ** 22;
  for (let at = 0; at < bytes.length; at += step) {
    hash.update(bytes.subarray(at, at + step));
    await pace();
  }
  return hash.digest("hex");
}

async function gunzip(path: string, packed: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    await pipeline(
      Readable.from([packed]),
      createGunzip({ chunkSize: 2 ** 20 }),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          length += chunk.length;
          if (length > MAX_BYTES) throw badInput("bad-csv", `${path} unpacks to more than 1 GB.`, "Split it by symbol or by year.");
          chunks.push(chunk);
        }
      },
      { signal },
    );
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof TradingError) throw error;
    const isShort = (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR";
    const why = isShort ? "it ends too early (a download that was cut off?)" : `it is damaged (${(error as Error).message})`;
    throw badInput("bad-csv", `${path} cannot be unpacked: ${why}.`, "Get the file again.");
  }
  return Buffer.concat(chunks, length);
}

const PACKED: ReadonlyArray<readonly [start: string, what: string]> = [
  ["PK\u0003\u0004", "a spreadsheet or a zip archive"],
  ["\u001f\u008b", "packed twice"],
  ["BZh", "packed with bzip2"],
  ["\u00fd7zXZ\u0000", "packed with xz"],
  ["\u0028\u00b5\u002f\u00fd", "packed with zstd"],
  ["\u00d0\u00cf\u0011\u00e0", "an old spreadsheet"],
  ["SQLite format 3", "a database"],
];

async function toUtf8(path: string, bytes: Uint8Array, pace: Pace): Promise<Uint8Array> {
  const packed = PACKED.find(([start]) => startsWith(bytes, start));
  if (packed !== undefined) throw badInput("bad-csv", `${path} is not text: it is ${packed[1]}.`, "Save it as plain or gzipped CSV, or as Parquet.");
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return bytes.subarray(3);
  // A header in Latin letters has a zero in every second byte of UTF-16, with or without a byte order mark.
  const isLittle = (a === 0xff && b === 0xfe) || (isLetter(a) && b === 0);
  const isBig = (a === 0xfe && b === 0xff) || (a === 0 && isLetter(b));
  const text = isLittle || isBig ? await fromUtf16(bytes, isLittle ? "utf-16le" : "utf-16be", pace) : bytes;
  if (text.subarray(0, 4096).includes(0)) throw badInput("bad-csv", `${path} is not text, but binary.`, "Save it as plain or gzipped CSV, or as Parquet.");
  return text;
}

async function fromUtf16(bytes: Uint8Array, encoding: "utf-16le" | "utf-16be", pace: Pace): Promise<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  const chunks: Buffer[] = [];
  const step = 2 ** 20;
  for (let at = 0; at < bytes.length; at += step) {
    chunks.push(Buffer.from(decoder.decode(bytes.subarray(at, at + step), { stream: true })));
    await pace();
  }
  return Buffer.concat(chunks);
}

function startsWith(bytes: Uint8Array, start: string): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start.charCodeAt(i)) return false;
  return true;
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && (byte | 32) >= 97 && (byte | 32) <= 122;
}
