/** The broker's keys in the environment. */
import { badInput } from "../base/errors.ts";
import type { Keys } from "./venue.ts";

/** Both halves of one pair: the key of one name with the secret of the other could be two accounts'. */
export function keysFromEnvironment(env: Readonly<Record<string, string | undefined>>): Keys | undefined {
  for (const [keyName, secretName] of [
    ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"],
    ["ALPACA_API_KEY", "ALPACA_SECRET_KEY"],
  ] as const) {
    const keyId = env[keyName]?.trim();
    const secretKey = env[secretName]?.trim();
    if (!keyId && !secretKey) continue;
    if (!keyId || !secretKey) {
      throw badInput(
        "half-a-key",
        `${keyId ? secretName : keyName} is not set, but the other half of the key is.`,
        "Set both, or neither for the built-in simulated exchange.",
      );
    }
    for (const [name, text] of [
      [keyName, keyId],
      [secretName, secretKey],
    ] as const) {
      if (!/^[\x21-\x7e]+$/.test(text))
        throw badInput("bad-key-text", `${name} holds characters that no key has, such as a space or a line break.`, "Copy it again.");
    }
    return { keyId, secretKey };
  }
  return undefined;
}
