import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foreignDriveOf } from "../../../src/core/base/foreignDrive.ts";
import { makeHome } from "../../../src/core/base/home.ts";

const MOUNTS = `22 27 0:21 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/me/local rw,relatime shared:2 - ext4 /dev/sdb1 rw
32 22 0:42 / /media/my\\040share rw - cifs //server/share rw
33 22 0:43 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\
34 22 0:44 / /work rw - 9p root rw,trans=fd
35 22 0:45 / /mnt/remote rw - fuse.sshfs me@host:/ rw
36 22 0:46 / /mnt/usb rw - fuseblk /dev/sdc1 rw
37 22 0:47 / /mnt/twice rw - nfs server:/x rw
38 37 0:48 / /mnt/twice rw - tmpfs tmpfs rw`;

describe("a folder that other machines write, too", () => {
  const cases: ReadonlyArray<readonly [path: string, expected: string | null]> = [
    ["/var/lib/quantdesk", null],
    ["/home/me/.local/share/quantdesk", "a network drive (nfs4)"],
    ["/home/me/local/quantdesk", null],
    ["/homework/quantdesk", null],
    ["/media/my share/quantdesk", "a network drive (cifs)"],
    ["/mnt/c/Users/me/quantdesk", "a network drive (a Windows drive in WSL)"],
    ["/work/quantdesk", null],
    ["/mnt/remote/quantdesk", "a network drive (fuse.sshfs)"],
    ["/mnt/usb/quantdesk", null],
    ["/mnt/twice/quantdesk", null],
    ["/var/me/Dropbox/quantdesk", "a folder that Dropbox syncs"],
    ["/var/me/OneDrive - Company/desk", "a folder that OneDrive syncs"],
    ["/var/me/Google Drive/My Drive/desk", "a folder that Google Drive syncs"],
    ["/var/me/Library/Mobile Documents/com~apple~CloudDocs/desk", "a folder that iCloud syncs"],
    ["/var/me/Library/CloudStorage/Box-Box/desk", "a folder that a cloud service syncs"],
    ["/var/me/dropbox-tools/desk", null],
  ];
  for (const [path, expected] of cases) {
    it(`is told from one of this machine: ${path}`, function () {
      if (process.platform === "win32") this.skip();
      assert.equal(foreignDriveOf(path, MOUNTS), expected);
    });
  }

  it("is known by its address on Windows", () => {
    assert.equal(foreignDriveOf("\\\\server\\share\\desk", null), "a network drive");
  });

  it("is refused as a state folder in one sentence, behind a link and before it is there, and nothing is made", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-drive-"));
    await mkdir(join(folder, "Synced", ".stfolder"), { recursive: true });
    await mkdir(join(folder, "Dropbox"));
    await symlink(join(folder, "Dropbox"), join(folder, "link"));
    for (const home of [join(folder, "Synced", "new"), join(folder, "Dropbox", "new"), join(folder, "link", "new")]) {
      assert.throws(() => makeHome(home), { code: "home-shared", kind: "usage" });
      assert.equal(existsSync(home), false);
    }
    await rm(folder, { recursive: true });
  });
});
