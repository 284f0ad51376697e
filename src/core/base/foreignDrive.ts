/**
 * Folders that other machines write, too: network drives and synced folders. SQLite's locks do not hold there, and a sync
 * client that puts back a file of a minute ago takes orders out of the journal (sqlite.org/howtocorrupt.html, section 2).
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";

/** What `path`, which need not be there yet, lies on: "a network drive (nfs4)", "a folder that Dropbox syncs"; null for a folder of this machine. */
export function foreignDriveOf(path: string, mountinfo: string | null = readMountinfo()): string | null {
  if (/^\\\\(?!\?\\[A-Za-z]:|\.\\)/.test(path)) return "a network drive";
  const real = realpathOf(resolve(path));
  const network = mountinfo === null ? null : networkKind(real, mountinfo);
  if (network !== null) return `a network drive (${network})`;
  const syncer = syncerOf(real);
  return syncer === null ? null : `a folder that ${syncer} syncs`;
}

function readMountinfo(): string | null {
  if (process.platform !== "linux") return null;
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return null;
  }
}

/** File systems whose files lie elsewhere; others over FUSE (ntfs, encfs, mergerfs) are of this machine. */
const NETWORK =
  /^(nfs\d?|cifs|smb\w*|afs|afpfs|ncpfs|ceph|glusterfs|lustre|davfs2?|fuse\.(sshfs|rclone|davfs2?|s3fs|gcsfuse|glusterfs|ceph|gvfsd-fuse|kio-fuse|smbnetfs|onedriver|google-drive-ocamlfuse))$/;

/** Of the mount that the path lies on; the last of equals lies on top of the others. */
function networkKind(path: string, mountinfo: string): string | null {
  let longest = "";
  let kind = "";
  let options = "";
  for (const line of mountinfo.split("\n")) {
    const [fields = "", after = ""] = line.split(" - ");
    const point = unescaped(fields.split(" ")[4] ?? "");
    if (point === "" || point.length < longest.length || !isBelow(path, point)) continue;
    longest = point;
    [kind = "", , options = ""] = after.split(" ");
  }
  // 9p is the root of some containers; as Windows' drives in WSL it has no locks that hold.
  if (kind === "9p" && options.includes("aname=drvfs")) return "a Windows drive in WSL";
  return NETWORK.test(kind) ? kind : null;
}

/** "\040" for a blank and so on (proc(5)). */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

const SYNCERS: ReadonlyArray<readonly [name: string, folder: RegExp]> = [
  ["Dropbox", /^Dropbox( \(.+\))?$/i],
  ["OneDrive", /^OneDrive([ -].+)?$/i],
  ["Google Drive", /^(Google ?Drive|GoogleDrive-.+)$/i],
  ["iCloud", /^(iCloud ?Drive|Mobile Documents|com~apple~CloudDocs)$/i],
  ["a cloud service", /^CloudStorage$/],
  ["pCloud", /^pCloud ?Drive$/i],
  ["Nextcloud", /^Nextcloud$/i],
];
/** What sync clients leave at the top of a folder that has another name. */
const MARKS: ReadonlyArray<readonly [name: string, file: string]> = [
  ["Dropbox", ".dropbox.cache"],
  ["Syncthing", ".stfolder"],
  ["Nextcloud", ".nextcloudsync.log"],
];

function syncerOf(path: string): string | null {
  const folders = path.split(sep);
  const byName = SYNCERS.find(([, pattern]) => folders.some((folder) => pattern.test(folder)));
  if (byName !== undefined) return byName[0];
  for (let folder = path; dirname(folder) !== folder; folder = dirname(folder)) {
    const mark = MARKS.find(([, file]) => existsSync(join(folder, file)));
    if (mark !== undefined) return mark[0];
  }
  return null;
}

/** With links followed as far as it is there. */
function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realpathOf(dirname(path)), basename(path));
  }
}
