/** What the person set in VS Code, as overrides for the session: never a manifest default, never an endpoint or switch from a workspace. */
import * as vscode from "vscode";
import { SETTINGS, type SettingKey, type SettingSpec, type SettingValue } from "../core/config/schema.ts";
import { chosenValue } from "./chosenValue.ts";

export interface UserSetting {
  readonly key: SettingKey;
  readonly value: SettingValue;
  readonly source: "vscode";
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
