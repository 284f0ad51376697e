import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS, type SettingSpec } from "../../src/core/config/schema.ts";
import { COMMANDS } from "../../src/extension/commandTable.ts";
import { manifest } from "../../src/extension/manifest.ts";

const root = join(import.meta.dirname, "..", "..");
const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe("the manifest", () => {
  for (const [key, value] of Object.entries(manifest())) {
    it(`has the ${key} that the code's tables say (node scripts/manifest.ts renews it)`, () => {
      assert.deepEqual(packageJson[key], plain(value));
    });
  }

  it("contributes every setting of the schema once, with its default", () => {
    const groups = (manifest()["contributes"] as { configuration: Array<{ properties: Record<string, { default: unknown; scope: string }> }> }).configuration;
    const contributed = groups.flatMap((group) => Object.entries(group.properties));
    assert.deepEqual(contributed.map(([key]) => key).sort(), SETTINGS.map((spec) => `quantdesk.${spec.key}`).sort());
    for (const spec of SETTINGS as readonly SettingSpec[]) {
      const [, setting] = contributed.find(([key]) => key === `quantdesk.${spec.key}`) ?? [];
      assert.deepEqual(setting?.default, spec.default);
      if (spec.userOnly === true) assert.notEqual(setting?.scope, "window", `${spec.key} could come from a workspace`);
    }
  });

  it("ends a command's title with an ellipsis where the table does, and says each command once", () => {
    assert.equal(new Set(COMMANDS.map((command) => command.id)).size, COMMANDS.length);
  });

  it("names only pictures and texts that are there", () => {
    const text = JSON.stringify(manifest());
    for (const [path] of text.matchAll(/media\/[\w/.-]+/g)) assert.ok(existsSync(join(root, path)), `${path} is not there`);
  });

  it("uses only commands in menus and welcome texts that it contributes", () => {
    const known = new Set(COMMANDS.map((command) => `quantdesk.${command.id}`));
    const { menus, viewsWelcome, walkthroughs } = manifest()["contributes"] as Record<string, unknown>;
    const used = [...JSON.stringify([menus, viewsWelcome, walkthroughs]).matchAll(/"command":"([\w.]+)"|command:([\w.]+)/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    assert.ok(used.length > 20);
    assert.deepEqual(
      used.filter((command) => !known.has(command)),
      [],
    );
  });
});
