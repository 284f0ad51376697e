/**
 * Cells that need more than their types taken away (decorators, `accessor`, enums, namespaces, parameter properties,
 * `import x = require()`) are rewritten by the native compiler itself, without a look at types: some 10 ms, and no
 * second opinion of what TypeScript means.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "../core/base/childEnv.ts";

export interface Lowered {
  readonly js: string;
  /** Source map from `js` to the text it was made of. */
  readonly map: string;
}

/** The compiler's own options of a rewrite. What has decorators is rewritten to classes as ES2022 has them; the rest keeps `using`. */
const OPTIONS =
  "--module preserve --moduleDetection force --noCheck --noResolve --noLib --sourceMap --verbatimModuleSyntax --isolatedModules --preserveConstEnums --newLine lf";
const LOWER_MS = 10_000;
const MAY_NEED = /@|\b(?:accessor|enum|namespace|module|constructor|import|export)\b/;
const NEEDS_ES2022 = /(?:^|[\s(,{;])@[\p{L}_$(]|\baccessor\b/u;

/** Whether a text that is no JavaScript even without types, for the reason `refused`, could become some. */
export function mayNeedLowering(text: string, refused: SyntaxError): boolean {
  return MAY_NEED.test(text) || /angle-bracket/.test(refused.message);
}

/** `compiler` is the path of the native executable. Undefined when it makes nothing of the text. */
export async function lower(text: string, compiler: string, signal: AbortSignal): Promise<Lowered | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-cell-"));
  try {
    const file = join(folder, "cell.ts");
    await writeFile(file, text);
    const target = NEEDS_ES2022.test(text) ? "es2022" : "esnext";
    const args = [...OPTIONS.split(" "), "--target", target, "--types", "", file];
    // Its exit code tells of missing library types, which nobody asked for: what counts is what it wrote.
    await new Promise<void>((resolve) => void execFile(compiler, args, { cwd: folder, env: childEnv(), timeout: LOWER_MS, signal }, () => resolve()));
    signal.throwIfAborted();
    const [js, map] = await Promise.all([readFile(join(folder, "cell.js"), "utf8"), readFile(join(folder, "cell.js.map"), "utf8")]);
    return { js: js.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"), map };
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
