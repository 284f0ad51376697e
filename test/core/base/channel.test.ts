import assert from "node:assert/strict";
import { MessageChannel } from "node:worker_threads";
import { once } from "node:events";
import { Channel } from "../../../src/core/base/channel.ts";
import { badInput, TradingError } from "../../../src/core/base/errors.ts";

describe("Channel", () => {
  const never = new AbortController().signal;
  let ports: MessageChannel;
  const channelOn = (port: MessageChannel["port1"], maxPending?: number) =>
    new Channel(
      { post: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) },
      maxPending === undefined ? {} : { maxPending },
    );

  beforeEach(() => {
    ports = new MessageChannel();
  });
  afterEach(() => {
    ports.port1.close();
  });

  it("answers, and carries an error with code, message and hint", async () => {
    const near = channelOn(ports.port1);
    const far = channelOn(ports.port2);
    far.handle("double", (n) => (n as number) * 2);
    far.handle("refuse", () => {
      throw badInput("bad-thing", "The thing is bad.", "Take another.");
    });
    assert.equal(await near.ask("double", 21, never), 42);
    await assert.rejects(
      near.ask("refuse", null, never),
      (error: TradingError) => error.code === "bad-thing" && error.hint === "Take another." && error.kind === "usage",
    );
    await assert.rejects(near.ask("missing", null, never), /Nothing here answers "missing"/);
  });

  it("tells the other side that the caller gave up", async () => {
    const near = channelOn(ports.port1);
    const far = channelOn(ports.port2);
    const started = Promise.withResolvers<AbortSignal>();
    far.handle("wait", (_argument, signal) => {
      started.resolve(signal);
      return new Promise(() => undefined);
    });
    const controller = new AbortController();
    const asked = near.ask("wait", null, controller.signal);
    const farSignal = await started.promise;
    controller.abort(new Error("enough"));
    await assert.rejects(asked, /enough/);
    if (!farSignal.aborted) await once(farSignal, "abort");
  });

  it("refuses the ask beyond its bound", async () => {
    const near = channelOn(ports.port1, 1);
    channelOn(ports.port2).handle("wait", () => new Promise(() => undefined));
    const first = near.ask("wait", null, never);
    await assert.rejects(near.ask("wait", null, never), /Task queue full \(1 of 1\)/);
    near.close(new TradingError("closed", "Gone."));
    await assert.rejects(first, /Gone/);
  });

  it("ignores what is no frame", async () => {
    const near = channelOn(ports.port1);
    const far = channelOn(ports.port2);
    far.handle("echo", (value) => value);
    for (const junk of [null, 7, "x", {}, { t: "ask" }, { t: "answer", id: "1" }]) ports.port1.postMessage(junk);
    assert.equal(await near.ask("echo", "still here", never), "still here");
  });
});
