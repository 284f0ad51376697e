/**
 * The environment that a child process or worker gets: an allow-list. Keys and tokens never pass,
 * since both kinds of child copy process.env unless told otherwise.
 */
const ALLOWED = [
  "PATH",
  "HOME",
  "USERPROFILE",
  "TMPDIR",
  "TEMP",
  "TMP",
  "LANG",
  "LC_ALL",
  "TZ",
  "SYSTEMROOT",
  "SystemRoot",
  "COMSPEC",
  "NO_COLOR",
  "XDG_DATA_HOME",
  "XDG_CACHE_HOME",
  "APPDATA",
  "LOCALAPPDATA",
];

/** On the desktop the host's binary is Electron: ELECTRON_RUN_AS_NODE makes it a plain Node. */
export function childEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ALLOWED) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  if (process.versions["electron"] !== undefined) env["ELECTRON_RUN_AS_NODE"] = "1";
  return { ...env, ...extra };
}
