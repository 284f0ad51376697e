import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, lchown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { makeFolder, writeWhole } from "../../../src/core/base/files.ts";
import { defaultHome, fileLog, makeHome } from "../../../src/core/base/home.ts";

describe("files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-files-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("are written whole, with the folders above them, and replace what was there", async () => {
    const path = join(folder, "a", "b", "report.html");
    await writeWhole(path, "one");
    await writeWhole(path, "two");
    assert.equal(await readFile(path, "utf8"), "two");
    assert.deepEqual(await readdir(join(folder, "a", "b")), ["report.html"]);
  });

  it("may have the longest name that there is", async () => {
    const name = "x".repeat(255);
    await writeWhole(join(folder, name), "one");
    assert.deepEqual(await readdir(folder), [name]);
  });

  it("never take the place of a folder, and leave no draft beside it", async () => {
    await mkdir(join(folder, "taken"));
    await assert.rejects(writeWhole(join(folder, "taken"), "x"), /is a folder or a device, not a file/);
    assert.deepEqual(await readdir(folder), ["taken"]);
  });

  it("never take the place of a device, whoever asks", async function () {
    if (process.platform === "win32") this.skip();
    await assert.rejects(writeWhole("/dev/null", "x"), /is a folder or a device, not a file/);
    assert.equal((await stat("/dev/null")).isCharacterDevice(), true);
  });

  it("that cannot be written are one sentence", async () => {
    await writeFile(join(folder, "file"), "");
    await assert.rejects(writeWhole(join(folder, "file", "report.html"), "x"), /report\.html cannot be written: /);
  });

  it("a folder of this user only is made with those above it, again and again", async () => {
    const path = join(folder, "home", "logs");
    makeFolder(path, 0o700);
    makeFolder(path, 0o700);
    if (process.platform !== "win32") assert.equal((await stat(join(folder, "home"))).mode & 0o777, 0o700);
  });

  it("a state folder where none can be made is one sentence, not an endless attempt", async function () {
    await writeFile(join(folder, "file"), "");
    assert.throws(() => makeHome(join(folder, "file")), /cannot be made/);
    assert.throws(() => makeHome(join(folder, "file", "home")), /cannot be made/);
    if (process.platform === "linux") assert.throws(() => makeHome("/proc/quantdesk"), /cannot be made/);
  });

  it("a state folder that others can look into is closed to them when it is ours alone, and refused when it holds more", async function () {
    if (process.platform === "win32") this.skip();
    const home = join(folder, "home");
    await mkdir(join(home, "logs"), { recursive: true });
    await writeFile(join(home, "quantdesk.sqlite-wal"), "");
    await chmod(home, 0o777);
    makeHome(home);
    assert.equal((await stat(home)).mode & 0o777, 0o700);
    await writeFile(join(home, "index.html"), "");
    makeHome(home);
    await chmod(home, 0o750);
    assert.throws(() => makeHome(home), { code: "home-open", kind: "usage" });
    assert.equal((await stat(home)).mode & 0o777, 0o750);
  });

  it("a state folder of another user is refused", async function () {
    if (process.platform === "win32" || process.getuid?.() === 0) this.skip();
    assert.throws(() => makeHome("/usr"), { code: "home-of-another" });
  });

  it("a state folder behind somebody else's link is refused, to root too", async function () {
    if (process.getuid?.() !== 0) this.skip(); // only root can lay a link in another's name
    await mkdir(join(folder, "private"), { mode: 0o700 });
    await symlink(join(folder, "private"), join(folder, "link"));
    makeHome(join(folder, "link"));
    await lchown(join(folder, "link"), 65534, 65534);
    assert.throws(() => makeHome(join(folder, "link")), { code: "home-of-another" });
  });
});

describe("the log of a state folder", () => {
  it("that is a pipe or a folder drops its lines: nothing waits for a reader", async function () {
    if (process.platform === "win32") this.skip();
    const home = await mkdtemp(join(tmpdir(), "quantdesk-log-"));
    try {
      await mkdir(join(home, "logs"));
      execFileSync("mkfifo", [join(home, "logs", "quantdesk.log")]);
      const { log, flush } = fileLog(home);
      log.info("a line");
      await flush();
    } finally {
      await rm(home, { recursive: true });
    }
  });
});

describe("the default state folder", () => {
  it("is never relative: an empty or relative variable counts as unset", function () {
    if (process.platform === "darwin") this.skip();
    const name = process.platform === "win32" ? "LOCALAPPDATA" : "XDG_DATA_HOME";
    const usual = defaultHome({});
    assert.ok(isAbsolute(usual));
    for (const given of ["", "data", "./data"]) assert.equal(defaultHome({ [name]: given }), usual);
    assert.equal(defaultHome({ [name]: tmpdir() }), join(tmpdir(), "quantdesk"));
  });
});
