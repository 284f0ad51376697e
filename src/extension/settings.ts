/** What the person set in VS Code, as overrides for the session: never a manifest default, never an endpoint or switch from a workspace. */
import * as vscode from "vscode";
import { SETTINGS, type SettingKey, type SettingSpec, type SettingValue } from "../core/config/schema.ts";

export interface UserSetting {
  readonly key: SettingKey;
  readonly value: SettingValue;
  readonly source: "vscode";
}

interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** Settings the person gave a value; a folder's value counts only where the setting may come from a workspace. */
export function userSettings(folder: vscode.Uri | undefined): readonly UserSetting[] {
  const all = vscode.workspace.getConfiguration("quantdesk", folder ?? null);
  const set: UserSetting[] = [];
  for (const spec of SETTINGS as readonly SettingSpec[]) {
    const value = chosenValue(spec, all.inspect(spec.key) ?? {});
    if (value !== undefined) set.push({ key: spec.key as SettingKey, value: value as SettingValue, source: "vscode" });
  }
  return set;
}

/** Exported for its test: the value that counts, undefined where the person set none. */
export function chosenValue(spec: SettingSpec, inspected: Inspected): unknown {
  const fromWorkspace = inspected.workspaceFolderValue ?? inspected.workspaceValue;
  if (spec.userOnly === true || fromWorkspace === undefined) return inspected.globalValue;
  if (spec.tightenOnly !== true) return fromWorkspace;
  return tighter(spec, inspected.globalValue, fromWorkspace);
}

/** A workspace can only tighten a risk limit: of the two values and the default, what allows least. */
function tighter(spec: SettingSpec, own: unknown, workspace: unknown): unknown {
  const base = own ?? spec.default;
  if (typeof workspace === "number" && (base === null || typeof base === "number")) return base === null ? workspace : Math.min(base, workspace);
  if (Array.isArray(workspace) && Array.isArray(base)) {
    if (base.length === 0) return workspace;
    const common = base.filter((symbol) => workspace.includes(symbol));
    return common.length > 0 ? common : ["-"];
  }
  return own;
}
