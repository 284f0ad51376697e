/** Ids made of text, in the form of a UUID, so that they are the same in every run. */
import { createHash } from "node:crypto";

export function assetId(symbol: string): string {
  return idOf(`quantdesk asset ${symbol}`);
}

export function idOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
