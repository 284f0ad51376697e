/**
 * Makes `import … from "quantdesk"` in a user's file mean our own library, inside and outside a clone. Called once by the
 * entry file of a worker that loads such files; it changes how that thread resolves modules and nothing else.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { entryPath } from "./entry.ts";

/** Query that marks a user's own file: loaded as an ES module whatever the package.json beside it says. */
export const USER_FILE_MARK = "quantdesk-file";
const BESIDE_MARK = "quantdesk-beside";
const VERSION = new RegExp(`^file:.*\\?(?:${USER_FILE_MARK}|${BESIDE_MARK})=([^&]*)$`);

export function resolveOwnLibrary(): void {
  const library = pathToFileURL(entryPath("strategyApi")).href;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "quantdesk") return { url: library, shortCircuit: true };
      const resolved = ofParent(next(specifier, context), specifier, context.parentURL);
      if (!resolved.url.startsWith("file:") || !resolved.url.includes(`?${USER_FILE_MARK}=`)) return resolved;
      return { ...resolved, format: /\.[cm]?ts\?/.test(resolved.url) ? "module-typescript" : "module" };
    },
  });
}

/** What a user's file imports from beside it is as new as the file itself. */
function ofParent<T extends { readonly url: string }>(resolved: T, specifier: string, parent: string | undefined): T {
  const version = parent === undefined ? undefined : VERSION.exec(parent)?.[1];
  if (version === undefined || !/^\.{1,2}\//.test(specifier)) return resolved;
  // JavaScript beside it may be of either kind: Node finds out which.
  const mark = /\.m?ts$/.test(resolved.url) ? USER_FILE_MARK : /\.m?js$/.test(resolved.url) ? BESIDE_MARK : undefined;
  return mark === undefined ? resolved : { ...resolved, url: `${resolved.url}?${mark}=${version}` };
}

/** Address to import a user's file by: a file whose text has changed is a new module. */
export function userFileUrl(path: string, version: string): string {
  return `${pathToFileURL(path).href}?${USER_FILE_MARK}=${version}`;
}
