/** quantdesk config */
import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultHome } from "../../core/base/home.ts";
import { loadConfig } from "../../core/config/load.ts";
import { SETTINGS, type SettingValue } from "../../core/config/schema.ts";
import type { CommonFlags, Context } from "../context.ts";
import { common } from "../flags.ts";
import { table } from "../io.ts";

export function addConfigCommand(program: Command, context: Context): void {
  common(program.command("config").description("Show every setting and where it came from.")).action(async (flags: CommonFlags) => {
    const { config, sources } = await loadConfig({ workspace: process.cwd(), home: resolve(flags.home ?? defaultHome()), env: process.env, overrides: [] });
    const settings = SETTINGS.map(({ key }) => ({ key, value: shown(config[key]), source: sources[key] }));
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

/** An address that was given with a password is refused when it is used; here it is shown without. */
function shown(value: SettingValue): SettingValue {
  return typeof value === "string" ? value.replace(/\/\/[^/@]*@/, "//[secret]@") : value;
}
