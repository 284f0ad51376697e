/** Ids in the form of a UUID: made of text, so that they are the same in every run, and read as clients write them. */
import { createHash } from "node:crypto";

export function assetId(symbol: string): string {
  return idOf(`quantdesk asset ${symbol}`);
}

export function idOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** An id as it is kept: Rust's clients write it without dashes, others in capitals. */
export function plainId(id: string): string {
  return id.toLowerCase().replace(/^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/, "$1-$2-$3-$4-$5");
}
