/** A notebook's kernel in a folder of its own, for tests: real processes, real files, outputs kept per run. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silentLog } from "../../src/core/base/log.ts";
import { noDesk } from "../../src/kernel/deskHandlers.ts";
import { startKernel, type CellOutcome, type DeskHandlers, type Kernel, type KernelOptions, type MimeBundle, type Output } from "../../src/kernel/host.ts";

/** Package names that cells import, as npm would have put them there. */
const PACKAGES: Readonly<Record<string, string>> = {
  "node_modules/esm-only/package.json": '{"name":"esm-only","version":"1.0.0","type":"module","exports":{"types":"./index.d.ts","default":"./index.js"}}',
  "node_modules/esm-only/index.js": "export const id = (n) => 'x'.repeat(n);",
  "node_modules/esm-only/index.d.ts": "export declare const id: (n: number) => string;",
  "node_modules/common/package.json": '{"name":"common","version":"1.0.0","main":"index.js","types":"index.d.ts"}',
  "node_modules/common/index.js": "module.exports = (n) => n % 2 === 1;",
  "node_modules/common/index.d.ts": "declare function isOdd(n: number): boolean; export = isOdd;",
};

export interface Ran {
  readonly outcome: CellOutcome;
  readonly outputs: readonly Output[];
  /** text/plain of the cell's result; null without one. */
  readonly shown: string | null;
  /** Its streams, joined. */
  readonly printed: string;
}

export class TestNotebook {
  readonly folder: string;
  readonly kernel: Kernel;
  readonly #lifetime = new AbortController();
  readonly #listeners = new Set<(output: Output) => void>();

  private constructor(folder: string, kernel: Kernel) {
    this.folder = folder;
    this.kernel = kernel;
  }

  static async open(
    options: {
      readonly desk?: DeskHandlers;
      readonly warmSpare?: boolean;
      readonly input?: KernelOptions["input"];
      readonly isRestricted?: boolean;
      readonly keepsShown?: boolean;
    } = {},
  ): Promise<TestNotebook> {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-cells-"));
    await writePackages(folder);
    const kernel = await startKernel(
      {
        folder,
        desk: options.desk ?? noDesk("There is no session in this test."),
        log: silentLog,
        ...(options.input === undefined ? {} : { input: options.input }),
        ...(options.isRestricted === undefined ? {} : { isRestricted: options.isRestricted }),
        ...(options.keepsShown === undefined ? {} : { keepsShown: options.keepsShown }),
        ...(options.warmSpare === undefined ? {} : { warmSpare: options.warmSpare }),
      },
      new AbortController().signal,
    );
    return new TestNotebook(folder, kernel);
  }

  async run(code: string, options: { readonly cellId?: string; readonly signal?: AbortSignal; readonly runsDespiteTypeErrors?: boolean } = {}): Promise<Ran> {
    const outputs: Output[] = [];
    const onOutput = (output: Output): void => {
      outputs.push(output);
      for (const listener of this.#listeners) listener(output);
    };
    const outcome = await this.kernel.execute(code, {
      cellId: options.cellId ?? "cell",
      onOutput,
      signal: options.signal ?? this.#lifetime.signal,
      runsDespiteTypeErrors: options.runsDespiteTypeErrors ?? false,
    });
    const result = outputs.findLast((output) => output.kind === "display" && output.isResult);
    const text = result?.kind === "display" ? result.data["text/plain"] : undefined;
    return {
      outcome,
      outputs,
      shown: typeof text === "string" ? text : null,
      get printed() {
        return outputs.map((output) => (output.kind === "stream" ? output.text : "")).join("");
      },
    };
  }

  /** Resolves when a cell prints `text` from now on. */
  async untilPrinted(text: string): Promise<void> {
    await this.until((output) => output.kind === "stream" && output.text.includes(text));
  }

  async until(isWanted: (output: Output) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (output: Output): void => {
        if (!isWanted(output)) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
    });
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text);
  }

  async close(): Promise<void> {
    this.#lifetime.abort();
    await this.kernel.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A form of an output that is text; "" where it is not there. */
export function formOf(data: MimeBundle, mime: string): string {
  const content = data[mime];
  return typeof content === "string" ? content : "";
}

export async function writePackages(folder: string): Promise<void> {
  for (const [name, text] of Object.entries(PACKAGES)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}
