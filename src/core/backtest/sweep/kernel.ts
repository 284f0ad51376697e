/** The inner loops of a sweep, on addresses in one shared memory (layout.ts); as WebAssembly, or the same in TypeScript. */
import { KERNEL_BASE64 } from "./kernelBytes.ts";
import { plainKernel } from "./plainKernel.ts";

const PAGE_BYTES = 65_536;

/** kernel.as says what each does. Addresses and counts are plain numbers; nothing is checked. */
export interface SweepKernel {
  smaImage(prefix: number, from: number, to: number, period: number, factor: number, unit: number, out: number): void;
  cross(a: number, b: number, start: number, bars: number, entries: number, exits: number, list: number): number;
  decide(
    prefix: number,
    a: number,
    b: number,
    bars: number,
    periodA: number,
    divisorA: number,
    periodB: number,
    divisorB: number,
    start: number,
    list: number,
    count: number,
    entries: number,
    exits: number,
  ): void;
  fills(entries: number, exits: number, bars: number, out: number, list: number): number;
  evaluate(
    bars: number,
    blocks: number,
    record: number,
    edges: number,
    range: number,
    fill: number,
    fillCount: number,
    buy: number,
    sell: number,
    bounds: number,
    boundCount: number,
    sums: number,
    result: number,
  ): void;
}

/** A WebAssembly.Memory that threads share, and a WebAssembly.Module: the types of Node declare neither. */
export interface KernelMemory {
  readonly buffer: SharedArrayBuffer;
}
export type KernelModule = object;

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => KernelModule;
  readonly Memory: new (options: { readonly initial: number; readonly maximum: number; readonly shared: true }) => KernelMemory;
  readonly Instance: new (module: KernelModule, imports: unknown) => { readonly exports: unknown };
}

/** The compiled kernel, to be posted to workers; undefined where this host runs no WebAssembly with SIMD. */
export function compileKernel(): KernelModule | undefined {
  try {
    return new (api().Module)(Buffer.from(KERNEL_BASE64, "base64"));
  } catch {
    return undefined;
  }
}

/** Without a module the kernel in TypeScript. */
export function kernelOn(memory: KernelMemory, module: KernelModule | undefined): SweepKernel {
  if (module === undefined) return plainKernel(memory.buffer);
  return new (api().Instance)(module, { env: { memory, abort: () => undefined } }).exports as SweepKernel;
}

/** What addresses reach: 4 GiB. */
export const MAX_KERNEL_BYTES = 65_535 * PAGE_BYTES;

/** Filled with zeros. A plain buffer will do where there is no module. */
export function kernelMemory(bytes: number, module: KernelModule | undefined): KernelMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return module === undefined ? { buffer: new SharedArrayBuffer(pages * PAGE_BYTES) } : new (api().Memory)({ initial: pages, maximum: pages, shared: true });
}

function api(): WebAssemblyApi {
  return (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
}
