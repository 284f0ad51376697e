/**
 * tslab's display functions, so that notebooks written for that kernel run in ours, whether tslab is installed or not: its
 * own package can only show something inside its own kernel. https://github.com/yunabe/tslab
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../core/base/entry.ts";
import type { DisplayParts } from "./display.ts";
import type * as Types from "./tslabTypes.d.ts";
import type { MimeBundle } from "./protocol.ts";

/** Where cellModules.ts finds what cells import under that name. */
export const TSLAB = Symbol.for("quantdesk.tslab");

export function createTslab({ send, current, flush }: DisplayParts): typeof Types {
  const displayIn = (nextPlace: () => { readonly id: string; readonly isUpdate: boolean }): Types.Display => {
    const raw = (mime: string, content: string | Uint8Array): void => {
      flush();
      const { id, isUpdate } = nextPlace();
      send({ t: "display", run: current.getStore()?.run ?? 0, id, update: isUpdate, data: bundleOf(mime, content) });
    };
    return {
      javascript: (text) => raw("text/javascript", text),
      html: (text) => raw("text/html", text),
      markdown: (text) => raw("text/markdown", text),
      latex: (text) => raw("text/latex", text),
      svg: (text) => raw("image/svg+xml", text),
      png: (bytes) => raw("image/png", bytes),
      jpeg: (bytes) => raw("image/jpeg", bytes),
      gif: (bytes) => raw("image/gif", bytes),
      pdf: (bytes) => raw("application/pdf", bytes),
      text: (text) => raw("text/plain", text),
      raw,
    };
  };
  return {
    display: displayIn(() => ({ id: randomUUID(), isUpdate: false })),
    newDisplay: () => {
      const id = randomUUID();
      // The same object shown by another cell starts there anew.
      let shownIn: number | undefined;
      return displayIn(() => {
        const run = current.getStore()?.run ?? 0;
        const isUpdate = shownIn === run;
        shownIn = run;
        return { id, isUpdate };
      });
    },
    versions: { tslab: "1.0.22", typescript: compilerVersion(), node: process.version },
  };
}

function bundleOf(mime: string, content: string | Uint8Array): MimeBundle {
  if (typeof content !== "string") return { [mime]: Buffer.from(content).toString("base64"), "text/plain": `[${mime}]` };
  if (!/[/+]json$/.test(mime)) return { [mime]: content, "text/plain": content };
  return { [mime]: JSON.parse(content) as object, "text/plain": content };
}

function compilerVersion(): string {
  try {
    return (createRequire(join(packageRoot(), "package.json"))("typescript/package.json") as { version: string }).version;
  } catch {
    return "unknown";
  }
}
