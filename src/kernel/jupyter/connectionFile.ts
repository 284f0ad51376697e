/** The connection file that a Jupyter client writes for its kernel: where to listen, and the key that messages are signed with. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";
import type { Address } from "./sockets.ts";

export const CHANNELS = ["shell", "control", "stdin", "iopub", "hb"] as const;
export type ChannelName = (typeof CHANNELS)[number];

export interface ConnectionInfo {
  readonly addresses: Readonly<Record<ChannelName, Address>>;
  readonly key: string;
  readonly signatureScheme: string;
}

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const ConnectionFile = v.object({
  transport: v.optional(v.picklist(["tcp", "ipc"]), "tcp"),
  ip: v.optional(v.string(), "127.0.0.1"),
  shell_port: port,
  control_port: port,
  stdin_port: port,
  iopub_port: port,
  hb_port: port,
  key: v.optional(v.string(), ""),
  signature_scheme: v.optional(v.string(), "hmac-sha256"),
});

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|::1)$/;

/** Throws bad input for a file that is none, or one that would listen to other machines. */
export async function readConnectionFile(path: string): Promise<ConnectionInfo> {
  const hint = "A Jupyter client writes this file and names it when it starts the kernel: see `quantdesk kernel install --help`.";
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw badInput("no-connection-file", `The connection file ${path} cannot be read: ${(error as Error).message}.`, hint);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badInput("bad-connection-file", `The connection file ${path} is not JSON.`, hint);
  }
  const parsed = v.safeParse(ConnectionFile, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw badInput(
      "bad-connection-file",
      `The connection file ${path} is not as Jupyter writes it: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}.`,
      hint,
    );
  }
  const file = parsed.output;
  if (file.transport === "tcp" && !LOOPBACK.test(file.ip)) {
    throw badInput(
      "not-loopback",
      `The connection file asks for the address ${file.ip}, and the kernel listens on this machine only.`,
      "Use 127.0.0.1; reach other machines through ssh.",
    );
  }
  if (file.transport === "tcp" && file.key === "")
    throw badInput("no-key", "The connection file has no key: anybody on this machine could run cells.", "Let the Jupyter client make one.");
  const at = (number: number): Address => (file.transport === "ipc" ? { path: `${file.ip}-${number}` } : { host: file.ip, port: number });
  return {
    addresses: { shell: at(file.shell_port), control: at(file.control_port), stdin: at(file.stdin_port), iopub: at(file.iopub_port), hb: at(file.hb_port) },
    key: file.key,
    signatureScheme: file.signature_scheme,
  };
}
