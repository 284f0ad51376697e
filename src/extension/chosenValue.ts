/** Which of VS Code's values of a setting counts: the person's own before all, a workspace's only where it may speak. Pure. */
import type { SettingSpec } from "../core/config/schema.ts";

export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** The value that counts, undefined where the person set none. */
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
