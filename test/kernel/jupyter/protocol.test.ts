import assert from "node:assert/strict";
import { JupyterClient, type Ran } from "./client.ts";

/** text/plain of a cell's result. */
function resultOf({ shown }: Ran): string | undefined {
  return shown.find(({ type }) => type === "execute_result")?.content["data"]["text/plain"] as string | undefined;
}

describe("kernel: what Jupyter's protocol leaves to bad luck", () => {
  let client: JupyterClient;
  before(async () => {
    client = await JupyterClient.start();
    await client.run("1"); // checks are warm
  });
  after(() => client[Symbol.asyncDispose]());

  /** Resolves when the cell runs. */
  const started = async (code: string, more: object = {}): Promise<string> => {
    const id = client.execute(`display('go'); ${code}`, more);
    await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "display_data", "its start");
    return id;
  };

  it("counts no cell that is not stored, and shows its result", async () => {
    const { reply: first } = await client.run("'a'");
    const unstored = await client.run("'not stored'", { store_history: false });
    assert.equal(resultOf(unstored), "'not stored'");
    assert.equal((await client.run("'b'")).reply["execution_count"], first["execution_count"] + 1);
    const { history } = await client.request("shell", "history_request", { hist_access_type: "search", pattern: "*not stored*", raw: true, output: false });
    assert.deepEqual(history, []);
  });

  it("says that it is busy with a cell after it has answered something else meanwhile", async () => {
    const id = await started("await new Promise(() => {})");
    await client.request("shell", "complete_request", { code: "Math.", cursor_pos: 5 });
    await client.published((m) => m.parent_header.msg_id === id && m.content["execution_state"] === "busy", "busy once");
    await client.published((m) => m.parent_header.msg_id === id && m.content["execution_state"] === "busy", "busy again");
    await client.request("control", "interrupt_request", {});
    await client.ran(id);
  });

  it("updates a display of an earlier cell with the cell that does so", async () => {
    await client.run("const shownBefore = display.html('<i>1</i>')");
    const { shown } = await client.run("shownBefore.update('2')");
    assert.deepEqual(
      shown.map(({ type }) => type),
      ["update_display_data"],
    );
  });

  it("stops once for a storm of interrupts, and runs the next cells", async () => {
    const id = await started("while (true) {}");
    const asked = Array.from({ length: 30 }, () => client.request("control", "interrupt_request", {}));
    for (let i = 0; i < 10; i++) client.process.kill("SIGINT");
    assert.equal((await client.ran(id)).reply["ename"], "KeyboardInterrupt");
    for (const reply of await Promise.all(asked)) assert.deepEqual(reply, { status: "ok" });
    for (let i = 0; i < 5; i++) await client.request("control", "interrupt_request", {});
    assert.equal(resultOf(await client.run("'calm'")), "'calm'");
  });

  it("stops an endless expression beside a cell", async () => {
    const id = client.execute("display('go');", { user_expressions: { a: "(() => { display('in'); for (;;); })()", b: "2" } });
    await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "display_data", "the cell");
    // The expression's own display is nobody's to see: interrupts go on until one meets it.
    const ended = client.ran(id);
    let isEnded = false;
    void ended.then(() => (isEnded = true));
    while (!isEnded) await client.request("control", "interrupt_request", {});
    const { reply } = await ended;
    if (reply["status"] === "ok") assert.equal(reply["user_expressions"].a.ename, "KeyboardInterrupt");
    else assert.equal(reply["ename"], "KeyboardInterrupt");
  });

  it("refuses cells beyond a thousand that wait, and drops the others when the running one is stopped", async () => {
    const running = await started("await new Promise(() => {})");
    const waiting = Array.from({ length: 1001 }, (_, i) => client.execute(`${i}`));
    const refused = await client.reply("shell", waiting.at(-1) as string);
    assert.equal(refused.content["ename"], "QueueFull");
    await client.request("control", "interrupt_request", {});
    await client.ran(running);
    const ended = await Promise.all(waiting.slice(0, -1).map((id) => client.reply("shell", id)));
    assert.ok(ended.every(({ content }) => content["status"] === "aborted"));
  });

  it("runs cells in the order in which they came", async () => {
    await client.run("const order: number[] = []");
    const ids = Array.from({ length: 20 }, (_, i) => client.execute(`order.push(${i})`));
    for (const id of ids) assert.equal((await client.ran(id)).reply["status"], "ok");
    assert.equal(resultOf(await client.run("order.join()")), `'${Array.from({ length: 20 }, (_, i) => i).join()}'`);
  });

  const ODD: ReadonlyArray<readonly [type: string, content: object]> = [
    ["execute_request", {}],
    ["execute_request", { code: 5 }],
    ["execute_request", { code: null, user_expressions: [1, 2], silent: "yes", stop_on_error: 0 }],
    ["execute_request", { code: "1", user_expressions: { x: { y: 1 }, "": null } }],
    ["complete_request", {}],
    ["complete_request", { code: "Math.", cursor_pos: -5 }],
    ["complete_request", { code: "Math.", cursor_pos: 1e9 }],
    ["complete_request", { code: [], cursor_pos: "three" }],
    ["inspect_request", { code: "Math", cursor_pos: 1e308, detail_level: "x" }],
    ["inspect_request", {}],
    ["is_complete_request", { code: {} }],
    ["is_complete_request", { code: "(".repeat(100_000) }],
    ["history_request", { hist_access_type: "range", start: "a", stop: -1, session: 1e99 }],
    ["history_request", { hist_access_type: "search", pattern: `${"*?".repeat(200)}z`, n: -4 }],
    ["history_request", { hist_access_type: 7 }],
    ["comm_info_request", { target_name: 5 }],
    ["kernel_info_request", { extra: "x".repeat(100_000) }],
    ["interrupt_request", { unexpected: true }],
  ];
  for (const [type, content] of ODD) {
    it(`answers a ${type} with ${JSON.stringify(content).slice(0, 60)}`, async () => {
      const reply = await client.request(type === "interrupt_request" ? "control" : "shell", type, content);
      assert.match(String(reply["status"]), /^(?:ok|error|incomplete|invalid|complete|unknown)$/);
    });
  }

  it("goes on after messages that it does not know, in every channel", async () => {
    for (const channel of ["shell", "control", "stdin"] as const) {
      for (const type of ["debug_request", "no_such_request", "comm_msg", "comm_close", "input_reply", "execute_reply", ""])
        client.send(channel, type, { value: 1 });
      client.sendRaw(channel, []);
      client.sendRaw(channel, [Buffer.alloc(0), Buffer.alloc(0)]);
      const frames = client.frames("execute_request", { code: "1" });
      client.sendRaw(channel, frames.slice(0, 4));
      client.sendRaw(channel, [...frames.slice(0, 5), Buffer.from("[1]")]);
    }
    client.sendRaw("control", client.frames("shutdown_request", { restart: false }, { key: "not the key" }));
    // Buffers behind the content are allowed, and nothing here takes any.
    const id = "with-buffers";
    client.sendRaw("shell", [...client.frames("execute_request", { code: "'buffers'" }, { id }), Buffer.from([1, 2, 3])]);
    assert.equal(resultOf(await client.ran(id)), "'buffers'");
    assert.equal((await client.request("control", "kernel_info_request", {}))["status"], "ok");
  });

  it("serves two clients: replies to who asked, outputs to both", async () => {
    await using second = await client.another();
    await client.run("const shared = 'both see it'");
    const id = second.execute("console.log(shared)");
    assert.equal((await second.ran(id)).reply["status"], "ok");
    const heard = await client.published((m) => m.parent_header.msg_id === id && m.header.msg_type === "stream", "the other's output");
    assert.equal(heard.content["text"], "both see it\n");
  });

  it("takes the answer of the client that was asked only", async () => {
    await using second = await client.another();
    const id = client.execute("await input('Yours? ')", { allow_stdin: true });
    const question = await client.question();
    second.send("stdin", "input_reply", { value: "from the other" }, { parent: question.header });
    await second.request("control", "kernel_info_request", {});
    client.send("stdin", "input_reply", { value: "from the one" }, { parent: question.header });
    assert.equal(resultOf(await client.ran(id)), "'from the one'");
  });

  it("stops a question that nobody answers, and forgets it", async () => {
    const id = client.execute("await input('Anybody? ')", { allow_stdin: true });
    await client.question();
    await client.request("control", "interrupt_request", {});
    assert.equal((await client.ran(id)).reply["ename"], "KeyboardInterrupt");
    client.send("stdin", "input_reply", { value: "too late" });
    const next = client.execute("await input('And now? ')", { allow_stdin: true });
    await client.question();
    client.send("stdin", "input_reply", { value: "in time" });
    assert.equal(resultOf(await client.ran(next)), "'in time'");
  });

  it("ends for good on a restart request, which its client follows with a new process, and tells all clients", async () => {
    await using second = await client.another();
    assert.deepEqual(await client.request("control", "shutdown_request", { restart: true }), { status: "ok", restart: true });
    assert.equal((await second.published((m) => m.header.msg_type === "shutdown_reply", "the end")).content["restart"], true);
    await client.ended();
    assert.equal(client.process.exitCode, 0);
  });
});
