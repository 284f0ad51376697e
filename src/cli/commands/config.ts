/** quantdesk config */
import { resolve } from "node:path";
import type { Command } from "commander";
import { TradingError } from "../../core/base/errors.ts";
import { defaultHome } from "../../core/base/home.ts";
import { loadConfig } from "../../core/config/load.ts";
import { keysFromEnvironment } from "../../core/config/keys.ts";
import { SETTINGS, type Config, type ConfigSource, type SettingKey, type SettingValue } from "../../core/config/schema.ts";
import { chooseVenue } from "../../core/config/venue.ts";
import type { CommonFlags, Context } from "../context.ts";
import { common } from "../flags.ts";
import { table } from "../io.ts";

export function addConfigCommand(program: Command, context: Context): void {
  common(program.command("config").description("Show every setting and where it came from.")).action(async (flags: CommonFlags) => {
    const { config, sources } = await loadConfig({ workspace: process.cwd(), home: resolve(flags.home ?? defaultHome()), env: process.env, overrides: [] });
    const settings = SETTINGS.map(({ key }) => ({
      key,
      value: shown(config[key]),
      source: sources[key],
      ...(key === "broker.mode" ? modeOf(config, sources) : {}),
    }));
    if (flags.json === true) context.io.json({ schema: "quantdesk.config/1", settings });
    else
      context.io.data(
        table(
          ["Setting", "Value", "From"],
          settings.map((s) => [s.key, JSON.stringify(s.value), s.source]),
        ),
      );
  });
}

/** Keys in the environment mean paper; what would refuse them says so where it is used. */
function modeOf(config: Config, sources: Readonly<Record<SettingKey, ConfigSource>>): { readonly value?: SettingValue; readonly source?: ConfigSource } {
  try {
    const { mode } = chooseVenue(config, sources, keysFromEnvironment(process.env), false);
    return mode === config["broker.mode"] ? {} : { value: mode, source: "environment" };
  } catch (error) {
    if (error instanceof TradingError) return {};
    throw error;
  }
}

/** An address that was given with a password is refused when it is used; here it is shown without. */
function shown(value: SettingValue): SettingValue {
  return typeof value === "string" ? value.replace(/\/\/[^/@]*@/, "//[secret]@") : value;
}
