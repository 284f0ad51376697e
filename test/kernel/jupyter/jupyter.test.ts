import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { JupyterClient } from "./client.ts";

describe("kernel: as Jupyter's clients know it", () => {
  let client: JupyterClient;
  before(async () => {
    client = await JupyterClient.start();
  });
  after(() => client[Symbol.asyncDispose]());

  it("says what it is", async () => {
    const info = await client.request("shell", "kernel_info_request", {});
    assert.equal(info["status"], "ok");
    assert.equal(info["protocol_version"], "5.4");
    assert.equal(info["language_info"].name, "typescript");
    assert.equal(info["language_info"].file_extension, ".ts");
    assert.match(info["banner"], /SIMULATED/);
  });

  it("tells a request's course on iopub: busy, the input, what it shows, idle", async () => {
    const id = client.execute("console.log('a'); 20 + 1");
    const types: string[] = [];
    for (let idle = false; !idle; ) {
      const message = await client.published((m) => m.parent_header.msg_id === id, "its course");
      const state = message.content["execution_state"] as string | undefined;
      types.push(state ?? message.header.msg_type);
      idle = state === "idle";
    }
    assert.deepEqual(types, ["busy", "execute_input", "stream", "execute_result", "idle"]);
    assert.equal((await client.reply("shell", id)).content["status"], "ok");
  });

  it("counts cells, and not silent ones, which show nothing", async () => {
    const first = await client.run("1");
    const silent = await client.run("console.log('heard'); 2", { silent: true, store_history: false });
    const second = await client.run("3");
    assert.equal(second.reply["execution_count"], first.reply["execution_count"] + 1);
    assert.deepEqual(
      silent.shown.map((one) => one.type),
      [],
    );
    const failed = await client.run("throw new Error('unseen')", { silent: true, store_history: false });
    assert.deepEqual([failed.reply["ename"], failed.shown.length], ["Error", 0]);
  });

  it("refuses a cell whose types are wrong, and keeps what was before", async () => {
    await client.run("const kept: number = 7");
    const { reply, shown } = await client.run("const other: string = kept");
    assert.equal(reply["status"], "error");
    assert.match(reply["evalue"], /1:7 Type 'number' is not assignable to type 'string'/);
    assert.equal(shown.at(-1)?.type, "error");
    assert.equal((await client.run("kept")).shown[0]?.content["data"]["text/plain"], "7");
  });

  it("names the line of an error by the number that the reader sees", async () => {
    const { reply } = await client.run("const fine = 1\nthrow new RangeError('far')");
    assert.equal(reply["ename"], "RangeError");
    assert.ok(
      (reply["traceback"] as string[]).some((line) => line.includes(`Cell ${reply["execution_count"]}:2:7`)),
      reply["traceback"].join("\n"),
    );
  });

  it("drops the cells that wait behind one that failed, unless it was told to go on", async () => {
    const failing = ["throw 1", "2", "3"].map((code) => client.execute(code));
    const ended = await Promise.all(failing.map((id) => client.reply("shell", id)));
    assert.deepEqual(
      ended.map((reply) => reply.content["status"]),
      ["error", "aborted", "aborted"],
    );
    const tolerant = ["throw 1", "2"].map((code) => client.execute(code, { stop_on_error: false }));
    const went = await Promise.all(tolerant.map((id) => client.reply("shell", id)));
    assert.deepEqual(
      went.map((reply) => reply.content["status"]),
      ["error", "ok"],
    );
  });

  it("stops a loop when it is interrupted by message, and keeps the state", async () => {
    await client.run("const before = 5");
    const id = client.execute("while (true) {}");
    await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "execute_input", "its start");
    assert.equal((await client.request("control", "interrupt_request", {}))["status"], "ok");
    const { reply } = await client.ran(id);
    assert.equal(reply["ename"], "KeyboardInterrupt");
    assert.equal((await client.run("before")).shown[0]?.content["data"]["text/plain"], "5");
  });

  it("stops a waiting cell when it is interrupted by signal", async () => {
    const id = client.execute("await new Promise(() => {})");
    await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "execute_input", "its start");
    client.process.kill("SIGINT");
    assert.equal((await client.ran(id)).reply["ename"], "KeyboardInterrupt");
  });

  it("answers the heartbeat and questions while a cell runs", async () => {
    const id = client.execute("while (true) {}");
    await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "execute_input", "its start");
    assert.equal(await client.beat("ping"), "ping");
    assert.deepEqual((await client.request("shell", "complete_request", { code: "Math.sq", cursor_pos: 7 }))["matches"], ["sqrt"]);
    await client.request("control", "interrupt_request", {});
    await client.ran(id);
  });

  it("asks the person who ran the cell, or says that nobody is there", async () => {
    const id = client.execute("`hello ${await input('Who? ')}`", { allow_stdin: true });
    const question = await client.question();
    assert.deepEqual(question.content, { prompt: "Who? ", password: false });
    client.send("stdin", "input_reply", { value: "Ada" }, { parent: question.header });
    assert.equal((await client.ran(id)).shown[0]?.content["data"]["text/plain"], "'hello Ada'");
    assert.match((await client.run("await input('Who? ')")).reply["evalue"], /nobody to ask/);
  });

  it("updates a display by its id", async () => {
    const { shown } = await client.run("const shown = display.markdown('*one*'); shown.update('*two*')");
    assert.deepEqual(
      shown.map((one) => one.type),
      ["display_data", "update_display_data"],
    );
    assert.equal(shown[0]?.content["transient"].display_id, shown[1]?.content["transient"].display_id);
  });

  it("shows what a timer prints with the cell that set it", async () => {
    const id = client.execute("setTimeout(() => console.log('late'), 30)");
    await client.ran(id);
    const late = await client.published((m) => m.header.msg_type === "stream" && m.parent_header.msg_id === id, "the late line");
    assert.equal(late.content["text"], "late\n");
  });

  it("completes and explains in code points", async () => {
    await client.run("function twice(n: number) { return 2 * n }");
    const completed = await client.request("shell", "complete_request", { code: "'😀'; twi", cursor_pos: 8 });
    assert.deepEqual([completed["matches"], completed["cursor_start"], completed["cursor_end"]], [["twice"], 5, 8]);
    const inspected = await client.request("shell", "inspect_request", { code: "'😀'; twice(2)", cursor_pos: 7, detail_level: 0 });
    assert.equal(inspected["found"], true);
    assert.match(inspected["data"]["text/plain"], /twice: \(n: number\) => number/);
  });

  for (const [code, status, indent] of [
    ["1 + 1", "complete"],
    ["await 1", "complete"],
    ["enum A { B }", "complete"],
    ["", "complete"],
    ["1 +", "incomplete", ""],
    ["function f() {", "incomplete", "  "],
    ["if (x)", "incomplete", ""],
    ["  foo(", "incomplete", "    "],
    ["`text", "incomplete", ""],
    ["`text ${", "incomplete", "  "],
    ["/* note", "incomplete", ""],
    ["type A =", "incomplete", ""],
    ["class A extends", "incomplete", ""],
    ["'text", "invalid"],
    ["let 1 = 2", "invalid"],
    [")", "invalid"],
    ["a b", "invalid"],
    ["(".repeat(2000), "unknown"],
    ["1 + 1 // the parser is well", "complete"],
  ] as const) {
    it(`finds ${JSON.stringify(code.slice(0, 40))} ${status}`, async () => {
      assert.deepEqual(await client.request("shell", "is_complete_request", { code }), indent === undefined ? { status } : { status, indent });
    });
  }

  it("remembers cells for a console", async () => {
    await client.run("'find me 1'");
    await client.run("'find me 2'");
    const ask = async (content: object) => (await client.request("shell", "history_request", { raw: true, output: false, ...content }))["history"];
    assert.deepEqual((await ask({ hist_access_type: "tail", n: 1 }))[0].slice(2), ["'find me 2'"]);
    assert.equal((await ask({ hist_access_type: "search", pattern: "*find me ?'", n: 10 })).length, 2);
    const [[, count]] = await ask({ hist_access_type: "tail", n: 1, output: true });
    assert.deepEqual((await ask({ hist_access_type: "range", session: 0, start: count, stop: count + 1, output: true }))[0][2], ["'find me 2'", "'find me 2'"]);
  });

  it("closes a comm that nobody here opens", async () => {
    client.send("shell", "comm_open", { comm_id: "c1", target_name: "nobody", data: {} });
    assert.equal((await client.published((m) => m.header.msg_type === "comm_close", "comm_close")).content["comm_id"], "c1");
    assert.deepEqual(await client.request("shell", "comm_info_request", {}), { status: "ok", comms: {} });
  });

  it("evaluates what the client wants to know beside the cell", async () => {
    const { reply } = await client.run("const base = 20", { user_expressions: { sum: "base + 1", bad: "base.nothing" } });
    assert.equal(reply["user_expressions"].sum.data["text/plain"], "21");
    assert.equal(reply["user_expressions"].bad.status, "error");
  });

  it("drops what is not signed with its key, comes twice, or is no message", async () => {
    client.sendRaw("shell", client.frames("execute_request", { code: "(globalThis as any).forged = 1" }, { key: "another" }));
    client.sendRaw("shell", [Buffer.from("rubbish")]);
    client.sendRaw("shell", [Buffer.from("<IDS|MSG>"), Buffer.from("00")]);
    const id = randomUUID();
    const twice = client.frames(
      "execute_request",
      { code: "(globalThis as any).times = (globalThis as any).times === undefined ? 1 : 2", silent: true },
      { id },
    );
    client.sendRaw("shell", twice);
    await client.reply("shell", id);
    client.sendRaw("shell", twice);
    const { shown } = await client.run("[(globalThis as any).forged, (globalThis as any).times]");
    assert.equal(shown[0]?.content["data"]["text/plain"], "[ undefined, 1 ]");
  });

  it("starts a fresh process when a cell ends its own, and says so", async () => {
    await client.run("const gone = 1");
    const { reply } = await client.run("process.exit(3)");
    assert.match(reply["evalue"], /exit code 3.*variables are gone/);
    assert.equal((await client.run("1 + 1")).reply["status"], "ok");
    assert.match((await client.run("gone")).reply["evalue"], /Cannot find name 'gone'/);
  });

  it("trades on the embedded exchange only", async () => {
    const { shown, reply } = await client.run("const account = await desk.connect(); [account.simulated, (await desk.buy('AAPL', { qty: 1 })).status]");
    assert.equal(reply["status"], "ok", JSON.stringify(reply));
    assert.equal(shown.at(-1)?.content["data"]["text/plain"], "[ true, 'filled' ]");
  }).timeout(40_000);

  it("ends when it is asked to", async () => {
    assert.deepEqual(await client.request("control", "shutdown_request", { restart: false }), { status: "ok", restart: false });
    await client.ended();
    assert.equal(client.process.exitCode, 0);
  });
});

describe("kernel: its life beside Jupyter", () => {
  it("works over sockets of the file system", async function () {
    if (process.platform === "win32") this.skip();
    await using client = await JupyterClient.start({ transport: "ipc" });
    assert.equal((await client.run("6 * 7")).shown[0]?.content["data"]["text/plain"], "42");
  });

  it("ends when the process that wanted it is gone", async () => {
    await using client = await JupyterClient.start({ env: { JPY_PARENT_PID: "2147483000" } });
    await client.ended();
    assert.equal(client.process.exitCode, 0);
  });
});
