/**
 * Kernels as a Jupyter client meets them, each a process of its own: the built product, and tslab and Deno where they are
 * installed: in notebooks/, in bench/peers/ (`npm install --prefix bench/peers deno`), or where QUANTDESK_BENCH_PEERS says.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JupyterClient, type ClientOptions } from "../test/kernel/jupyter/client.ts";

const root = join(import.meta.dirname, "..");
const BUILT = join(root, "dist", "jupyterKernel.js");

export const OURS = "quantdesk, built";

export interface KernelPeer {
  readonly options: ClientOptions;
  /** It answers a loop of 10,000 lines whole, and says when it has ended. */
  readonly keepsLines: boolean;
  /** An interrupt ends the cell and not the kernel. */
  readonly survivesInterrupts: boolean;
}

/** By name; ours always, built before. */
export function kernelPeers(): ReadonlyMap<string, KernelPeer> {
  if (!existsSync(BUILT)) throw new Error("dist/jupyterKernel.js is not there: run npm run build first.");
  const peers = new Map<string, KernelPeer>();
  peers.set(OURS, { options: { command: (file) => [BUILT, "--connection-file", file] }, keepsLines: true, survivesInterrupts: true });
  const tslab = installed("tslab", "bin", "tslab");
  if (tslab !== undefined) {
    const options = { welcomes: false, cwd: join(root, "notebooks"), command: (file: string) => [tslab, "kernel", "--config-path", file] };
    peers.set("tslab", { options, keepsLines: false, survivesInterrupts: false });
  }
  const deno = denoBinary();
  if (deno !== undefined) {
    const env = { DENO_DIR: join(tmpdir(), "quantdesk-bench-deno"), DENO_NO_UPDATE_CHECK: "1" };
    const options = { welcomes: false, env, program: deno, command: (file: string) => ["jupyter", "--kernel", "--conn", file] };
    peers.set("Deno, unchecked", { options, keepsLines: true, survivesInterrupts: false });
  }
  return peers;
}

/** A file of an installed package; undefined where that is in none of the folders. */
function installed(...parts: readonly string[]): string | undefined {
  const { QUANTDESK_BENCH_PEERS: named } = process.env;
  const folders = [...(named === undefined ? [] : [named]), join(root, "bench", "peers"), join(root, "notebooks")];
  return folders.map((folder) => join(folder, "node_modules", ...parts)).find((path) => existsSync(path));
}

/** The package `deno` brings its binary as a package of the platform. */
function denoBinary(): string | undefined {
  const scope = installed("@deno");
  if (scope === undefined) return undefined;
  const binaries = readdirSync(scope).map((platform) => join(scope, platform, process.platform === "win32" ? "deno.exe" : "deno"));
  return binaries.find((path) => existsSync(path));
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

/** Resident megabytes of a process, and of each below it by what it runs; undefined where the system does not tell. */
export function memoryBelow(
  pid: number,
): { readonly own: number; readonly below: ReadonlyArray<{ readonly command: string; readonly megabytes: number }> } | undefined {
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
  const command = (one: number): string => readFileSync(`/proc/${one}/cmdline`, "utf8").replaceAll("\0", " ");
  return { own: megabytes(pid), below: [...parents.keys()].filter(isBelow).map((one) => ({ command: command(one), megabytes: megabytes(one) })) };
}
