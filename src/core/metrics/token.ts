/** The bearer token of the performance API: from the environment, from a file, or made and written for this user only. */
import { randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { badInput, TradingError } from "../base/errors.ts";
import { writeWhole } from "../base/files.ts";

const SHORTEST = 16;

/**
 * QUANTDESK_TOKEN when `env` has it, else the first line of `file`; an absent file is made with a new token, mode 0600.
 * A token is never taken from an argument, where every user of the machine could read it.
 */
export async function readOrMakeToken(options: {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Promise<{ readonly token: string; readonly from: "environment" | "file" | "made" }> {
  const given = options.env["QUANTDESK_TOKEN"];
  if (given !== undefined && given !== "") return { token: checked(given, "QUANTDESK_TOKEN"), from: "environment" };
  const text = await readFile(options.file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new TradingError("token-unreadable", `The token file ${options.file} cannot be read: ${error.message}.`, {
      hint: "Give another one with --token-file F.",
      cause: error,
    });
  });
  if (text !== null) {
    const token = checked(text.split(/\r?\n/, 1)[0] as string, options.file);
    // Somebody else may have made it readable for all: a token that others can read is none.
    if (process.platform !== "win32" && ((await stat(options.file)).mode & 0o077) !== 0) await chmod(options.file, 0o600);
    return { token, from: "file" };
  }
  const token = randomBytes(32).toString("base64url");
  await writeWhole(options.file, `${token}\n`, 0o600);
  return { token, from: "made" };
}

function checked(text: string, where: string): string {
  const token = text.trim();
  if (token.length < SHORTEST || !/^[\x21-\x7e]+$/.test(token)) {
    throw badInput(
      "bad-token",
      `The token in ${where} is not usable: at least ${SHORTEST} printable characters without spaces are needed.`,
      "Delete the file to have a new one made, or set another.",
    );
  }
  return token;
}
