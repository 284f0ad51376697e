/**
 * Makes `import … from "quantdesk"` in a user's file mean our own library, inside and outside a clone. Called once by the
 * entry file of a worker that loads such files; it changes how that thread resolves modules and nothing else.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { entryPath } from "./entry.ts";

/** Query that marks a user's own file: loaded as an ES module whatever the package.json beside it says. */
export const USER_FILE_MARK = "quantdesk-file";

export function resolveOwnLibrary(): void {
  const library = pathToFileURL(entryPath("strategyApi")).href;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "quantdesk") return { url: library, shortCircuit: true };
      const resolved = next(specifier, context);
      if (!resolved.url.startsWith("file:") || !resolved.url.includes(`?${USER_FILE_MARK}=`)) return resolved;
      return { ...resolved, format: /\.[cm]?ts\?/.test(resolved.url) ? "module-typescript" : "module" };
    },
  });
}

/** Address to import a user's file by: a file whose text has changed is a new module. */
export function userFileUrl(path: string, version: string): string {
  return `${pathToFileURL(path).href}?${USER_FILE_MARK}=${version}`;
}
