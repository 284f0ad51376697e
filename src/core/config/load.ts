/**
 * Puts the sources of settings together, lowest first: defaults, quantdesk.json, the state folder's settings.json,
 * environment, VS Code, flags.
 * What a workspace may not say (endpoints, switches, looser risk limits) is refused here, with the reason.
 */
import { badInput } from "../base/errors.ts";
import { knownNames, nearest } from "../base/nearest.ts";
import { HOME_SETTINGS, readHomeSettings, readWorkspaceSettings } from "./workspaceFile.ts";
import { SETTINGS, type Config, type ConfigSource, type SettingKey, type SettingSpec, type SettingValue } from "./schema.ts";

export interface ConfigOverride {
  readonly key: SettingKey;
  readonly value: SettingValue;
  readonly source: "vscode" | "flag";
}

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingKey, ConfigSource>>;
}

export interface ConfigInput {
  /** Folder with a quantdesk.json, if there is one. */
  readonly workspace?: string;
  /** State folder, whose settings.json holds what commands have set for the person. */
  readonly home?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly overrides: readonly ConfigOverride[];
}

const SPECS = new Map<string, SettingSpec>(SETTINGS.map((spec) => [spec.key, spec]));

export async function loadConfig(input: ConfigInput): Promise<LoadedConfig> {
  const values = new Map<string, SettingValue>();
  const sources = new Map<string, ConfigSource>();
  const put = (key: string, value: SettingValue, source: ConfigSource) => {
    values.set(key, value);
    sources.set(key, source);
  };
  for (const spec of SETTINGS) put(spec.key, spec.default, "default");
  const fromFile = input.workspace === undefined ? new Map<string, unknown>() : await readWorkspaceSettings(input.workspace, (key) => SPECS.has(key));
  for (const [key, raw] of fromFile) {
    const spec = specOf(key, "quantdesk.json");
    if (spec.userOnly === true) {
      throw badInput(
        "workspace-setting",
        `quantdesk.json sets ${key}, which is never read from a workspace.`,
        "Set it in your own VS Code settings, in the environment or by a flag.",
      );
    }
    const value = checkSetting(spec, raw, "quantdesk.json");
    if (spec.tightenOnly === true && isLooser(spec, value)) {
      throw badInput(
        "workspace-setting",
        `quantdesk.json sets ${key} to ${JSON.stringify(value)}, looser than ${JSON.stringify(spec.default)}; a workspace can only tighten a risk limit.`,
        "Loosen it in your own settings.",
      );
    }
    put(key, value, "workspace");
  }
  const fromHome = input.home === undefined ? new Map<string, unknown>() : await readHomeSettings(input.home, (key) => SPECS.has(key));
  for (const [key, raw] of fromHome) {
    const spec = specOf(key, HOME_SETTINGS);
    if (spec.userOnly === true || spec.tightenOnly === true)
      throw badInput(
        "home-setting",
        `${HOME_SETTINGS} sets ${key}, which is not read from there.`,
        "Set it in the environment, by a flag or in VS Code's own settings.",
      );
    put(key, checkSetting(spec, raw, HOME_SETTINGS), "home");
  }
  for (const spec of SETTINGS as readonly SettingSpec[]) {
    const text = spec.env === undefined ? undefined : input.env[spec.env];
    if (text !== undefined && text !== "") put(spec.key, parseText(spec, text, spec.env as string), "environment");
  }
  for (const { key, value, source } of input.overrides) {
    put(
      key,
      checkSetting(
        specOf(key, source === "flag" ? "the command line" : "the VS Code settings"),
        value,
        source === "flag" ? "the command line" : "the VS Code settings",
      ),
      source,
    );
  }
  // A limit that the workspace tightened stays tightened unless the user's own, higher source is tighter still.
  for (const [key, raw] of fromFile) {
    const spec = specOf(key, "quantdesk.json");
    if (spec.tightenOnly !== true || sources.get(key) === "workspace") continue;
    const tighter = tighterOf(checkSetting(spec, raw, "quantdesk.json"), values.get(key) as SettingValue);
    if (tighter !== values.get(key)) put(key, tighter, "workspace");
  }
  return { config: Object.fromEntries(values) as Config, sources: Object.fromEntries(sources) as Record<SettingKey, ConfigSource> };
}

/** Reads a value written as text (environment, a `--set` flag). */
export function parseText(spec: SettingSpec, text: string, where: string): SettingValue {
  switch (spec.type) {
    case "string":
      return checkSetting(spec, text, where);
    case "strings":
      return checkSetting(
        spec,
        text
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== ""),
        where,
      );
    case "boolean":
      if (/^(1|true|yes|on)$/i.test(text)) return true;
      if (/^(0|false|no|off)$/i.test(text)) return false;
      throw badInput("bad-setting", `${where} is "${text}"; ${spec.key} is true or false.`);
    case "number":
    case "integer":
      // What is no number stays the text it is, for the sentence that refuses it.
      return checkSetting(spec, /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : text, where);
  }
}

/** The value if it fits the setting, else one sentence that says what fits. */
export function checkSetting(spec: SettingSpec, value: unknown, where: string): SettingValue {
  const wrong = (expected: string) => badInput("bad-setting", `${where}: ${spec.key} is ${JSON.stringify(value) ?? String(value)}, but must be ${expected}.`);
  if (value === null && spec.default === null) return null;
  switch (spec.type) {
    case "boolean":
      if (typeof value !== "boolean") throw wrong("true or false");
      return value;
    case "strings":
      if (!Array.isArray(value) || value.some((part) => typeof part !== "string")) throw wrong("a list of texts");
      return value as readonly string[];
    case "string":
      if (typeof value !== "string") throw wrong("a text");
      if (spec.choices !== undefined && !spec.choices.includes(value))
        throw badInput("bad-setting", `${where}: ${spec.key} is "${value}". ${knownNames(value, spec.choices)}`);
      return value;
    case "number":
    case "integer": {
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = spec;
      if (typeof value !== "number" || !Number.isFinite(value) || value < min || value > max || (spec.type === "integer" && !Number.isInteger(value))) {
        throw wrong(`${spec.type === "integer" ? "a whole number" : "a number"}${rangeText(spec)}`);
      }
      return value;
    }
  }
}

function rangeText(spec: SettingSpec): string {
  if (spec.min !== undefined && spec.max !== undefined) return ` from ${spec.min} to ${spec.max}`;
  return spec.min === undefined ? "" : ` of at least ${spec.min}`;
}

export function specOf(key: string, where: string): SettingSpec {
  const spec = SPECS.get(key);
  if (spec === undefined) throw badInput("unknown-setting", `${where} sets "${key}", which is not a setting.`, nearestSettings(key));
  return spec;
}

/** There are too many to list: the nearest by its whole name, else by its last part ("workers"), else whichever is nearest. */
function nearestSettings(key: string): string {
  const bare = key.replace(/^quantdesk\./, "");
  const lastOf = (name: string) => name.slice(name.lastIndexOf(".") + 1);
  const known = [...SPECS.keys()];
  const near = nearest(bare, known) ?? known.find((name) => lastOf(name).toLowerCase() === lastOf(bare).toLowerCase());
  if (near !== undefined) return `Did you mean ${near}?`;
  const whichever = nearest(bare, known, { anyDistance: true });
  return `${whichever === undefined ? "" : `The nearest is ${whichever}; `}quantdesk config lists them all.`;
}

function isLooser(spec: SettingSpec, value: SettingValue): boolean {
  return tighterOf(value, spec.default) !== value && JSON.stringify(value) !== JSON.stringify(spec.default);
}

/** The tighter of two values of one limit: the smaller number; of symbol lists the intersection, where an empty list means all. */
function tighterOf(a: SettingValue, b: SettingValue): SettingValue {
  if (a === null) return b;
  if (b === null) return a;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length === 0) return b;
    if (b.length === 0) return a;
    const common = a.filter((symbol) => b.includes(symbol));
    return common.length > 0 ? common : ["-"];
  }
  return (a as number) <= (b as number) ? a : b;
}
