/** Kernels as a Jupyter client meets them, each a process of its own: the built product, and tslab where notebooks/ is installed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JupyterClient, type ClientOptions } from "../test/kernel/jupyter/client.ts";

const root = join(import.meta.dirname, "..");
const BUILT = join(root, "dist", "jupyterKernel.js");
const TSLAB = join(root, "notebooks", "node_modules", "tslab", "bin", "tslab");

export const OURS = "quantdesk, built";

/** By name; ours always, built before. */
export function kernelPeers(): ReadonlyMap<string, ClientOptions> {
  if (!existsSync(BUILT)) throw new Error("dist/jupyterKernel.js is not there: run npm run build first.");
  return new Map<string, ClientOptions>([
    [OURS, { command: (file) => [BUILT, "--connection-file", file] }],
    ...(existsSync(TSLAB)
      ? [["tslab", { welcomes: false, cwd: join(root, "notebooks"), command: (file: string) => [TSLAB, "kernel", "--config-path", file] }] as const]
      : []),
  ]);
}

export interface PeerStart {
  readonly client: JupyterClient;
  /** From process start. */
  readonly answeredMs: number;
  readonly firstCellMs: number;
}

export async function startPeer(options: ClientOptions): Promise<PeerStart> {
  const client = await JupyterClient.start(options);
  await runOk(client, "1 + 1");
  return { client, answeredMs: client.answeredMs, firstCellMs: performance.now() - client.started };
}

export async function runOk(client: JupyterClient, code: string): Promise<void> {
  const { reply } = await client.run(code);
  if (reply["status"] !== "ok") throw new Error(`A cell of the benchmark ended as ${String(reply["status"])}: ${String(reply["evalue"])}`);
}

/** Until the reply, its variables kept: asked by message. */
export async function interruptPeerMs(client: JupyterClient): Promise<number> {
  const id = client.execute('console.log("runs"); while (true) {}');
  await client.published((message) => message.header.msg_type === "stream" && message.parent_header.msg_id === id, "its first line");
  const asked = performance.now();
  client.send("control", "interrupt_request", {});
  await client.ran(id);
  return performance.now() - asked;
}

/** Resident megabytes of a process and everything below it, by what runs; undefined where the system does not tell. */
export function memoryBelow(pid: number): { readonly own: number; readonly children: number } | undefined {
  if (process.platform !== "linux") return undefined;
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1]));
    } catch {
      // ended meanwhile
    }
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child);
    return parent !== undefined && (parent === pid || (parent > 1 && isBelow(parent)));
  };
  const megabytes = (one: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${one}/status`, "utf8"))?.[1] ?? 0) / 1024;
  return { own: megabytes(pid), children: [...parents.keys()].filter(isBelow).reduce((sum, child) => sum + megabytes(child), 0) };
}
