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
    if (process.platform !== "win32") await keepToOurselves(options.file);
    return { token, from: "file" };
  }
  const token = randomBytes(32).toString("base64url");
  await writeWhole(options.file, `${token}\n`, 0o600);
  return { token, from: "made" };
}

/** A token that others can read, or have written, is none. */
async function keepToOurselves(file: string): Promise<void> {
  const { uid, mode } = await stat(file);
  const me = process.getuid?.() ?? 0;
  if (me !== 0 && uid !== me && uid !== 0) {
    throw badInput("token-of-another", `The token file ${file} belongs to another user.`, "Give one of your own with --token-file F.");
  }
  if ((mode & 0o077) === 0) return;
  try {
    await chmod(file, 0o600);
  } catch (error) {
    throw badInput(
      "token-open",
      `Other users can read the token file ${file}, and that cannot be changed: ${(error as Error).message}.`,
      `Close it: chmod 600 ${JSON.stringify(file)}, or set QUANTDESK_TOKEN.`,
    );
  }
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
