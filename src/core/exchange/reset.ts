/** A fresh start for the built-in exchange: its book is put aside, and the next use begins with a new account. */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join, resolve as resolvePath } from "node:path";
import { badInput } from "../base/errors.ts";
import { stopExchange } from "./embedded.ts";

const BOOK = "exchange.sqlite";
const ASIDE = `${BOOK}.before-reset`;
const PARTS = ["", "-wal", "-shm"] as const;

/** Ends the exchange of `home` and puts its book aside (the one put aside before is lost). Answers false when there was none. */
export async function resetExchange(home: string, signal: AbortSignal): Promise<boolean> {
  const folder = resolvePath(home);
  await stopExchange(folder, signal);
  if (!existsSync(join(folder, BOOK))) return false;
  for (const part of PARTS) {
    await rm(join(folder, `${ASIDE}${part}`), { force: true });
    await rename(join(folder, `${BOOK}${part}`), join(folder, `${ASIDE}${part}`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" && part !== "") return;
      throw badInput("not-reset", `${join(folder, BOOK)} cannot be put aside: ${error.message}.`, "End whatever has it open, and try again.");
    });
  }
  return true;
}
