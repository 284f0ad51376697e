/** quantdesk provider: who the analysts are, for every command on the state folder. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultHome, makeHome } from "../../core/base/home.ts";
import { loadConfig } from "../../core/config/load.ts";
import { checkProvider, PROVIDERS } from "../../core/config/provider.ts";
import { writeHomeSetting } from "../../core/config/workspaceFile.ts";
import type { CommonFlags, Context } from "../context.ts";
import { common } from "../flags.ts";

export function addProviderCommand(program: Command, context: Context): void {
  common(program.command("provider [name]").description("Show who the analysts are, or choose: rules (deterministic, no key).")).action(
    async (name: string | undefined, flags: CommonFlags) => {
      const home = resolve(flags.home ?? defaultHome());
      if (name !== undefined) {
        checkProvider(name);
        makeHome(home);
        await writeHomeSetting(home, "analysts.provider", name);
      }
      const { config, sources } = await loadConfig({ workspace: process.cwd(), home, env: process.env, overrides: [] });
      const provider = config["analysts.provider"];
      if (name !== undefined && provider !== name)
        context.io.say(`${context.io.style("yellow", "Note:")} the ${sources["analysts.provider"]} says ${provider}, which goes before.`);
      if (flags.json === true) context.io.json({ schema: "quantdesk.provider/1", provider, source: sources["analysts.provider"], available: PROVIDERS });
      else context.io.data(`The analysts' provider is ${provider}.`);
    },
  );
}
