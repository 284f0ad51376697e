/** The two fronts of the kernel, seen in the same way: the editor's, over its channel, and Jupyter's, over sockets. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cellFailure } from "../../../src/kernel/cellFailure.ts";
import type { MimeBundle } from "../../../src/kernel/protocol.ts";
import { JupyterClient, type Ran as JupyterRan } from "../jupyter/client.ts";
import { TestNotebook, writePackages, type Ran as EditorRan } from "../notebook.ts";
import type { Seen } from "./behaviour.ts";

export interface Front extends AsyncDisposable {
  readonly folder: string;
  run(code: string): Promise<Seen>;
  /** What is seen of a cell that is interrupted once it has shown something. */
  interrupted(code: string): Promise<Seen>;
  write(file: string, text: string): Promise<void>;
}

export const FRONTS: Readonly<Record<string, () => Promise<Front>>> = { "the editor's channel": openEditor, "Jupyter's sockets": openJupyter };

async function openEditor(): Promise<Front> {
  const notebook = await TestNotebook.open();
  const seenOf = ({ outcome, outputs, shown }: EditorRan): Seen => {
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
  };
  return {
    folder: notebook.folder,
    run: async (code) => seenOf(await notebook.run(code)),
    interrupted: async (code) => {
      const shown = notebook.until((output) => output.kind === "display");
      const ran = notebook.run(code);
      await shown;
      await notebook.kernel.interrupt();
      return seenOf(await ran);
    },
    write: (file, text) => notebook.write(file, text),
    [Symbol.asyncDispose]: () => notebook.close(),
  };
}

async function openJupyter(): Promise<Front> {
  const client = await JupyterClient.start();
  await writePackages(client.folder);
  const seenOf = ({ reply, shown }: JupyterRan): Seen => {
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
  };
  return {
    folder: client.folder,
    run: async (code) => seenOf(await client.run(code)),
    interrupted: async (code) => {
      const id = client.execute(code);
      const first = await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "display_data", "its start");
      await client.request("control", "interrupt_request", {});
      const { reply, shown } = await client.ran(id);
      return seenOf({ reply, shown: [{ type: first.header.msg_type, content: first.content }, ...shown] });
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
