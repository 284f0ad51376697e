/** Who the analysts may be. */
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import { SETTINGS, type SettingSpec } from "./schema.ts";

/** Providers that there are today; the setting knows more names. */
export const PROVIDERS: readonly string[] = ["rules"];

/** Throws on a provider that is not there. */
export function checkProvider(provider: string): void {
  if (PROVIDERS.includes(provider)) return;
  const known = (SETTINGS as readonly SettingSpec[]).find((spec) => spec.key === "analysts.provider")?.choices ?? [];
  if (known.includes(provider)) throw badInput("not-yet", `The analysts' provider ${provider} is not there yet.`, `Today: ${PROVIDERS.join(", ")}.`);
  throw badInput("unknown-provider", `There is no provider called "${provider}".`, knownNames(provider, PROVIDERS));
}
