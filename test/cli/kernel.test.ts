import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { tmpdir } from "node:os";
import { quantdesk } from "./quantdesk.ts";

describe("quantdesk kernel", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-kernel-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("installs a kernelspec of absolute paths, and again over itself", async () => {
    for (let time = 0; time < 2; time++) {
      const { code, json } = await quantdesk(["kernel", "install", "--prefix", folder, "--json"]);
      assert.equal(code, 0);
      const spec = JSON.parse(await readFile(join(folder, "share", "jupyter", "kernels", "quantdesk", "kernel.json"), "utf8"));
      assert.deepEqual(json(), { schema: "quantdesk.kernel/1", folder: join(folder, "share", "jupyter", "kernels", "quantdesk"), spec });
      assert.ok(isAbsolute(spec.argv[0]));
      assert.equal(spec.argv.at(-1), "{connection_file}");
      assert.equal(spec.interrupt_mode, "message");
    }
  });

  it("says where a kernelspec cannot be written", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const { code, stderr } = await quantdesk(["kernel", "install", "--prefix", file]);
    assert.equal(code, 2);
    assert.match(stderr, /cannot be written to .*Give another --prefix/);
  });

  for (const [name, text, said] of [
    ["is not there", undefined, /cannot be read/],
    ["is no JSON", "{", /is not JSON/],
    ["lacks a port", JSON.stringify({ key: "k", shell_port: 1 }), /control_port/],
    ["is for other machines", connection({ ip: "0.0.0.0" }), /listens on this machine only/],
    ["has no key", connection({ key: "" }), /has no key/],
  ] as const) {
    it(`refuses a connection file that ${name}`, async () => {
      const file = join(folder, "connection.json");
      await rm(file, { force: true });
      if (text !== undefined) await writeFile(file, text);
      const { code, stderr } = await quantdesk(["kernel", "start", "--connection-file", file]);
      assert.equal(code, 2);
      assert.match(stderr, said);
    });
  }
});

function connection(change: object): string {
  return JSON.stringify({ transport: "tcp", ip: "127.0.0.1", shell_port: 1, control_port: 2, stdin_port: 3, iopub_port: 4, hb_port: 5, key: "k", ...change });
}
