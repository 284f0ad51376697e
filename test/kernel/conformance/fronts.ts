/** The two fronts of the kernel, seen in the same way: the editor's, over its channel, and Jupyter's, over sockets. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cellFailure } from "../../../src/kernel/cellFailure.ts";
import type { MimeBundle } from "../../../src/kernel/protocol.ts";
import { JupyterClient } from "../jupyter/client.ts";
import { TestNotebook, writePackages } from "../notebook.ts";
import type { Seen } from "./behaviour.ts";

export interface Front extends AsyncDisposable {
  readonly folder: string;
  run(code: string): Promise<Seen>;
  write(file: string, text: string): Promise<void>;
}

export const FRONTS: Readonly<Record<string, () => Promise<Front>>> = { "the editor's channel": openEditor, "Jupyter's sockets": openJupyter };

async function openEditor(): Promise<Front> {
  const notebook = await TestNotebook.open();
  return {
    folder: notebook.folder,
    run: async (code) => {
      const { outcome, outputs, shown } = await notebook.run(code);
      const seen = new Collected();
      for (const output of outputs) {
        switch (output.kind) {
          case "stream":
            seen.stream(output.stream, output.text);
            break;
          case "display":
            if (!output.isResult) seen.display("display", output.data);
            break;
          case "update":
            seen.display("update", output.data);
            break;
          case "clear":
            seen.displays.push("clear");
            break;
          case "error":
            seen.displays.push(`error ${output.error.message}`);
        }
      }
      return seen.with(shown, cellFailure(outcome) ?? null);
    },
    write: (file, text) => notebook.write(file, text),
    [Symbol.asyncDispose]: () => notebook.close(),
  };
}

async function openJupyter(): Promise<Front> {
  const client = await JupyterClient.start();
  await writePackages(client.folder);
  return {
    folder: client.folder,
    run: async (code) => {
      const { reply, shown } = await client.run(code);
      const seen = new Collected();
      let result: string | null = null;
      let errors = 0;
      for (const { type, content } of shown) {
        if (type === "stream") seen.stream(content["name"] as string, content["text"] as string);
        else if (type === "display_data") seen.display("display", content["data"] as MimeBundle);
        else if (type === "update_display_data") seen.display("update", content["data"] as MimeBundle);
        else if (type === "clear_output") seen.displays.push("clear");
        else if (type === "execute_result") result = (content["data"] as { readonly "text/plain": string })["text/plain"];
        else if (type === "error") errors++;
      }
      if (reply["status"] === "ok") return seen.with(result, null);
      if (errors === 0) throw new Error("A failed cell published no error.");
      return seen.with(result, { name: reply["ename"] as string, message: reply["evalue"] as string, details: (reply["traceback"] as string[]).join("\n") });
    },
    write: (file, text) => writeFile(join(client.folder, file), text),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

class Collected {
  out = "";
  err = "";
  readonly displays: string[] = [];

  stream(name: string, text: string): void {
    if (name === "stdout") this.out += text;
    else this.err += text;
  }

  /** By the richest of its forms: the one that is not plain text. */
  display(what: "display" | "update", data: MimeBundle): void {
    const [rich] = Object.keys(data).filter((mime) => mime !== "text/plain");
    this.displays.push(`${what} ${rich ?? "text/plain"}`);
  }

  with(shown: string | null, failure: Seen["failure"]): Seen {
    return { failure, shown, out: this.out, err: this.err, displays: this.displays };
  }
}
